"""Ask the validators of RO-Crate, DataCite, the Citation File Format and Atom about a release.

``python describe.py RELEASE``: prints what is wrong, as JSON; nothing is fetched.
"""

import json
import subprocess
import sys
from importlib.resources import files
from pathlib import Path
from types import SimpleNamespace

import datacite.schema45
import feedparser
from rocrate.rocrate import ROCrate
from rocrate_validator import services
from rocrate_validator.models import Severity, ValidationSettings
from rocrate_validator.utils.http import HttpRequester

release = Path(sys.argv[1])
found = {}

# The context of RO-Crate 1.1, out of the package of ro-crate-py instead of the web.
CONTEXT = (files("rocrate") / "data" / "ro-crate.jsonld").read_text("utf-8")


def answer(_self, url, *_, **__):
    assert "w3id.org/ro/crate/1.1/context" in url, f"asks the web for {url}"
    headers = {"Content-Type": "application/ld+json"}
    content = json.loads(CONTEXT)
    return SimpleNamespace(
        status_code=200,
        headers=headers,
        text=CONTEXT,
        content=CONTEXT.encode(),
        json=lambda: content,
        raise_for_status=lambda: None,
        from_cache=True,
    )


HttpRequester.get = answer

result = services.validate(
    ValidationSettings(
        rocrate_uri=str(release),
        profile_identifier="ro-crate-1.1",
        requirement_severity=Severity.REQUIRED,
        offline=True,
    )
)
found["ro-crate"] = [f"{one.check.identifier}: {one.message}" for one in result.get_issues()]
crate = ROCrate(str(release))
found["ro-crate files"] = [
    one.id for one in crate.data_entities if not (release / one.id).is_file()
]
cited = json.loads((release / "datacite.json").read_text("utf-8"))
found["datacite"] = [
    f"{list(error.path)}: {error.message}"
    for error in datacite.schema45.validator.iter_errors(cited)
]
cff = subprocess.run(
    [Path(sys.executable).with_name("cffconvert"), "--validate", "-i", release / "CITATION.cff"],
    capture_output=True,
    text=True,
    check=False,
)
found["cff"] = [] if cff.returncode == 0 else [cff.stdout + cff.stderr]
feed = feedparser.parse((release.parent / "feed.atom").read_bytes())
found["feed"] = [str(feed.bozo_exception)] if feed.bozo else []
latest = feed.entries[0] if feed.entries else {}
if feed.version != "atom10" or not all(
    latest.get(key) for key in ("id", "title", "updated_parsed", "link", "summary", "content")
):
    found["feed"].append("the newest entry lacks something")
print(json.dumps(found, indent=1))
