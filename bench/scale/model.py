"""``python -m bench.scale.model``: what larger inputs need, by what was measured on smaller ones.

Reads ``bench/results/scale.json`` and prints a table. What grows in proportion is multiplied;
what grows faster or slower (distinct texts, fingerprints, pairs) is continued by the power law
through the two largest inputs measured. How often the most frequent fingerprints would stand is
drawn from the distribution measured, and they are dealt out to workers by their hash: the fullest
worker shows what a shuffle by fingerprint would suffer from the phrases that stand everywhere.
Nothing here is a promise; it says which part gives way first, and by about how much.
"""

import argparse
import json
import math
import sys
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.corpus import ROOT
from onrecord.dedup.candidates import LONGEST_RUN
from onrecord.dedup.fingerprints import TEXT_BITS

TERABYTE = 1_000_000  # decimal MB
SIZES = (10_000, 100_000, TERABYTE, 100 * TERABYTE)  # decimal MB

#: Stages of which an engine spreads the work; the others run where the run was started.
SPREAD = {"prepare", "deduplicate"}
#: Of the stages' time so much is ours to spread: writing and reading rows does not wait.
DAY = 24 * 3600.0
#: What goes over the network: a fingerprint with its text; a text's key with its place; a token of
#: a text that is verified, its hash, flags and folded form.
FINGERPRINT_BYTES, KEY_BYTES, TOKEN_BYTES = 8, 16, 20
WORKERS = (16, 256, 4096)
#: So many of the frequent fingerprints are drawn at most; the rest counts by its mean.
DRAWN = 2_000_000


@dataclass(frozen=True, slots=True)
class Forecast:
    """What an input of some size would need.

    Attributes:
        megabytes: its size.
        spread_hours: CPU hours of the stages that engines spread.
        here_hours: CPU hours of the stages that run in one place.
        memory_gib: where the run was started, by the growth of its own memory.
        texts: distinct ones.
        all_pairs: pairs of texts with a fingerprint in common, all with all.
        our_pairs: those that are looked at, with the limit on frequent ones.
        shuffle: bytes that a shuffle of keys, fingerprints and texts would move.
        fullest: for each number of workers the share of the fullest, 1 were it even.
    """

    megabytes: float
    spread_hours: float
    here_hours: float
    memory_gib: float
    texts: float
    all_pairs: float
    our_pairs: float
    shuffle: float
    fullest: dict[int, float]


def _local(results: dict[str, Any]) -> list[dict[str, Any]]:
    """What was measured with the local engine, by size."""
    mine = [run for run in results["runs"] if run["engine"] == "local" and run.get("keys")]
    return sorted(mine, key=lambda run: float(run["megabytes"]))


