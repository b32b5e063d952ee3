"""The job of a run from its outside: how it is called, how its stages are run, what it did.

What does the work (``pipeline``) is imported only when there is work: a scheduled run mostly
finds that nothing changed, and must not load compilers and tables to say so.
"""

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol, TypeVar

from onrecord.discover import discover
from onrecord.outcome import Outcome
from onrecord.release.signing import signing_key
from onrecord.settings import Settings
from onrecord.unchanged import up_to_date

T = TypeVar("T")

#: So many more objects than were freed, and Python looks for cycles among them.
_ALLOCATIONS = 200_000

#: Names of the stages in their order, for progress displays.
STAGES = (
    *("discover", "unpack", "prepare", "collect", "keep_containers", "unglue", "deduplicate"),
    *("record", "validate", "publish"),
)


class Run(Protocol):
    """How a stage is run: call it, show it, make it a task."""

    def __call__(self, stage: Callable[..., T], *args: Any, step: tuple[int, int] = (1, 1)) -> T:
        """Run ``stage(*args)``, the `step`-th of as many runs of this stage."""
        ...


def call(stage: Callable[..., T], *args: Any, step: tuple[int, int] = (1, 1)) -> T:
    """Run a stage directly."""
    return stage(*args)


def release(
    seeds: Path | str,
    data: Path,
    settings: Settings,
    run: Run = call,
    within: Run = call,
    sign_key: Path | None = None,
) -> Outcome:
    """Build a release from a folder of sources, and publish it when anything changed.

    Args:
        seeds: folder with one folder a source, or ``s3://bucket/prefix`` of one.
        data: where the archive and the releases are kept.
        settings: see `Settings`.
        run: how stages are run. `prepare` runs in threads, batch by batch.
        within: how the steps of `prepare` are run, in its threads.
        sign_key: what to sign the release with; see ``release.signing.signing_key``.

    Returns:
        What was done.

    Raises:
        ConfigurationError: a ``source.yml`` or a setting is wrong.
        RefusedError: the output can't be written, or a check failed.
    """
    key = signing_key(sign_key)
    with _rare_collections():
        found = run(discover, seeds, settings, data)
        done = up_to_date(found, data, settings)
        if done is not None:
            return done
        from onrecord.pipeline import build  # noqa: PLC0415  # see the top of this file

        return build(found, data, settings, run, within, key)


@contextmanager
def _rare_collections() -> Iterator[None]:
    """Let Python look for cycles of garbage less often.

    A run makes millions of objects that stay until its end and hardly a cycle; looking through
    them again and again takes a twentieth of its time.
    """
    before = gc.get_threshold()
    gc.set_threshold(_ALLOCATIONS, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
