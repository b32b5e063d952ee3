"""Which files a release has besides its descriptions, by name."""

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


def table_path(name: str) -> str:
    """Where a table is within its release, as Parquet."""
    return f"parquet/{name}.parquet"


def index_path(name: str) -> str:
    """Where an index file is within its release."""
    return f"index/{name}.parquet"
