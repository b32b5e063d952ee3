"""Folders of text of a chosen size, the same every time.

Below the size of the corpus: a sample of its documents, in proportion. Above it: the corpus,
then re-scrapes of it (`rescrape`) below ``rescrape_01/``, ``rescrape_02/`` … until the size is
reached, the last of them a sample. A folder is kept below ``bench/.cache/`` and used again as
long as the corpus and the recipe, which is the source of these two modules, stay as they are.
"""

import hashlib
import json
import re
import shutil
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import yaml

from bench.corpus import ROOT, Corpus, File, open_corpus
from bench.speed.rescrape import Rescraper, Tally, dice

CACHE = ROOT / "bench" / ".cache"
MB = 1_000_000  # bytes; sizes are decimal

_STAMP = "stamp.json"


@dataclass(frozen=True, slots=True)
class Input:
    """A folder of sources to run a release on.

    Attributes:
        size: decimal MB asked for.
        folder: one folder a source.
        facts: what it holds, as its stamp says.
    """

    size: int
    folder: Path
    facts: dict[str, Any]

    @property
    def megabytes(self) -> float:
        """Size of all documents in decimal MB."""
        return float(self.facts["bytes"]) / MB


def scratch() -> Path:
    """The folder for what is not kept; git leaves it alone."""
    folder = CACHE / "speed"
    folder.mkdir(parents=True, exist_ok=True)
    ignore = CACHE / ".gitignore"
    if not ignore.exists():
        ignore.write_text("*\n", encoding="utf-8")
    return folder


def _recipe(corpus: Corpus, size: int) -> str:
    """Digest of all that an input depends on."""
    digest = hashlib.sha256(f"{size}\0".encode())
    for module in ("inputs.py", "rescrape.py"):
        digest.update(hashlib.sha256(Path(__file__).with_name(module).read_bytes()).digest())
    for file in corpus.files:
        key = f"{file.collection}\0{file.path}\0{file.language}\0".encode(
            "utf-8", "surrogateescape"
        )
        digest.update(key + hashlib.sha256(file.data).digest())
    return digest.hexdigest()


def _source_name(file: File) -> str:
    name = f"{file.collection}-{file.language}" if file.language else file.collection
    return re.sub(r"[^a-z0-9._-]", "-", name.lower())


def _spread(files: list[File], turn: int) -> list[File]:
    """The documents in an order of which every beginning is a sample in proportion to sources."""
    drawn = sorted((dice("order", turn, f.collection, f.path).random(), f) for f in files)
    total = Counter(_source_name(file) for file in files)
    seen: Counter[str] = Counter()
    placed = []
    for draw, file in drawn:
        source = _source_name(file)
        placed.append(((seen[source] + draw) / total[source], file))
        seen[source] += 1
    return [file for _, file in sorted(placed)]


def _documents(corpus: Corpus, tally: Tally) -> Iterator[tuple[str, File, bytes]]:
    """Documents without end: path below the source, the document it comes from, bytes."""
    for file in _spread(corpus.files, 0):
        yield file.path, file, file.data
    rescraper = Rescraper(corpus.files)
    turn = 1
    while True:
        for file in _spread(corpus.files, turn):
            path = f"rescrape_{turn:02}/{file.path}"
            yield path, file, rescraper.rescrape(file, turn, tally)
        turn += 1


def _describe(file: File) -> str:
    """A ``source.yml``; it states no language, so that finding it is measured, too."""
    content = {
        "title": f"Benchmark input made from {file.collection} ({file.language or 'mixed'})",
        "origin": f"Made by bench/speed from the collection {file.collection}",
        "publication": "full",
        "basis": "Made to measure speed on this machine; never published.",
    }
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True)


def _write(corpus: Corpus, size: int, folder: Path) -> dict[str, Any]:
    """Write the documents and the descriptions of their sources."""
    tally = Tally()
    written = documents = rounds = 0
    sources: set[str] = set()
    digests = []
    for path, file, data in _documents(corpus, tally):
        source = _source_name(file)
        target = folder / source / path
        if source not in sources:
            sources.add(source)
            (folder / source).mkdir(parents=True)
            (folder / source / "source.yml").write_text(_describe(file), encoding="utf-8")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        name = f"{source}/{path}".encode("utf-8", "surrogateescape")
        digests.append(hashlib.sha256(name + b"\0" + data).digest())
        written += len(data)
        documents += 1
        if written >= size * MB:
            break
    if match := re.match(r"rescrape_(\d+)/", path):
        rounds = int(match[1])
    return {
        "corpus": corpus.describe(),
        "bytes": written,
        "documents": documents,
        "sources": len(sources),
        "rescrapes": rounds,
        "rescraped": asdict(tally),
        "digest": hashlib.sha256(b"".join(sorted(digests))).hexdigest(),
    }


def make(size: int, corpus: Corpus | None = None) -> Input:
    """Make an input, or take it from the cache.

    Args:
        size: decimal MB of document bytes; reached to within one document.
        corpus: what to make it from; the usual one where None.
    """
    corpus = corpus or open_corpus()
    place = scratch() / f"{size}mb"
    folder, stamp = place / "sources", place / _STAMP
    recipe = _recipe(corpus, size)
    if stamp.is_file():
        facts = json.loads(stamp.read_text(encoding="utf-8"))
        if facts["recipe"] == recipe:
            return Input(size, folder, facts)
    if place.exists():
        shutil.rmtree(place)
    folder.mkdir(parents=True)
    facts = {"recipe": recipe, **_write(corpus, size, folder)}
    stamp.write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
    return Input(size, folder, facts)


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        made = make(int(argument))
        print(made.folder, json.dumps(made.facts, indent=2))
