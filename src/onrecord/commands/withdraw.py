"""``onrecord withdraw``: take a record and every trace of its text out of all releases."""

import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from onrecord.commands.console import note as remark
from onrecord.commands.console import out

if TYPE_CHECKING:
    from onrecord.withdraw.plan import Withdrawal

_SHOWN = 20


class Category(StrEnum):
    """On what ground something is withdrawn."""

    legal = "legal"
    safety = "safety"
    privacy = "privacy"
    copyright = "copyright"
    error = "error"


def command(
    record_id: Annotated[
        str, typer.Argument(metavar="ID", help="Id of a paragraph (p…) or a document (d…).")
    ],
    category: Annotated[
        Category, typer.Option(help="On what ground; it is published in the table retired.")
    ],
    note: Annotated[
        str | None,
        typer.Option(help="Why, in your words; it is published in CHANGELOG.md."),
    ] = None,
    data: Annotated[
        str,
        typer.Option(metavar="DIR", help="Where the archive and the releases are kept: a folder."),
    ] = "data",
    sign_key: Annotated[
        Path | None,
        typer.Option(
            envvar="ONRECORD_SIGNING_KEY",
            help="Sign the reissues with this SSH key. It is recorded nowhere.",
        ),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do it; else only say what would be.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
) -> None:
    """Take a paragraph or a document out of all releases, with every trace of its text.

    Without --yes nothing is changed: you see which releases would be reissued, which blocks of
    which documents would be withheld, and how many files would leave the archive. Read it.
    With --yes every release from the first that is concerned is reissued, 1.1.0 as 1.1.0+w1;
    all are switched at once, and what they supersede is removed. The text leaves the archive
    and the caches, and a suppression list recognises it should it arrive again.

    A paragraph is withdrawn wherever its words stand: near copies, parts of it, and blocks that
    contain it are withheld. A document is withdrawn with the text that no other document has;
    what others print, too, stays there and is listed. Your sources are not touched: remove the
    text there, too. Copies that others have downloaded can't be called back.

    Exit codes: 0 done, or planned; 1 no such record, or refused; 2 wrong usage.
    """
    from onrecord.errors import ConfigurationError
    from onrecord.release.catalog import release_path
    from onrecord.release.publish import creation_time, exclusive
    from onrecord.release.signing import signing_key
    from onrecord.release.store import is_url
    from onrecord.withdraw.execute import execute, next_reissue
    from onrecord.withdraw.plan import plan

    if is_url(data):
        raise ConfigurationError(
            f"{data}: texts are withdrawn in a data folder on this machine. Bring archive/ and the "
            "releases here, withdraw there, and put them back; docs/releases.md, Withdrawal on "
            "S3, says how."
        )
    folder = Path(data)
    release_path(folder)  # says so where there is no release; nothing is made then
    created = creation_time()
    with exclusive(folder):
        key = signing_key(sign_key)
        planned = plan(folder, record_id, category.value, note)
        shown = _summary(folder, planned, {v: next_reissue(v) for v in planned.orders}, yes)
        if yes:
            execute(folder, planned, created, key)
    if as_json:
        typer.echo(json.dumps(shown, indent=2, ensure_ascii=False))
        return
    _show(shown, yes)


def _summary(
    data: Path, planned: "Withdrawal", reissues: dict[str, str], yes: bool
) -> dict[str, Any]:
    """The plan as plain values."""
    from onrecord.ingest.suppress import Suppression, read_suppression
    from onrecord.withdraw.execute import suppression_after
    from onrecord.withdraw.purge import CACHES, count

    current = read_suppression(data / "archive")
    trial = Suppression(current.listed, current.key or b"only to count with")
    packs = count(data / "archive", Suppression(suppression_after(planned, trial), trial.key))
    return {
        "record": planned.record_id,
        "kind": planned.kind,
        "category": planned.category,
        "done": yes,
        "reissues": [
            {
                "version": version,
                "as": reissues[version],
                "documents": len(order.documents),
                "blocks": len(order.blocks),
            }
            for version, order in planned.orders.items()
        ],
        "blocks": [trace._asdict() for trace in planned.traces],
        "same_text_elsewhere": planned.copies,
        "retired": sorted(planned.ids),
        "archive": {"packs": len(packs), "files": sum(packs.values())},
        "caches": [name for name in CACHES if (data / name).exists()],
    }


def _show(shown: dict[str, Any], yes: bool) -> None:
    """The plan for people."""

    def line(text: str) -> None:
        out.print(text, markup=False, highlight=False, soft_wrap=True)

    would = "Withdrawn" if yes else "To be withdrawn"
    line(f"{would}: {shown['kind']} {shown['record']} ({shown['category']})")
    for one in shown["reissues"]:
        line(
            f"  release {one['version']} reissued as {one['as']}: {one['documents']:,} documents "
            f"leave, {one['blocks']:,} blocks are withheld"
        )
    latest = shown["reissues"][-1]["version"]
    blocks = [one for one in shown["blocks"] if one["release"] == latest]
    if blocks:
        line(f"  blocks withheld in {latest}:")
    for one in blocks[:_SHOWN]:
        line(f"    {one['document_id']} block {one['position']} ({one['how']}): {one['path']}")
    if len(blocks) > _SHOWN:
        line(f"    … and {len(blocks) - _SHOWN:,} more; --json lists all")
    for name, n in list(shown["same_text_elsewhere"].items())[:_SHOWN]:
        line(f"  document {name} has {n:,} of its paragraphs, too, and keeps them")
    archive = shown["archive"]
    line(f"  archive: {archive['files']:,} files in {archive['packs']:,} packs are removed")
    if shown["caches"]:
        line(f"  removed as a whole: {', '.join(shown['caches'])}")
    if not yes:
        remark("Nothing was changed. Add --yes to do it.")
    remark("Your sources are not touched: remove the text there, too. Downloads can't be undone.")
