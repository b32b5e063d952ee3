"""A dataset of one's own: the folder that ``onrecord new`` makes, which works as it is."""

import re
import sys
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from shlex import quote
from string import Template

import yaml

from onrecord import __version__
from onrecord.errors import RefusedError

#: Where each file of the template goes; the names of the package's own files are plain.
_FILES = {
    "README.md": "README.md",
    "dataset.yml": "dataset.yml",
    "gitignore": ".gitignore",
    "requirements.txt": "requirements.txt",
    "schedule.cron": "schedule.cron",
    "seeds/example/notice.txt": "seeds/example/notice.txt",
    "seeds/example/reminder.txt": "seeds/example/reminder.txt",
    "seeds/example/source.yml": "seeds/example/source.yml",
    "workflows/release.yml": ".github/workflows/release.yml",
}


def short_name(words: str) -> str:
    """A name for programs from the words of people."""
    plain = re.sub(r"[^a-z0-9]+", "-", words.lower()).strip("-")[:60].strip("-")
    return plain or "my-dataset"


def start(folder: Path, title: str | None = None) -> list[str]:
    """Make the folder of a new dataset.

    Args:
        folder: where; made where it does not exist.
        title: of the dataset; the folder's name in plain words where None.

    Returns:
        The files that were written, relative to the folder, sorted.

    Raises:
        RefusedError: there is something already, or it can't be written.
    """
    whole = folder.absolute()
    words = title or re.sub(r"[-_]+", " ", whole.name).strip().capitalize() or "My dataset"
    onrecord = Path(sys.executable).with_name("onrecord")
    values = {
        "title": words,
        "quoted_title": yaml.safe_dump(words, allow_unicode=True, width=10_000).split("\n")[0],
        "name": short_name(whole.name),
        "version": __version__,
        "folder": quote(str(whole)),
        "program": quote(str(onrecord)) if onrecord.is_file() else "onrecord",
    }
    template: Traversable = files("onrecord") / "template"
    try:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise RefusedError(
                f"{folder}: there is something already, and nothing is written over. Name a "
                "folder that does not exist, or one that is empty."
            )
        for name, target in _FILES.items():
            path = folder / target
            path.parent.mkdir(parents=True, exist_ok=True)
            text = template.joinpath(*name.split("/")).read_text("utf-8")
            path.write_text(Template(text).safe_substitute(values), encoding="utf-8", newline="\n")
    except OSError as error:
        place = error.filename or folder
        raise RefusedError(f"{place}: can't be written: {error.strerror or error}") from None
    return sorted(_FILES.values())
