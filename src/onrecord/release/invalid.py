"""What becomes of a document with an invalid record: it is quarantined whole.

Its other rows would hang in the air. The tables come from our own code, so an invalid record is
a fault of it; one odd document must not keep all the others from being published, but many of
them, or a fault that no document explains, must.
"""

from collections.abc import Mapping

from onrecord.errors import RefusedError
from onrecord.ingest.files import Candidate
from onrecord.ingest.ids import document_id
from onrecord.ingest.quarantine import Reason, Rejected, reject
from onrecord.records.validate import Problem, Verdict

#: So many times documents are taken out before the release is refused.
ROUNDS = 3
_SHOWN = 20


def _refusal(reason: str, problems: list[str]) -> RefusedError:
    shown = "\n".join(problems[:_SHOWN])
    return RefusedError(f"The release is refused, {reason}:\n{shown}")


def _line(problem: Problem) -> str:
    place = f"{problem.table}, row {problem.row}, {problem.field}"
    return f"{place}: {problem.code}: {problem.message}"


def in_words(verdict: Verdict, unrestored: list[str]) -> list[str]:
    """What is wrong with the tables of a release, and which documents they do not give back."""
    lines = [_line(problem) for problem in verdict.problems]
    return lines + [f"documents, {name}: can't be restored" for name in unrestored]


def to_blame(verdict: Verdict, unrestored: list[str], documents: int, cap: float) -> dict[str, str]:
    """The documents to take out, each with what is wrong.

    Args:
        verdict: on the tables.
        unrestored: documents that the tables do not give back.
        documents: how many there are.
        cap: which share of them may be taken out; a single one may always.

    Raises:
        RefusedError: a problem belongs to no document, or there are too many.
    """
    problems = in_words(verdict, unrestored)
    if verdict.others:
        raise _refusal(f"{len(problems)} problems", problems)
    blamed = dict.fromkeys(unrestored, "can't be restored") | verdict.documents
    if len(blamed) > max(1, cap * documents):
        reason = f"{len(blamed):,} of {documents:,} documents have an invalid record"
        raise _refusal(reason, problems)
    return blamed


def take_out(
    candidates: list[Candidate], blamed: Mapping[str, str]
) -> tuple[list[Candidate], list[Rejected]]:
    """Part the files of documents that are to blame from the others.

    Args:
        candidates: all files.
        blamed: what is wrong, by document.

    Raises:
        RefusedError: a document is no file of its own.
    """
    kept, rejected, left = [], [], dict(blamed)
    for candidate in candidates:
        at = candidate.source_id, candidate.path
        name = candidate.document_id or document_id(*at, candidate.locator)
        wrong = left.pop(name, None)
        if wrong is None:
            kept.append(candidate)
            continue
        size, locator = candidate.bytes, candidate.locator
        rejected.append(reject(*at, size, Reason.INVALID_RECORD, wrong, locator))
    if left:
        lines = [f"{name}: {wrong}" for name, wrong in left.items()]
        raise _refusal("documents with invalid records can't be left out", lines)
    return kept, rejected
