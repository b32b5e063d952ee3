"""The paragraphs that all tools get, as JSON Lines in the form of `bench.peers.contract`.

For quality: a labelled set of `bench.quality`. For speed: an input of `bench.speed`, cut at line
ends, because that is no tool's own rule.
"""

import json
from collections import defaultdict
from pathlib import Path

from bench.peers.contract import read
from bench.quality.dataset import Case, Document, LabelledSet, Place, build
from bench.speed.inputs import CACHE, make

#: Where generated inputs and the tools' answers are kept; git leaves it alone.
FOLDER = CACHE / "peers"


def speed_input(megabytes: int) -> Path:
    """Paragraphs of about so many decimal MB: every non-blank line of every document.

    Args:
        megabytes: of documents; the paragraphs alone are some 2% less.
    """
    source = make(megabytes)
    FOLDER.mkdir(parents=True, exist_ok=True)
    target = FOLDER / f"speed-{megabytes}mb-{source.facts['digest'][:12]}.jsonl"
    if target.exists():
        return target
    unfinished = target.with_suffix(".part")
    number = 0
    with unfinished.open("w", encoding="utf-8") as out:
        for file in sorted(p for p in source.folder.rglob("*") if p.is_file()):
            if file.name == "source.yml":
                continue
            folder, _, path = file.relative_to(source.folder).as_posix().partition("/")
            for line in file.read_bytes().decode("utf-8", "replace").splitlines():
                if text := line.strip():
                    row = {"id": number, "text": text, "source": folder, "path": path}
                    out.write(json.dumps(row, ensure_ascii=False) + "\n")
                    number += 1
    unfinished.rename(target)
    return target


def labelled_input(seed: int, scale: float) -> tuple[Path, LabelledSet]:
    """A labelled set and its paragraphs.

    Args:
        seed: that everything is drawn from.
        scale: share of the full size.
    """
    folder = FOLDER / f"labelled-{seed}-{scale}"
    labelled = build(seed, scale)
    labelled.write(folder)
    return folder / "paragraphs.jsonl", labelled


def read_labelled(paragraphs: Path, labels: Path) -> LabelledSet:
    """A labelled set from the files that ``bench.quality --write`` left.

    Args:
        paragraphs: ``paragraphs.jsonl``.
        labels: ``labels.jsonl``.
    """
    lines: dict[tuple[str, str], list[str]] = defaultdict(list)
    language = {}
    for row in read(paragraphs):
        place = row["source"], row["path"]
        lines[place].append(row["text"])
        language[place] = row["language"]
    documents = [
        Document(source, path, language[source, path], tuple(found))
        for (source, path), found in sorted(lines.items())
    ]
    cases = []
    for row in read(labels):
        item, partners = Place(**row.pop("item")), [Place(**p) for p in row.pop("partners")]
        also = tuple(row.pop("also"))
        cases.append(Case(**row, also=also, item=item, partners=tuple(partners)))
    available = dict.fromkeys(sorted(set(language.values())), 0)
    return LabelledSet(0, 0.0, tuple(documents), tuple(cases), available)


def text_megabytes(paragraphs: Path) -> tuple[float, int]:
    """Size of all texts in decimal MB of UTF-8, and how many there are."""
    size = count = 0
    for row in read(paragraphs):
        size += len(row["text"].encode())
        count += 1
    return size / 1e6, count
