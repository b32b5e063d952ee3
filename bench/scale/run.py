"""``python -m bench.scale.run ENGINE SOURCES DATA ANSWER``: one release by one engine, measured.

Run in a fresh process for each measurement, as ``bench.speed.measure`` is.
"""

import json
import sys
from pathlib import Path

from bench.speed.measure import measure
from bench.speed.process import end_before_memory_does
from onrecord.settings import Settings, engine_named

if __name__ == "__main__":
    end_before_memory_does()
    name, *paths = sys.argv[1:]
    where, into, answer = map(Path, paths)
    settings = Settings(page=False, engine=engine_named(name))
    answer.write_text(json.dumps(measure(where, into, settings)), encoding="utf-8")
