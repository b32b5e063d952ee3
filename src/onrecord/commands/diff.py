"""``onrecord diff``: how two releases differ."""

import re
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from onrecord.commands.console import note, out
from onrecord.commands.marked import difference, grid, shortened, show

if TYPE_CHECKING:
    from onrecord.release.diff import ChangedRecord, Count, Pair
    from onrecord.release.place import Release

_VERSION = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+(?:\+w[0-9]+)?")
_CHANGES = ("added", "retired", "changed")
#: So many rows of a table are shown to people unless told otherwise.
_ROWS = 20
_VALUE = 400


def command(
    old: Annotated[str, typer.Argument(help="The older release: a version, a folder or a URL.")],
    new: Annotated[str, typer.Argument(help="The newer release: a version, a folder or a URL.")],
    data: Annotated[
        str, typer.Option(metavar="PLACE", help="Where the versions are kept: a folder or URL.")
    ] = "data",
    table: Annotated[
        str | None, typer.Option(help="Show the records of this table that differ.")
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option(min=1, help=f"Show at most so many of them; {_ROWS} by default, all as JSON."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
) -> None:
    """Say how two releases differ.

    Without --table: how many records of each table were added, retired and changed, and of
    documents and paragraphs why and in which source. With --table: the records themselves, with
    their old and new values side by side. Columns that follow from other records, such as
    counts, do not count as differences.

    A release states the difference to the one before it, so neighbours are compared at once,
    however large they are. Any other two are compared table by table.

    Exit codes: 0 done, whether they differ or not; 1 no such release; 2 wrong usage.
    """
    from onrecord.release.diff import Pair

    pair = Pair(_opened(old, data), _opened(new, data))
    if table is not None:
        total, records = pair.records(table, limit or (None if as_json else _ROWS))
        _json(pair, table=table, total=total, records=records) if as_json else _records(
            pair, table, total, records
        )
        return
    counts = pair.counts()
    _json(pair, counts=counts) if as_json else _summary(pair, counts)


def _opened(name: str, data: str) -> "Release":
    from onrecord.release.place import open_release

    return open_release(data, name) if _VERSION.fullmatch(name) else open_release(name)


def _json(pair: "Pair", **found: Any) -> None:
    import json
    from dataclasses import asdict

    content = {"old": pair.old.version, "new": pair.new.version, **found}
    if "counts" in content:
        content["counts"] = [count._asdict() for count in content["counts"]]
    if "records" in content:
        content["records"] = [asdict(record) for record in content["records"]]
    text = json.dumps(content, indent=2, ensure_ascii=False)
    out.print(text, markup=False, highlight=False, soft_wrap=True)


def _summary(pair: "Pair", counts: "list[Count]") -> None:
    show(Text(f"Release {pair.old.version} and release {pair.new.version}", style="bold"))
    if not counts:
        show("hold the same records.")
        return
    from onrecord.release.diff import RECORDS

    def total(**wanted: str | None) -> int:
        return sum(c.n for c in counts if all(getattr(c, k) == v for k, v in wanted.items()))

    rows = []
    for name in RECORDS:
        numbers = [total(resource=name, change=change) for change in _CHANGES]
        if any(numbers):
            rows.append([name, *(f"{n:,}" for n in numbers)])
    grid(["table", *_CHANGES], rows)
    sources = sorted({c.source_id for c in counts if c.source_id})
    rows = []
    for source in sources:
        for name in ("documents", "paragraphs"):
            numbers = [total(resource=name, change=change, source_id=source) for change in _CHANGES]
            if any(numbers):
                rows.append([source, name, *(f"{n:,}" for n in numbers)])
    if rows:
        show()
        grid(["source", "table", *_CHANGES], rows)
    reasons = sorted(
        {
            (c.resource, c.reason)
            for c in counts
            if c.change == "retired" and c.resource in ("documents", "paragraphs")
        }
    )
    rows = [
        [name, why, f"{total(resource=name, change='retired', reason=why):,}"]
        for name, why in reasons
    ]
    if rows:
        show()
        grid(["table", "gone because", "retired"], rows)
    note(f"Records: onrecord diff {pair.old.version} {pair.new.version} --table TABLE")


def _records(pair: "Pair", table: str, total: int, records: "list[ChangedRecord]") -> None:
    lead = f"{table}: {total:,} records differ between {pair.old.version} and {pair.new.version}"
    show(Text(lead, style="bold"))
    for record in records:
        show()
        _record(record)
    if total > len(records):
        note(f"… and {total - len(records):,} more; --limit shows more, --json all.")


def _record(record: "ChangedRecord") -> None:
    show(Text(f"{record.change}: {record.record_key}", style="bold") + f"  ({record.reason})")
    if record.change == "changed":
        old, new = record.old or {}, record.new or {}
        for field in old:
            show(Text(f"{field}: ") + _both(old[field], new[field]), 2)
        return
    for field, value in (record.old or record.new or {}).items():
        if value is not None:
            show(f"{field}: {_value(value)}", 2)


def _value(value: object) -> str:
    return shortened(str(value), _VALUE) if isinstance(value, str) else f"{value}"


def _both(old: object, new: object) -> Text:
    """Two values side by side; of two texts what differs."""
    if isinstance(old, str) and isinstance(new, str) and (" " in old or " " in new):
        return difference(old, new)
    return Text(" → ".join("null" if v is None else _value(v) for v in (old, new)))
