"""What explains a release: descriptors, README, change log, provenance, quality figures."""

import platform
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from onrecord import __version__
from onrecord.dedup.verify import RULE
from onrecord.ingest.sources import Publication, Source
from onrecord.records.schema import TABLES, descriptor, schema
from onrecord.release.changes import Plan
from onrecord.release.dataset import NEUTRAL, Contributor, Dataset
from onrecord.release.digest import release_digest, table_digest
from onrecord.release.layout import INDEXES, index_path, part_paths, table_path
from onrecord.release.metadata.card import card_head
from onrecord.release.metadata.citation import citation_text
from onrecord.release.metadata.snippets import paragraphs_at
from onrecord.release.metadata.subject import RIGHTS, Subject
from onrecord.release.sums import sha256_of
from onrecord.scratch import Rows
from onrecord.settings import INDIFFERENT, Settings
from onrecord.text.characters import NORMAL_FORM

_PROFILE = "https://datapackage.org/profiles/2.0/datapackage.json"
#: Their versions decide the bytes of a release, the tokens of a text, or what it is taken for.
_LIBRARIES = (
    *("chardet", "eldc", "ftfy", "lxml", "numba", "numpy", "polars", "pyarrow", "pypdfium2"),
    *("python-docx", "resiliparse", "trafilatura", "warcio"),
)
_CSV, _PARQUET = "text/csv", "application/vnd.apache.parquet"
#: What a source says of how its files are read.
_READING = {"format", "encoding", "fields", "delimiter", "repair"}


@dataclass(frozen=True, slots=True)
class Reissue:
    """What a reissue after a withdrawal takes over from the release that it supersedes.

    Attributes:
        origin: the ``provenance.json`` of that release.
        supersedes: its version, content digest and sha256 of its sums.
        log: its ``CHANGELOG.md``.
    """

    origin: Mapping[str, Any]
    supersedes: Mapping[str, str]
    log: str


@dataclass(frozen=True, slots=True)
class Facts:
    """What the describing files are made from.

    Attributes:
        plan: the release.
        sources: as people described them.
        settings: of the run.
        created: ISO 8601, UTC; the only clock reading in a release.
        previous_digest: content digest of the release before, None for the first.
        reissue: what it takes over, None where it is no reissue.
    """

    plan: Plan
    sources: list[Source]
    settings: Settings
    created: str
    previous_digest: str | None
    reissue: Reissue | None = None


def _counts(column: pa.ChunkedArray) -> dict[str, int]:
    """How often each value stands in a column, by value."""
    found = pc.value_counts(column)
    pairs = zip(found.field(0).to_pylist(), found.field(1).to_pylist(), strict=True)
    return dict(sorted((str(value), n) for value, n in pairs))


def _inputs_digest(documents: pa.Table) -> str:
    """One digest over ids and revisions of all documents whose text is published.

    Withheld documents stay out: with all others known, a guess at one could be tested.
    """
    shown = documents.filter(pc.is_valid(documents["revision"]))
    return table_digest("inputs", shown.select(["document_id", "revision"]))


def provenance(
    facts: Facts, digests: Mapping[str, str], parts: Mapping[str, int]
) -> dict[str, Any]:
    """What the release is a function of, and the digests of its records by table.

    Args:
        facts: of the release.
        digests: by table.
        parts: see ``layout.part_paths``.
    """
    tables = facts.plan.tables
    documents = tables["documents"].table()
    stated: dict[str, Any] = {
        "version": facts.plan.version,
        "created": facts.created,
        "content_digest": release_digest(digests),
        "table_digests": dict(digests),
        **({"parts": dict(parts)} if parts else {}),
        "previous": {"version": facts.plan.previous, "content_digest": facts.previous_digest}
        if facts.plan.previous
        else None,
        "dataset": facts.plan.dataset.stated(),
        "dataset_digest": facts.plan.dataset.digest(),
    }
    inputs = {
        "documents": documents.num_rows,
        "quarantined": tables["quarantine"].num_rows,
        "bytes": pc.sum(documents["bytes"]).as_py() or 0,
        "digest": _inputs_digest(documents),
    }
    split_off = [stated.model_dump() for stated in facts.plan.split_off]
    if facts.reissue:
        return _reissued(stated, inputs, split_off, facts.reissue)
    return {
        **stated,
        "inputs": {
            **inputs,
            "globs": {
                # Globs may name files, and files may be called by what they say.
                s.id: None
                if s.publication is Publication.METADATA
                else {"include": s.include, "exclude": s.exclude}
                for s in facts.sources
            },
            "reading": {
                s.id: s.model_dump(mode="json", include=_READING, exclude_defaults=True)
                for s in facts.sources
            },
        },
        "code": _code(),
        "split_off": split_off,
        "settings": facts.settings.model_dump(exclude=INDIFFERENT),
    }


