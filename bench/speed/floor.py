"""The floor: the least that any tool with the same output must do.

Read every file, check that it is UTF-8, split it into lines and hash each line; then write the
tables of a finished release again, by the same writers, as CSV and Parquet. Loading those
tables is not counted. ``python -m bench.speed.floor SOURCES RELEASE ANSWER``.
"""

import json
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import xxhash

from bench.speed.process import Meter, end_before_memory_does, peak_mib


def read(sources: Path) -> dict[str, int]:
    """Read, check, split and hash every file below a folder.

    Returns:
        ``files``, ``bytes``, ``lines``, and ``not_utf8``: files that are not.
    """
    digest = xxhash.xxh3_64_intdigest
    files = size = lines = broken = combined = 0
    for folder, _, names in os.walk(sources):
        for name in names:
            with open(f"{folder}/{name}", "rb", buffering=0) as file:  # noqa: PTH123  # faster
                raw = file.read()
            try:
                raw.decode()
            except UnicodeDecodeError:
                broken += 1
            found = raw.splitlines()
            for line in found:
                combined ^= digest(line)
            files += 1
            size += len(raw)
            lines += len(found)
    return {"files": files, "bytes": size, "lines": lines, "not_utf8": broken, "xor": combined}


def write(release: Path, target: Path) -> dict[str, float]:
    """Write the tables of a release again, in the same groups of rows.

    Args:
        release: its folder.
        target: an empty folder.

    Returns:
        ``cpu`` and ``wall`` seconds of the writing alone, the ``bytes`` it wrote, and the
        ``published_bytes`` of the same files in the release.
    """
    from onrecord.release.write import csv_writer, parquet_writer  # noqa: PLC0415

    meter = Meter()
    written = published = 0
    for path in sorted((release / "parquet").glob("*.parquet")):
        table = pq.ParquetFile(path)
        paths = target / f"{path.stem}.csv", target / path.name
        with meter:
            as_csv = csv_writer(table.schema_arrow, paths[0])
            as_parquet = parquet_writer(table.schema_arrow, paths[1])
        for i in range(table.num_row_groups):
            rows = table.read_row_group(i).combine_chunks()
            with meter:
                as_csv.write_table(rows)
                as_parquet.write_table(rows, row_group_size=rows.num_rows)
        with meter:
            as_csv.close()
            as_parquet.close()
        written += sum(file.stat().st_size for file in paths)
        published += (release / "csv" / paths[0].name).stat().st_size + path.stat().st_size
    return {
        "cpu": meter.used.cpu,
        "wall": meter.used.wall,
        "bytes": written,
        "published_bytes": published,
    }


def floor(sources: Path, release: Path) -> dict[str, Any]:
    """Do the least there is to do and say what it took.

    Args:
        sources: the input.
        release: what Onrecord made of it.

    Returns:
        ``cpu`` and ``wall`` in seconds, of both parts together and of each, and the most memory
        held at once by the end of each part.
    """
    meter = Meter()
    with meter:
        facts = read(sources)
    reading = meter.used
    peak_of_reading = peak_mib()
    # On the disk of the release, and no part of it.
    target = Path(tempfile.mkdtemp(dir=release.parent.parent))
    try:
        writing = write(release, target)
    finally:
        shutil.rmtree(target)
    return {
        "cpu": reading.cpu + writing["cpu"],
        "wall": reading.wall + writing["wall"],
        "peak_mib": peak_mib(),
        "read": {"cpu": reading.cpu, "wall": reading.wall, "peak_mib": peak_of_reading, **facts},
        "write": writing,
    }


if __name__ == "__main__":
    end_before_memory_does()
    where, made, answer = map(Path, sys.argv[1:])
    answer.write_text(json.dumps(floor(where, made)), encoding="utf-8")
