"""The catalog of a data folder: which releases there are, and which is the latest.

``index.json``, ``latest.json`` and ``feed.atom`` are written last, from what is on disk: a
release folder that a crash left without an entry is picked up by the next run.
"""

import json
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from onrecord.durable import write_atomically
from onrecord.errors import NotFoundError
from onrecord.release.feed import FEED, feed
from onrecord.release.layout import MOST_PARTS
from onrecord.release.names import SELECTION, is_safe
from onrecord.split_off import SplitOff

INDEX, LATEST = "index.json", "latest.json"
#: The page of a release, and beside the index the page that lists the versions.
PAGE = "index.html"


#: What a withdrawal is about to do, beside the index; see ``withdraw.journal``.
JOURNAL = "withdrawal.json"


class Superseded(BaseModel):
    """A release that a reissue took the place of.

    Attributes:
        version, content_digest, sums_sha256: as they were in the index.
    """

    model_config = ConfigDict(frozen=True)

    version: str
    content_digest: str
    sums_sha256: str


class Entry(BaseModel):
    """One release in the index.

    Attributes:
        version: of the release; ``+w1`` and so on once texts were withdrawn from it.
        path: its folder, beside the index.
        created: ISO 8601, UTC.
        content_digest: of its records.
        sums_sha256: of its ``SHA256SUMS``.
        documents: how many it has.
        paragraphs: how many it has.
        selection: whether only a part of its files is here.
        page: whether it has an ``index.html``.
        supersedes: what was published in its place before texts were withdrawn, oldest first.
    """

    model_config = ConfigDict(frozen=True, extra="allow")

    version: str = Field(pattern=r"^[0-9]+\.[0-9]+\.[0-9]+(\+w[0-9]+)?$")
    path: str
    created: str
    content_digest: str
    sums_sha256: str
    documents: int | None = None
    paragraphs: int | None = None
    selection: bool | None = None
    page: bool | None = None
    supersedes: list[Superseded] = []

    @field_validator("path")
    @classmethod
    def _stays_beside_the_index(cls, path: str) -> str:
        if not is_safe(path) or "/" in path:
            raise ValueError("no name of a folder")
        return path


class Link(BaseModel):
    """A release that others may stand on, wherever it is."""

    model_config = ConfigDict(frozen=True)

    version: str
    content_digest: str


class Index(BaseModel):
    """All releases, oldest first.

    Attributes:
        name: what this file is.
        releases: those that are here.
        elsewhere: of a copy that has not all of them, what was said of the others where it
            came from; None where all of them are here.
    """

    model_config = ConfigDict(frozen=True, extra="allow")

    name: str = "onrecord-releases"
    releases: list[Entry] = []
    elsewhere: list[Link] | None = None


class Provenance(BaseModel):
    """What ``provenance.json`` says, as far as later runs rely on it.

    Attributes:
        parts: how many files a table or index file has, in each format, by name; those that are
            not named have one.
    """

    model_config = ConfigDict(frozen=True, extra="allow")

    version: str
    created: str
    content_digest: str
    table_digests: dict[str, str]
    parts: dict[str, Annotated[int, Field(ge=2, le=MOST_PARTS)]] = {}
    split_off: list[SplitOff] = []
    dataset: dict[str, Any] = {}
    supersedes: Superseded | None = None
    superseded_before: list[Superseded] = []


def version_key(version: str) -> tuple[int, ...]:
    """Sort key of a version: numbers, then the count of withdrawals."""
    base, _, withdrawal = version.partition("+w")
    return (*(int(part) for part in base.split(".")), int(withdrawal or 0))


def releases_folder(data: Path) -> Path:
    """Where the releases of a data folder are."""
    return data / "releases"


def read_provenance(release: Path) -> Provenance | None:
    """What a release says of itself; None where the folder holds no complete release."""
    try:
        text = (release / "provenance.json").read_text(encoding="utf-8")
        if not (release / "SHA256SUMS").is_file():
            return None
        return Provenance.model_validate_json(text)
    except (OSError, ValidationError):
        return None


def _hidden(folder: Path) -> set[str]:
    """Versions on disk that a withdrawal superseded, or has not put in place yet.

    The index decides: until it names the reissues, they are not there, and from then on what
    they supersede is not. So no mix of both is ever seen.
    """
    try:
        journal = json.loads((folder / JOURNAL).read_text(encoding="utf-8"))
        pairs = [(one["old"], one["new"]) for one in journal["reissues"]]
    except (OSError, ValueError, KeyError, TypeError):
        return set()
    try:
        index = Index.model_validate_json((folder / INDEX).read_bytes())
    except (OSError, ValidationError):
        index = Index()
    switched = {entry.version for entry in index.releases} & {new for _, new in pairs}
    return {old if switched else new for old, new in pairs}


