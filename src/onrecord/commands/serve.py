"""``onrecord serve``: releases, collections and verifications by schedule, on one machine."""

from pathlib import Path
from typing import Annotated

import typer


def command(
    seeds: Annotated[
        Path, typer.Option(help="Folder with one folder a source, each with a source.yml.")
    ] = Path("seeds"),
    data: Annotated[
        str,
        typer.Option(
            metavar="PLACE",
            help="Where the archive and the releases are kept: a folder, or s3://bucket/prefix.",
        ),
    ] = "data",
    cron: Annotated[str, typer.Option(help="When to release.")] = "0 3 * * *",
    collect_cron: Annotated[
        str | None, typer.Option(help="When to collect; never unless given.")
    ] = None,
    verify_cron: Annotated[
        str, typer.Option(help="When to verify everything that was published.")
    ] = "0 5 * * 0",
    timezone: Annotated[str, typer.Option(help="That the schedules count in.")] = "UTC",
) -> None:
    """Release, verify and collect by schedule on this machine, until told to stop.

    Releases daily and verifies weekly unless told otherwise; --collect-cron "30 * * * *" also
    fetches what the sources name on the web. With PREFECT_API_URL set the schedules are kept by
    that Prefect server. With none a server is started on loopback, with its database in
    DATA/prefect, and stopped again with this command; its page shows what runs and what ran.

    Runs that a kill left behind are started again at the next start; they go on behind the last
    batch that was read. Of runs that were missed, one is made up for. Stop it with Ctrl-C or
    SIGTERM: a run that is at work is stopped too, and the releases stay as they are.

    Exit codes: 0 stopped as told; 1 another one serves the folder, or no server starts; 2 wrong
    usage, or a schedule that is none.
    """
    from onrecord.commands.console import note
    from onrecord.errors import ConfigurationError

    if not seeds.is_dir():
        raise ConfigurationError(f"{seeds}: no such folder")
    note("loading Prefect")
    from flows.serving import Plan, serve

    crons = {"release": cron, "verify": verify_cron}
    if collect_cron:
        crons["collect"] = collect_cron
    serve(Plan(seeds, data, crons, timezone))