def _installed(name: str) -> str | None:
    """The version of a library, None where an extra is not installed."""
    try:
        return installed(name)
    except PackageNotFoundError:
        return None


def _code() -> dict[str, str]:
    """Versions of what decides the bytes of a release."""
    return {
        "onrecord": __version__,
        "normal_form": NORMAL_FORM,
        "rule": RULE,
        "python": platform.python_version(),
        "unicode": unicodedata.unidata_version,
        **{name: found for name in _LIBRARIES if (found := _installed(name))},
    }


def _reissued(
    stated: dict[str, Any],
    inputs: dict[str, Any],
    split_off: list[dict[str, Any]],
    reissue: Reissue,
) -> dict[str, Any]:
    """``provenance.json`` of a reissue: the decisions are those of the original's code."""
    origin = reissue.origin
    before = [*origin.get("superseded_before", []), *filter(None, [origin.get("supersedes")])]
    return {
        **stated,
        "supersedes": dict(reissue.supersedes),
        "superseded_before": before,
        "inputs": {
            **inputs,
            "globs": origin.get("inputs", {}).get("globs", {}),
            "reading": origin.get("inputs", {}).get("reading", {}),
        },
        "code": origin.get("code", {}),
        "reissued_with": _code(),
        "split_off": split_off,
        "settings": origin.get("settings", {}),
    }


def quality(tables: Mapping[str, Rows]) -> dict[str, Any]:
    """Counts and rates of a release, in all and by source."""
    occurrences = tables["occurrences"].lazy()
    sources = tables["documents"].lazy().select("document_id", "source_id")
    counted = occurrences.group_by("document_id", "relation").len().join(sources, on="document_id")
    joined = counted.group_by("source_id", "relation").agg(pl.col("len").sum()).collect()
    by_relation: dict[str, dict[str, int]] = {}
    for source, relation, n in sorted(joined.iter_rows()):
        by_relation.setdefault(source, {})[relation] = n
    totals: dict[str, int] = {}
    for relations in by_relation.values():
        for relation, n in relations.items():
            totals[relation] = totals.get(relation, 0) + n
    rejected = tables["quarantine"].table()
    by_source: dict[str, Any] = {}
    for row in tables["sources"].table().to_pylist():
        name = row["source_id"]
        relations = by_relation.get(name, {})
        blocks = sum(relations.values())
        reasons = _counts(rejected.filter(pc.equal(rejected["source_id"], name))["reason"])
        by_source[name] = {
            "documents": row["n_documents"],
            "blocks": blocks,
            "relations": relations,
            "repeated_share": round(1 - relations.get("canonical", 0) / blocks, 4) if blocks else 0,
            "quarantined": sum(reasons.values()),
            "quarantine_reasons": reasons,
        }
    blocks = tables["occurrences"].num_rows
    repeating = occurrences.select(pl.col("repeats_itself").sum()).collect().item()
    boilerplate = tables["paragraphs"].lazy().select(pl.col("boilerplate").sum()).collect().item()
    paragraphs = tables["paragraphs"].num_rows
    return {
        "documents": tables["documents"].num_rows,
        "blocks": blocks,
        "paragraphs": paragraphs,
        "relations": dict(sorted(totals.items())),
        "repeated_share": round(1 - paragraphs / blocks, 4) if blocks else 0,
        "repeating_themselves": repeating or 0,
        "boilerplate_paragraphs": boilerplate or 0,
        "variants": _counts(tables["variants"].table()["difference"]),
        "quarantined": tables["quarantine"].num_rows,
        "quarantine_reasons": _counts(rejected["reason"]),
        "readers": _counts(tables["documents"].table()["reader"]),
        "sources": by_source,
    }