def versions(data: Path) -> list[str]:
    """Versions of the complete releases on disk, oldest first."""
    folder = releases_folder(data)
    if not folder.is_dir():
        return []
    found = (
        read_provenance(entry)
        for entry in folder.iterdir()
        if entry.is_dir() and not entry.name.startswith(".")
    )
    hidden = _hidden(folder)
    return sorted((p.version for p in found if p and p.version not in hidden), key=version_key)


def release_path(data: Path, version: str | None = None) -> Path:
    """The folder of a release.

    Args:
        data: the data folder.
        version: which; the latest where None.

    Raises:
        NotFoundError: there is none, or not that one.
    """
    known = versions(data)
    if not known:
        raise NotFoundError(f"{data}: no release yet. Make one with `onrecord release`.")
    if version is None:
        version = known[-1]
    if version not in known:
        raise NotFoundError(f"{data}: no release {version}; there is {', '.join(known)}.")
    return releases_folder(data) / version.replace("+", "_")


def as_json(content: object) -> str:
    """JSON as we publish it: indented, UTF-8, in the given order, with a final line feed."""
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def release_counts(release: Path) -> dict[str, int | bool | None]:
    """What the index says of a release besides its digests, from the release's own files."""
    try:
        figures = json.loads((release / "quality.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        figures = {}
    counts = {name: figures.get(name) for name in ("documents", "paragraphs")}
    return {
        **counts,
        "selection": True if (release / SELECTION).is_file() else None,
        "page": True if (release / PAGE).is_file() else None,
    }


def versions_page(index: Index, folder: Path) -> str:
    """``index.html`` beside an index: the releases, newest first.

    Args:
        index: with a release that has a page.
        folder: where the releases are; only the latest must be here.
    """
    from onrecord.page.render import render_versions  # noqa: PLC0415 (readers never need it)

    newest = list(reversed(index.releases))
    try:
        raw = (folder / newest[0].path / "datapackage.json").read_text(encoding="utf-8")
        package = json.loads(raw)
    except (OSError, ValueError):
        package = {}
    assets = next(entry.path for entry in newest if entry.page)
    return render_versions(
        package.get("title", "Onrecord dataset"),
        package.get("description", ""),
        f"{assets}/assets",
        [entry.model_dump() for entry in newest],
    )


def _superseded(facts: Provenance) -> list[Superseded]:
    """What a release took the place of, oldest first."""
    return [*facts.superseded_before, facts.supersedes] if facts.supersedes else []


def local_feed(folder: Path, index: Index) -> str:
    """The feed of a folder of releases.

    Args:
        folder: of the releases.
        index: of the folder, with one release at least.
    """
    latest = folder / index.releases[-1].path
    facts = read_provenance(latest)
    try:
        log = (latest / "CHANGELOG.md").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):  # damage there is for `onrecord verify` to find
        log = ""
    return feed(index, facts.dataset if facts else {}, log)


def rewrite_index(data: Path, sums: dict[str, str]) -> bool:
    """Bring ``index.json``, ``latest.json`` and ``feed.atom`` in line with what is on disk.

    Args:
        data: the data folder.
        sums: sha256 of ``SHA256SUMS`` of each version that is to be visible.

    Returns:
        Whether anything had to be written.
    """
    folder = releases_folder(data)
    entries = []
    for version in sorted(sums, key=version_key):
        path = folder / version.replace("+", "_")
        provenance = read_provenance(path)
        assert provenance is not None
        entries.append(
            Entry(
                version=version,
                path=path.name,
                created=provenance.created,
                content_digest=provenance.content_digest,
                sums_sha256=sums[version],
                supersedes=_superseded(provenance),
                **release_counts(path),
            )
        )
    index = Index(releases=entries)
    wanted = {INDEX: as_json(index.model_dump(exclude_none=True))}
    if entries:
        wanted[LATEST] = as_json(entries[-1].model_dump(exclude_none=True))
        wanted[FEED] = local_feed(folder, index)
    if any(entry.page for entry in entries):
        wanted[PAGE] = versions_page(index, folder)
    written = False
    for name, content in wanted.items():
        path = folder / name
        if not path.is_file() or path.read_text(encoding="utf-8") != content:
            write_atomically(path, content)
            written = True
    return written
