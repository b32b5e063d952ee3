"""``onrecord why``: where a record stands, what was merged into it, and on what grounds."""

from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from onrecord.commands.marked import difference, shortened, show
from onrecord.display import unwrapped

if TYPE_CHECKING:
    from onrecord.release.why import Answer, Place, Variant

#: So many characters of a text are shown where only its beginning matters.
_LINE = 300

_RELATIONS = {
    "canonical": "gave the paragraph its wording",
    "exact": "has the same words",
    "near": "has nearly the same words",
    "contained": "stands within the paragraph",
    "composite": "is made of several paragraphs",
}
_REASONS = {
    "superseded": "its text is still among the inputs, and another record stands for it",
    "missing": "it was no longer among the inputs",
    "edited": "the source changed the text",
    "moved": "the document stood under another path from then on",
    "resegmented": "the same text was divided into blocks in another way",
    "withdrawn": "it was taken out of publication",
}


def command(
    record: Annotated[
        str,
        typer.Argument(
            metavar="ID", help="Id of a paragraph or document, or DOCUMENT_ID/POSITION of a block."
        ),
    ],
    data: Annotated[
        str, typer.Option(metavar="PLACE", help="Where the releases are kept: a folder or URL.")
    ] = "data",
    release: Annotated[
        str | None, typer.Option(help="Version of the release; the latest by default.")
    ] = None,
    limit: Annotated[
        int, typer.Option(min=1, help="Tell at most so many places and variants in full.")
    ] = 10,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
) -> None:
    """Say why a record is what it is.

    Of a paragraph: every place where it stands, with the text before and after; what was merged
    into it, how much of each text the other covers, by which version of the rules, and the
    words that differ; what looks alike and was kept apart. Of a block, DOCUMENT_ID/POSITION,
    the same seen from the block. Of a document: its source, its rights and its blocks. Of an id
    that was retired: since when, why, and what stands for it now.

    Words that only the paragraph has are struck out, or stand in [-…-]; words that only the
    other text has are bold, or stand in {+…+}. Each text is shown on one line: lines that break
    at a fixed width are joined. --json gives texts as they stand in the tables. Texts that are
    withheld are shown only where the archive lies beside the releases.

    Exit codes: 0 done; 1 no such record or release; 2 wrong usage.
    """
    from onrecord.release.place import open_release
    from onrecord.release.why import Asker, as_dict
    from onrecord.release.withheld import archive_beside, fill

    answer = Asker(open_release(data, release), limit).answer(record)
    archive = archive_beside(data)
    if archive:
        fill(answer, archive)
    if as_json:
        import json

        from onrecord.commands.console import out

        text = json.dumps(as_dict(answer), indent=2, ensure_ascii=False)
        out.print(text, markup=False, highlight=False, soft_wrap=True)
        return
    {
        "paragraph": _paragraph,
        "document": _document,
        "occurrence": _occurrence,
        "retired": _retired,
    }[answer.kind](answer)


def _heading(words: str) -> None:
    show(Text(words, style="bold"))


def _share(value: float) -> str:
    return f"{value:.1%}"


def _counted(counts: dict[str, int]) -> str:
    order = [name for name in _RELATIONS if name in counts]
    return ", ".join(f"{counts[name]:,} {name}" for name in order)


def _where(place: "Place") -> str:
    return (
        f"{place.document_id}/{place.position}  {place.source_id}/{place.path}, "
        f"bytes {place.byte_start:,} to {place.byte_end:,}"
    )


def _why_withheld(place: "Place") -> str:
    if place.publication == "full":
        return "withheld: it holds text that was withdrawn."
    return (
        f"withheld: source {place.source_id} is published as {place.publication} "
        f"({place.basis}). Where its archive is, its text can be shown."
    )


def _context(place: "Place", indent: int) -> None:
    for label, words in (("before", place.before), ("after", place.after)):
        if words:
            show(f"{label:<9}{words}", indent)


def _wording(place: "Place", against: str | None, indent: int) -> None:
    """The text of a block, with what differs from a paragraph's where that is known."""
    text = place.text
    if text is None:
        show(_why_withheld(place), indent)
        return
    if place.from_archive:
        show("withheld by the release; this is from the archive beside it:", indent)
    line: Text | str = shortened(text, 10 * _LINE)
    if against is not None and place.relation in ("near", "contained", "exact"):
        line = difference(against, text, inside=place.relation == "contained")
    show(Text("text     ") + line if isinstance(line, Text) else f"text     {line}", indent)


def _evidence(place: "Place", indent: int) -> None:
    if place.rule is None:
        return
    share = "" if place.paragraph_coverage is None else _share(place.paragraph_coverage)
    show(
        f"evidence the paragraph covers {_share(place.coverage)} of it, it covers {share} of "
        f"the paragraph, by {place.rule}",
        indent,
    )


def _residue(place: "Place", indent: int) -> None:
    if place.residue:
        show(f"residue  {unwrapped(place.residue)}", indent)
    if place.repeats_itself:
        show("note     the block repeats its own end", indent)


def _place(place: "Place", against: str | None) -> None:
    show(Text(f"{place.relation}: ", style="bold") + _where(place), 2)
    _context(place, 4)
    if place.relation != "canonical":
        _evidence(place, 4)
        _wording(place, against, 4)
        _residue(place, 4)


def _more(shown: int, of: int, what: str) -> None:
    if of > shown:
        show(f"… and {of - shown:,} more {what}; --limit shows more.", 2)


