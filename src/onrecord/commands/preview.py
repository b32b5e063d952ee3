"""``onrecord preview``: look at a release in the browser."""

from typing import Annotated

import typer


def command(
    data: Annotated[
        str, typer.Option(metavar="PLACE", help="Where the releases are kept: a folder or URL.")
    ] = "data",
    release: Annotated[
        str | None, typer.Option(help="Version of the release; the latest by default.")
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(min=0, max=65535, help="Port to listen on; 8780, or a free one, by default."),
    ] = None,
    browser: Annotated[
        bool, typer.Option("--browser/--no-browser", help="Open the page in your browser.")
    ] = True,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the address as JSON, for programs.")
    ] = False,
) -> None:
    """Show the page of a release: documents as they were printed, paragraphs, tables, search.

    Every release carries its page. A browser reads no data from a disk, so this serves the
    folder on this machine, and on this machine only, and opens the browser. Nothing is sent
    anywhere else. PLACE is a data folder, a folder of releases, one release, s3://bucket/prefix
    or an http(s):// base URL. To show the page to others, put the folder of releases on any web
    server.

    Ctrl-C ends it.

    Exit codes: 0 done; 1 no such release, or it has no page; 2 wrong usage, or the port is
    taken.
    """
    import json
    import webbrowser

    import uvicorn

    from onrecord.commands.console import note, out
    from onrecord.page.serve import HOST, application, find, listen

    shown = find(data, release)
    listener = listen(port)
    url = f"http://{HOST}:{listener.getsockname()[1]}{shown.start}"
    line = json.dumps({"url": url}) if as_json else url
    out.print(line, markup=False, highlight=False, soft_wrap=True)
    out.file.flush()
    note("Ctrl-C ends it.")
    config = uvicorn.Config(application(shown), log_level="warning", lifespan="off")
    if browser:
        import threading

        threading.Timer(0.3, webbrowser.open, [url]).start()
    try:
        uvicorn.Server(config).run(sockets=[listener])
    except KeyboardInterrupt:
        pass  # the way to end it
    finally:
        listener.close()
