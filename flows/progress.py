"""How far a flow run is, on its page."""

import threading
import time
from uuid import UUID

from prefect.artifacts import create_progress_artifact, update_progress_artifact

#: The page is written to so often at most, in seconds: each time is a call to the server.
_EVERY = 2.0


class Progress:
    """A progress artifact of a run whose stages are known.

    Args:
        key: of the artifact.
        stages: names, in their order; each counts the same.
    """

    def __init__(self, key: str, stages: list[str]) -> None:
        self._stages = stages
        self._lock = threading.Lock()
        self._done: dict[str, float] = {}
        self._written = time.monotonic()
        artifact = create_progress_artifact(progress=0.0, key=key, description="starting")
        assert isinstance(artifact, UUID)
        self._artifact = artifact

    def begin(self, name: str, step: tuple[int, int]) -> None:
        """A stage, or a batch of it, is at work now."""
        at, of = step
        self._show(name if of == 1 else f"{name}: {at} of {of}", first=at == 1)

    def done(self, name: str, step: tuple[int, int]) -> None:
        """A stage, or a batch of it, is done."""
        with self._lock:
            self._done[name] = min(1.0, self._done.get(name, 0.0) + 1 / step[1])

    def end(self, failed: bool) -> None:
        """The run is over."""
        share = self._share() if failed else 100.0
        self._write(share, "it failed" if failed else "done")

    def _share(self) -> float:
        with self._lock:
            done = sum(self._done.get(name, 0.0) for name in self._stages)
        return round(100 * done / max(1, len(self._stages)), 1)

    def _show(self, words: str, first: bool) -> None:
        now = time.monotonic()
        with self._lock:
            if not first and now < self._written + _EVERY:
                return
            self._written = now
        self._write(self._share(), words)

    def _write(self, share: float, words: str) -> None:
        update_progress_artifact(artifact_id=self._artifact, progress=share, description=words)