def _licenses(dataset: Dataset, sources: pa.Table) -> list[dict[str, str]]:
    """Package licences: that of the compilation, and of the texts where every source has one."""
    names = sources["license"].to_pylist()
    found = [] if None in names else [{"name": name} for name in sorted(set(names))]
    own = dataset.license
    if own is None or {"name": own} in found:
        return found
    return [{"name": own, "title": f"{own} for the compilation. {RIGHTS}"}, *found]


def _contributor(one: Contributor) -> dict[str, Any]:
    """A contributor, as Data Packages list them."""
    known = {
        "title": one.title,
        "givenName": one.given_name,
        "familyName": one.family_name,
        "path": one.orcid or one.path,
        "organization": one.organization,
    }
    return {key: value for key, value in known.items() if value} | {"roles": [one.role]}


def _checked(path: Path) -> dict[str, Any]:
    return {"bytes": path.stat().st_size, "hash": f"sha256:{sha256_of(path)}"}


def _package(facts: Facts, suffix: str, resources: list[dict[str, Any]]) -> dict[str, Any]:
    sources = facts.plan.tables["sources"].table()
    titles = sources["title"].to_pylist()
    dataset = facts.plan.dataset
    package: dict[str, Any] = {
        "$schema": _PROFILE,
        "name": f"{dataset.name}{suffix}",
        "title": dataset.title,
        "description": f"{dataset.summary(len(titles))} {NEUTRAL}",
        "version": facts.plan.version,
        "created": facts.created,
    }
    optional = {
        "id": f"https://doi.org/{dataset.doi}" if dataset.doi else None,
        "homepage": dataset.homepage,
        "keywords": list(dataset.keywords),
        "contributors": [_contributor(one) for one in dataset.contributors],
        "licenses": _licenses(dataset, sources),
    }
    package |= {key: value for key, value in optional.items() if value}
    package["sources"] = [{"title": title} for title in titles]
    package["resources"] = resources
    return package


def _files(
    name: str, title: str, media_type: str, paths: Sequence[str], folder: Path
) -> list[dict[str, Any]]:
    """The files of a table as resources of format ``binary``, one each."""
    found = []
    for number, path in enumerate(paths, 1):
        several = len(paths) > 1
        found.append(
            {
                "name": f"{name}-{number:05}" if several else name,
                "title": f"{title}, part {number} of {len(paths)}" if several else title,
                "path": path,
                "format": "binary",
                "mediatype": media_type,
                **_checked(folder / path),
            }
        )
    return found


def csv_package(facts: Facts, parts: Mapping[str, int], folder: Path) -> dict[str, Any]:
    """``datapackage.json``: CSV as tables, Parquet as files.

    The frictionless CLI checks a Parquet table neither for its size nor for its hash, but
    does so for a file of format ``binary``. Of a table in several files it can check neither,
    so such a table states none, and each of its parts is listed as a file.

    Args:
        facts: of the release.
        parts: see ``layout.part_paths``.
        folder: where its files are.
    """
    tables: list[dict[str, Any]] = []
    binaries: list[dict[str, Any]] = []
    for name in TABLES:
        table = schema(name)
        paths = part_paths(table_path(name, "csv"), parts)
        several = len(paths) > 1
        tables.append(
            {
                "name": name,
                "type": "table",
                "title": table.title,
                "description": table.description,
                "path": paths if several else paths[0],
                "format": "csv",
                "mediatype": _CSV,
                "encoding": "utf-8",
                **({} if several else _checked(folder / paths[0])),
                "schema": descriptor(name),
            }
        )
        if several:
            binaries += _files(f"{name}-csv", f"{table.title}, as CSV", _CSV, paths, folder)
        paths = part_paths(table_path(name), parts)
        title = f"{table.title}, as Parquet"
        binaries += _files(f"{name}-parquet", title, _PARQUET, paths, folder)
    for name, title in INDEXES.items():
        paths = part_paths(index_path(name), parts)
        binaries += _files(f"index-{name}", title, _PARQUET, paths, folder)
    return _package(facts, "", tables + binaries)


def parquet_package(facts: Facts, parts: Mapping[str, int]) -> dict[str, Any]:
    """``parquet/datapackage.json``: the Parquet files as tables, with schemas and keys.

    A table in several files is named by their folder: of a list of Parquet files frictionless
    reads the first alone, of a folder all.

    Args:
        facts: of the release.
        parts: see ``layout.part_paths``.
    """
    resources = [
        {
            "name": name,
            "type": "table",
            "title": schema(name).title,
            "path": name if name in parts else f"{name}.parquet",
            "format": "parquet",
            "mediatype": _PARQUET,
            "schema": descriptor(name),
        }
        for name in TABLES
    ]
    return _package(facts, "-parquet", resources)


