"""What commands print: messages on stderr, results on stdout, progress where it is wanted."""

import resource
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, TextColumn, TimeElapsedColumn

T = TypeVar("T")

out = Console()
err = Console(stderr=True)


def fail(message: str) -> None:
    """Print an error."""
    err.print("[red]error:[/red] ", end="")
    err.print(message, markup=False, highlight=False, soft_wrap=True)


def note(message: str) -> None:
    """Print a remark that belongs to no result."""
    err.print(message, markup=False, highlight=False, soft_wrap=True)


def installed(program: str) -> str:
    """How to call a program of this environment: by name, or by path where that is needed."""
    here = Path(sys.executable).with_name(program)
    found = shutil.which(program)
    if not here.exists() or (found and Path(found).samefile(here)):
        return program
    return str(here.relative_to(Path.cwd()) if here.is_relative_to(Path.cwd()) else here)


def peak_memory_mib() -> float:
    """Most memory that this process has used, in MiB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1 << 20 if sys.platform == "darwin" else 1 << 10)


class Bar:
    """A progress bar on a terminal; what is done elsewhere, its users say.

    Args:
        columns: of the bar.
        stopped: how things stand when somebody stops it with Ctrl-C.
    """

    def __init__(self, *columns: ProgressColumn, stopped: str) -> None:
        self._progress = (
            Progress(*columns, console=err, transient=True) if err.is_terminal else None
        )
        self._stopped = stopped

    def __enter__(self) -> Self:
        if self._progress:
            self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._progress:
            self._progress.stop()
        if kind is KeyboardInterrupt:
            note(self._stopped)


class Stages(Bar):
    """Runs stages and shows them: a bar on a terminal, plain lines elsewhere.

    Use as a context manager and pass it as `run` to ``job.release``.
    """

    def __init__(self, names: list[str]) -> None:
        super().__init__(
            TextColumn("{task.description:<24}"),
            BarColumn(),
            TimeElapsedColumn(),
            stopped="stopped; the releases stay as they are, and the next run tidies up",
        )
        self.seconds: dict[str, float] = {}
        if self._progress:
            self._bar = self._progress.add_task("starting", total=len(names))

    def __call__(self, stage: Callable[..., T], *args: Any, step: tuple[int, int] = (1, 1)) -> T:
        """Run one stage, or one batch of it, and account for its time."""
        name = stage.__name__
        label = name if step[1] == 1 else f"{name} {step[0]}/{step[1]}"
        if self._progress:
            self._progress.update(self._bar, description=label)
        began = time.perf_counter()
        result = stage(*args)
        took = time.perf_counter() - began
        self.seconds[name] = self.seconds.get(name, 0.0) + took
        if self._progress:
            self._progress.advance(self._bar, 1 / step[1])
        else:
            note(f"{label.strip('_')}: {took:.2f} s")
        return result
