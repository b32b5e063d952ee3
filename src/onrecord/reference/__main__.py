"""Write the generated pages: ``python -m onrecord.reference docs``."""

import sys
from pathlib import Path

from onrecord.reference import PAGES

for name, make in PAGES.items():
    Path(sys.argv[1], name).write_text(make(), encoding="utf-8", newline="\n")