def _table(header: list[str], rows: list[list[str]]) -> str:
    """A Markdown table."""
    lines = [" | ".join(header), " | ".join("---" for _ in header)]
    lines += [" | ".join(row) for row in rows]
    return "\n".join(f"| {line} |" for line in lines)


def _plain(text: str) -> str:
    """Text of people, safe in a Markdown table."""
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


def _page(facts: Facts) -> str:
    """What the README says of the page, where there is one."""
    if not facts.settings.page:
        return ""
    return """
`index.html` shows the release in a browser. Documents, paragraphs, tables and search need a web
server: `onrecord preview --data .`
"""


def _in_parts(parts: Mapping[str, int]) -> str:
    """What the README says of tables in several files, where there are some."""
    names = [name for name in TABLES if name in parts]
    if not names:
        return ""
    listed = ", ".join(f"`{name}`" for name in names)
    one = names[0]
    return f"""
These are too long for one file: {listed}. Each is a folder of parts, such as
`csv/{one}/` and `parquet/{one}/`. Every part is complete in itself, CSV with
its header, and the order of their names is that of the rows.
"""


def readme(facts: Facts, figures: Mapping[str, Any], subject: Subject) -> str:
    """``README.md`` of the release; it begins with what the Hugging Face Hub reads."""
    tables = facts.plan.tables
    sources = _table(
        ["source", "title", "licence", "rights", "published", "documents", "blocks", "repeats"],
        [
            [
                f"`{row['source_id']}`",
                _plain(row["title"]),
                _plain(row["license"] or "none stated"),
                _plain(row["basis"]),
                row["publication"],
                f"{row['n_documents']:,}",
                f"{figures['sources'][row['source_id']]['blocks']:,}",
                f"{figures['sources'][row['source_id']]['repeated_share']:.1%}",
            ]
            for row in tables["sources"].table().to_pylist()
        ],
    )
    contents = _table(
        ["table", "rows", "what it holds"],
        [
            [f"`{name}`", f"{tables[name].num_rows:,}", schema(name).description.split(". ")[0]]
            for name in TABLES
        ],
    )
    relations = ", ".join(f"{n:,} {name}" for name, n in figures["relations"].items())
    at = paragraphs_at(subject.parts)
    return f"""{card_head(subject)}# {_plain(subject.dataset.title)} {facts.plan.version}

{subject.description}

**{figures["documents"]:,} documents, {figures["blocks"]:,} blocks, {figures["paragraphs"]:,} \
distinct paragraphs.** Blocks by relation: {relations}. {figures["quarantined"]:,} inputs could \
not be read and are listed in `quarantine`.

## Sources

{sources}

## Tables

Each table is there as CSV (`csv/`) and as Parquet (`parquet/`), with the same rows.
`datapackage.json` describes every column. `index/` holds some of the same rows in another
order, so that single records are found at once.
{_in_parts(subject.parts)}
{contents}

A block is a run of text as it stands in a document. `canonical` blocks give a paragraph its
wording; `exact` ones have the same words, `near` ones nearly the same, `contained` ones stand
within the paragraph, and a `composite` is made of several paragraphs. `matches` holds the
evidence. Texts that look alike but differ in a number, a date, a name, a negation or other
words are never merged: `variants` links them.

`onrecord restore DOCUMENT_ID` rebuilds a document byte for byte from these tables alone.

## Use it
{_page(facts)}
```python
import polars as pl

paragraphs = pl.read_parquet("{at.parquet}")
```

```python
{at.read_csv}
```

```sql
-- DuckDB
SELECT text, n_documents FROM '{at.parquet}' ORDER BY n_documents DESC;
```

A reader that takes the text `NA` for an empty cell must be told not to, as above.

## Check it

```
sha256sum -c --strict SHA256SUMS
frictionless validate datapackage.json
```

`croissant.json`, `ro-crate-metadata.json`, `datacite.json` and `zenodo.json` describe the release
for other programs. The content digest of the records, which does not depend on file formats, is
`{subject.digest}`.

## Cite it

{citation_text(subject)}

`CITATION.cff` says the same for programs. {RIGHTS}
"""
