"""Check one package in a process of its own and print what it took, in JSON.

``python -m bench.validate.measure onrecord|frictionless DESCRIPTOR``
"""

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from bench.speed.process import peak_mib


def _onrecord() -> Callable[[str], bool]:
    from onrecord.tables.load import check_package  # noqa: PLC0415  (what is measured alone)

    return lambda path: check_package(Path(path), 1000).valid


def _frictionless() -> Callable[[str], bool]:
    from frictionless import Package  # noqa: PLC0415

    return lambda path: bool(Package(path).validate().valid)


def main() -> None:
    """Measure; only the check itself is timed, not the start of Python."""
    tool, path = sys.argv[1:]
    check = {"onrecord": _onrecord, "frictionless": _frictionless}[tool]()
    started = peak_mib()
    wall, cpu = time.perf_counter(), time.process_time()
    valid = check(path)
    found = {
        "wall": time.perf_counter() - wall,
        "cpu": time.process_time() - cpu,
        "start_mib": started,
        "peak_mib": peak_mib(),
        "load": os.getloadavg()[0],
        "valid": valid,
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
