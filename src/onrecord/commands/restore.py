"""``onrecord restore``: rebuild a document's raw bytes from a release."""

import hashlib
import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from onrecord.commands.console import note
from onrecord.errors import RefusedError


def command(
    document_id: Annotated[
        str,
        typer.Argument(help="Id of a document, as in the table documents: d and 16 hex digits."),
    ],
    data: Annotated[
        str, typer.Option(metavar="PLACE", help="Where the releases are: a path or a URL.")
    ] = "data",
    release: Annotated[
        str | None, typer.Option(help="Version of the release; the latest by default.")
    ] = None,
    archive: Annotated[
        Path | None,
        typer.Option(help="The private archive, for withheld documents; DATA/archive by default."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option(help="File to write; standard output by default.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="With --output: print what was written as JSON.")
    ] = False,
) -> None:
    """Rebuild a document's raw bytes from the release's tables alone.

    The result is checked against the sha256 that the release states for the document. PLACE is
    a data folder, its folder of releases, the folder of one release, s3://bucket/prefix, or an
    http(s):// base URL, of which only the parts that hold the document are read. A document
    whose text is withheld is taken out of the archive, and can be had only where that is.

    Exit codes: 0 done; 1 no such document or release, or its text is withheld; 2 wrong usage.
    """
    from onrecord.release.place import open_release
    from onrecord.release.restore import restore

    if as_json and output is None:
        raise typer.BadParameter("only with --output", param_hint="--json")
    raw = restore(open_release(data, release), document_id, archive or Path(data) / "archive")
    if output is None:
        sys.stdout.buffer.write(raw)
        sys.stdout.buffer.flush()
        return
    try:
        output.write_bytes(raw)
    except OSError as error:
        raise RefusedError(f"{output}: can't be written: {error.strerror or error}") from None
    if as_json:
        sha256 = hashlib.sha256(raw).hexdigest()
        said = {"document_id": document_id, "output": str(output), "bytes": len(raw)}
        typer.echo(json.dumps({**said, "sha256": sha256}, indent=2, ensure_ascii=False))
        return
    note(f"{len(raw):,} bytes, sha256 as published: {output}")