def _figures(record: dict[str, Any]) -> str:
    language = record["language"] or "not known"
    boilerplate = "; boilerplate" if record["boilerplate"] else ""
    tokens, characters = record["n_tokens"], record["n_characters"]
    counted = f"{_number(tokens, 'token')}, {_number(characters, 'character')}"
    documents, sources = record["n_documents"], record["n_sources"]
    return (
        f"{counted}, language {language}, in {_number(documents, 'document')} of "
        f"{_number(sources, 'source')}{boilerplate}"
    )


def _number(n: int, what: str) -> str:
    return f"{n:,} {what}" if n == 1 else f"{n:,} {what}s"


def _paragraph(answer: "Answer") -> None:
    record = answer.record
    _heading(f"Paragraph {record['paragraph_id']} in release {answer.version}")
    own = answer.places[0]
    text = record["text"] if record["text"] is not None else own.text
    if text is None:
        show(_why_withheld(own))
    else:
        if record["text"] is None:
            show("Withheld by the release; this is from the archive beside it:")
        show(unwrapped(text))
    show()
    show(_figures(record))
    show(f"published since release {record['first_release']}")
    show()
    total = sum(answer.counts.values())
    _heading(f"Where it stands ({_counted(answer.counts)})")
    for place in answer.places:
        _place(place, text)
    _more(len(answer.places), total, "places")
    show()
    _heading(f"Looks alike and is kept apart ({answer.n_variants:,})")
    for variant in answer.variants:
        _variant(variant, text)
    _more(len(answer.variants), answer.n_variants, "variants")


def _variant(variant: "Variant", text: str | None) -> None:
    show(Text(f"{variant.difference}: ", style="bold") + variant.paragraph_id, 2)
    show(
        f"evidence it covers {_share(variant.coverage)} of this one, this one covers "
        f"{_share(variant.other_coverage)} of it",
        4,
    )
    if variant.these_words or variant.other_words:
        these, other = (
            unwrapped(w or "(none)") for w in (variant.these_words, variant.other_words)
        )
        show(f"words    {these} / {other}", 4)
    if variant.text is None or text is None:
        show("text     withheld", 4)
    else:
        show(Text("text     ") + difference(text, variant.text), 4)


def _source_lines(answer: "Answer") -> None:
    source = answer.source
    assert source is not None
    show(f"source   {source['source_id']}: {source['title']}")
    show(f"rights   published as {source['publication']}: {source['basis']}")
    show(f"licence  {source['license'] or 'none stated'}")


def _document(answer: "Answer") -> None:
    record = answer.record
    _heading(f"Document {record['document_id']} in release {answer.version}")
    show(f"path     {record['path']}")
    _source_lines(answer)
    show(f"bytes    {record['bytes']:,}, {record['encoding']}, read by {record['reader']}")
    show(f"revision {record['revision'] or 'withheld'}")
    show(f"restores {record['restores']}")
    show(f"language {record['language'] or 'not known'}")
    show(f"published since release {record['first_release']}")
    show()
    _heading(f"Its blocks ({_counted(answer.counts)})")
    for place in answer.places:
        lead = f"{place.position:>4}  {place.relation:<9}  {place.paragraph_id or '-':<21}  "
        text = place.text
        show(lead + ("(withheld)" if text is None else shortened(text, 80)))
    _more(len(answer.places), sum(answer.counts.values()), "blocks")
    hidden = [place for place in answer.places if place.text is None]
    if hidden:
        show(_why_withheld(hidden[0]))


def _parts(answer: "Answer") -> None:
    for part in answer.parts:
        show(
            Text(part["paragraph_id"], style="bold")
            + f"  bytes {part['byte_start']:,} to {part['byte_end']:,}, covers "
            f"{_share(part['coverage'])} of the block, by {part['rule']}",
            2,
        )
        show("withheld" if part["text"] is None else shortened(part["text"], _LINE), 4)


def _occurrence(answer: "Answer") -> None:
    (place,) = answer.places
    _heading(f"Block {place.document_id}/{place.position} in release {answer.version}")
    show(
        f"where    {place.source_id}/{place.path}, bytes {place.byte_start:,} to {place.byte_end:,}"
    )
    _source_lines(answer)
    show(f"relation {place.relation}: it {_RELATIONS[place.relation]}")
    _context(place, 0)
    against = answer.paragraph["text"] if answer.paragraph else None
    if place.relation != "canonical":
        _evidence(place, 0)
    _wording(place, against, 0)
    _residue(place, 0)
    show()
    if answer.paragraph:
        _heading(f"Its paragraph {answer.paragraph['paragraph_id']}")
        show(unwrapped(answer.paragraph["text"] or "withheld"))
        show(_figures(answer.paragraph))
        show(f"published since release {answer.paragraph['first_release']}")
    else:
        _heading("The paragraphs that it is made of")
        _parts(answer)


def _retired(answer: "Answer") -> None:
    record = answer.record
    _heading(
        f"{record['kind'].capitalize()} {record['record_id']} is not in release {answer.version}"
    )
    show(f"published from release {record['first_release']} on, gone since {record['since']}")
    ground = f", on the ground of {record['category']}" if record["category"] else ""
    show(f"reason   {record['reason']}: {_REASONS[record['reason']]}{ground}")
    if answer.successor:
        show(f"now      {record['successor_id']} stands for it")
        words = answer.successor.get("text") or answer.successor.get("path") or "withheld"
        show(shortened(words, _LINE), 9)
    elif answer.parts:
        (place,) = answer.places
        show(f"now      it is made of several paragraphs, as in {_where(place)}:")
        _parts(answer)
    else:
        show("now      nothing stands for it")
