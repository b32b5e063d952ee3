"""Descriptions of a release for other programs, all made from one `Subject`.

A module each format; every function is pure, and the same release gives the same bytes.
"""

from collections.abc import Mapping
from typing import Any

import polars as pl

from onrecord.release.catalog import as_json
from onrecord.release.dataset import Dataset
from onrecord.release.metadata.archives import datacite, zenodo
from onrecord.release.metadata.citation import bibtex, citation_cff, citation_text
from onrecord.release.metadata.croissant import croissant
from onrecord.release.metadata.rocrate import ro_crate
from onrecord.release.metadata.schema_org import schema_org
from onrecord.release.metadata.subject import File, Subject
from onrecord.scratch import Rows

__all__ = [
    "Subject",
    "bibtex",
    "citation_text",
    "descriptions",
    "schema_org",
    "subject_of",
]

_JSON = {
    "croissant.json": croissant,
    "datacite.json": datacite,
    "ro-crate-metadata.json": ro_crate,
    "zenodo.json": zenodo,
}


def subject_of(
    dataset: Dataset,
    version: str,
    created: str,
    digest: str,
    tables: Mapping[str, Rows],
    resources: list[dict[str, Any]],
    parts: Mapping[str, int],
) -> Subject:
    """Gather what the descriptions are made from.

    Args:
        dataset: what ``dataset.yml`` says.
        version, created: of the release.
        digest: content digest of its records.
        tables: of the release.
        resources: as ``datapackage.json`` lists them, with sizes and hashes.
        parts: see ``layout.part_paths``.
    """
    tags = tables["documents"].lazy().select(pl.col("language").unique()).collect()
    return Subject(
        dataset,
        version,
        created,
        digest,
        tables["sources"].table().to_pylist(),
        sorted(tag for tag in tags["language"].to_list() if tag),
        {name: rows.num_rows for name, rows in tables.items()},
        [
            File(
                one["path"],
                one["title"],
                one["mediatype"],
                one["bytes"],
                one["hash"].removeprefix("sha256:"),
            )
            for one in resources
            if "hash" in one
        ],
        parts,
    )


def descriptions(subject: Subject) -> dict[str, str]:
    """The describing files of a release, by name."""
    made = {name: as_json(make(subject)) for name, make in _JSON.items()}
    return {"CITATION.cff": citation_cff(subject), **made}
