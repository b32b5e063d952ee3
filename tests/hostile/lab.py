"""Many experiments side by side, each at one point of a run."""

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue

from tests.hostile.harness import Point, Zygote

#: After every so many points, every record is read back.
FULL = 12


class Lab:
    """Runs experiments side by side, each in a data folder of its own."""

    def __init__(self, zygotes: list[Zygote], folder: Path) -> None:
        self._free: SimpleQueue[tuple[Zygote, Path]] = SimpleQueue()
        for i, zygote in enumerate(zygotes):
            self._free.put((zygote, folder / f"lab{i}" / "data"))
        self._workers = len(zygotes)
        self._lock = threading.Lock()
        self.tried = 0

    def each(
        self, experiment: Callable[[Zygote, Path, Point, bool], list[str]], points: Iterable[Point]
    ) -> list[str]:
        """Do an experiment at every point; return what went wrong."""

        def one(numbered: tuple[int, Point]) -> list[str]:
            number, point = numbered
            zygote, data = self._free.get()
            try:
                found = experiment(zygote, data, point, number % FULL == 0)
            finally:
                self._free.put((zygote, data))
            with self._lock:
                self.tried += 1
            return [f"{point}: {fault}" for fault in found]

        with ThreadPoolExecutor(self._workers) as pool:
            return [fault for found in pool.map(one, enumerate(points)) for fault in found]


def moved(point: Point, old: Path, new: Path) -> Point:
    """The same point of a run in another data folder."""
    return point._replace(path=str(new / Path(point.path).relative_to(old)))