class Model:
    """Continues what was measured.

    Args:
        results: as ``bench.scale`` writes them, with two sizes at least.

    Raises:
        ValueError: there are not.
    """

    def __init__(self, results: dict[str, Any]) -> None:
        runs = _local(results)
        if len(runs) < 2:
            raise ValueError("two sizes are needed: python -m bench.scale --sizes 100,1000")
        self._before, self._last = runs[-2:]
        self._ratio = math.log(self._last["megabytes"] / self._before["megabytes"])

    def _continued(self, key: str, megabytes: float) -> float:
        """A figure of the keys, by the power law through the two largest sizes."""
        last, before = float(self._last["keys"][key]), float(self._before["keys"][key])
        power = math.log(max(last, 1) / max(before, 1)) / self._ratio
        return last * float((megabytes / self._last["megabytes"]) ** power)

    def _hours(self, names: set[str], megabytes: float, inside: bool) -> float:
        per_mb = sum(
            stage["cpu"]
            for name, stage in self._last["stages"].items()
            if (name in names) == inside
        )
        return float(per_mb / self._last["megabytes"] * megabytes / 3600)

    def _memory(self, megabytes: float) -> float:
        more = self._last["own_mib"] - self._before["own_mib"]
        slope = more / (self._last["megabytes"] - self._before["megabytes"])
        return float((self._last["own_mib"] + slope * (megabytes - self._last["megabytes"])) / 1024)

    def forecast(self, megabytes: float) -> Forecast:
        """What an input of so many decimal MB would need."""
        keys = self._last["keys"]
        texts = self._continued("texts", megabytes)
        frequent, each = self._frequent(megabytes, texts)
        rare_pairs = self._continued("rare_pairs", megabytes)
        fingerprints = self._continued("fingerprints", megabytes)
        tokens = texts * keys["tokens"] / keys["texts"]
        verified = self._continued("verified", megabytes)
        moved = (
            texts * (KEY_BYTES + keys["folded"] / keys["texts"])
            + fingerprints * FINGERPRINT_BYTES
            + 2 * verified * tokens / texts * TOKEN_BYTES
        )
        return Forecast(
            megabytes,
            self._hours(SPREAD, megabytes, True),
            self._hours(SPREAD, megabytes, False),
            self._memory(megabytes),
            texts,
            rare_pairs + each * float((frequent * (frequent - 1) / 2).sum()),
            rare_pairs + each * 2 * float(frequent.sum()),
            moved,
            {n: self._fullest(n, frequent, fingerprints) for n in WORKERS},
        )

    def _frequent(self, megabytes: float, texts: float) -> tuple[NDArray[np.float64], float]:
        """In how many texts frequent fingerprints stand, and how many each of them stands for.

        By the tail of the last input, cut where the most frequent one of it would stand: its share
        of the texts stays.
        """
        keys = self._last["keys"]
        n = self._continued("often", megabytes)
        drawn = int(min(n, DRAWN))
        quantile = (np.arange(drawn) + 0.5) / max(drawn, 1)
        counts = LONGEST_RUN * quantile ** (-1 / keys["tail"])
        most = keys["most"] / keys["texts"] * texts
        return np.minimum(counts, most), n / max(drawn, 1)

    @staticmethod
    def _fullest(workers: int, frequent: NDArray[np.float64], fingerprints: float) -> float:
        """The fullest of some workers that fingerprints are dealt to, as a share of the mean."""
        dealt = np.random.default_rng(1).integers(0, workers, frequent.size)
        rest = max(fingerprints - frequent.sum(), 0.0) / workers
        loads = np.bincount(dealt, frequent, minlength=workers) + rest
        return float(loads.max() / loads.mean())


def _size(megabytes: float) -> str:
    return f"{megabytes / TERABYTE:g} TB" if megabytes >= TERABYTE else f"{megabytes / 1000:g} GB"


def _number(value: float) -> str:
    if value < 10_000:
        return f"{value:,.1f}" if value < 100 else f"{value:,.0f}"
    power = int(math.log10(value))
    return f"{value / 10**power:.1f}e{power}"


def table(results: dict[str, Any]) -> list[str]:
    """The forecast as lines of Markdown.

    Args:
        results: as ``bench.scale`` writes them.
    """
    model = Model(results)
    found = [model.forecast(size) for size in SIZES]
    rows: list[tuple[str, list[str]]] = [
        ("CPU hours of `prepare` and `deduplicate`", [_number(f.spread_hours) for f in found]),
        ("… cores to do these in a day", [_number(f.spread_hours / 24) for f in found]),
        ("CPU hours of all other stages", [_number(f.here_hours) for f in found]),
        ("memory where the run is started, GiB", [_number(f.memory_gib) for f in found]),
        ("distinct texts", [_number(f.texts) for f in found]),
        ("… of those that one run can number", [_share(f.texts) for f in found]),
        ("pairs with a fingerprint in common", [_number(f.all_pairs) for f in found]),
        ("… that are looked at", [_number(f.our_pairs) for f in found]),
        ("bytes that a shuffle would move, GB", [_number(f.shuffle / 1e9) for f in found]),
    ]
    for n in WORKERS:
        cells = [_number(f.fullest[n]) for f in found]
        rows.append((f"fullest of {n:,} workers, were fingerprints dealt out", cells))
    head = ["", *(_size(f.megabytes) for f in found)]
    lines = [_line(head), _line(["---", *["---:"] * len(found)])]
    return [*lines, *(_line([name, *cells]) for name, cells in rows)]


def _share(texts: float) -> str:
    return f"{texts / 2**TEXT_BITS:.1%}" if texts < 2**TEXT_BITS else "**too many**"


def _line(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def main() -> int:
    """Print the forecast."""
    parser = argparse.ArgumentParser(prog="python -m bench.scale.model", description=__doc__)
    parser.parse_args()
    file = ROOT / "bench" / "results" / "scale.json"
    try:
        lines = table(json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        print(f"{file.name}: {error}", file=sys.stderr)
        return 1
    print("\n".join(lines))
    return 0


if __name__ == "__main__":
    sys.exit(main())
