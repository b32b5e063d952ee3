"""Which files a release has besides its descriptions, by name.

A table or an index file with more rows than one file should have is a folder of parts, under the
name that the file would have. ``provenance.json`` says how many there are, so that a reader
knows their names before it asks for any.
"""

from collections.abc import Mapping

#: No table has more parts: their numbers have five digits, so that the order of their names is
#: that of their rows.
MOST_PARTS = 99_999

OCCURRENCES_BY_PARAGRAPH = "occurrences-by-paragraph"
VARIANTS_BY_OTHER = "variants-by-other"
CHANGES_BY_SOURCE = "changes-by-source"
COMPOSITE_PLACES = "composites"

#: What each index file is for, in the order in which they are listed.
INDEXES = {
    OCCURRENCES_BY_PARAGRAPH: "Where each paragraph stands, by paragraph",
    VARIANTS_BY_OTHER: "Variants, by the paragraph with the higher id",
    CHANGES_BY_SOURCE: "Number of changes, by table, kind, reason and source",
    COMPOSITE_PLACES: "Retired paragraphs that are made of several others now",
}


#: What describes a release for other programs; see ``release.metadata``.
DESCRIPTIONS = (
    "CITATION.cff",
    "croissant.json",
    "datacite.json",
    "ro-crate-metadata.json",
    "zenodo.json",
)


def table_path(name: str, form: str = "parquet") -> str:
    """Where a table is within its release; see `part_paths` where it has several files.

    Args:
        name: of the table.
        form: csv or parquet.
    """
    return f"{form}/{name}.{form}"


def index_path(name: str) -> str:
    """Where an index file is within its release; see `part_paths`."""
    return f"index/{name}.parquet"


def part_path(path: str, number: int) -> str:
    """Where one part of a table or index file is.

    Args:
        path: where it would be in one file.
        number: of the part, from 1.
    """
    stem, _, suffix = path.rpartition(".")
    return f"{stem}/{stem.rpartition('/')[2]}-{number:05}.{suffix}"


def part_paths(path: str, parts: Mapping[str, int]) -> list[str]:
    """The files of a table or index file, in the order of their rows.

    Args:
        path: see `table_path` and `index_path`.
        parts: how many there are, by name, as ``provenance.json`` says; what is not named is
            one file.
    """
    name = path.rpartition("/")[2].rpartition(".")[0]
    n = parts.get(name)
    return [path] if n is None else [part_path(path, i) for i in range(1, n + 1)]
