"""``ro-crate-metadata.json``: the release as a research object, in RO-Crate 1.1."""

from typing import Any

from onrecord.release.dataset import Contributor
from onrecord.release.metadata.subject import RIGHTS, Subject, licence_url, personal, without_none

_RIGHTS = "#rights"
#: RO-Crate 1.1 has no word for checksums; schema.org has.
_CONTEXT = ["https://w3id.org/ro/crate/1.1/context", {"sha256": "https://schema.org/sha256"}]
#: What explains a release; the tables and index files are listed from the descriptor.
_PAGES = {
    "README.md": ("What is in this release", "text/markdown"),
    "CHANGELOG.md": ("What changed from release to release", "text/markdown"),
    "datapackage.json": ("Every table and column, sizes and hashes", "application/json"),
    "provenance.json": ("Digests, code, settings", "application/json"),
    "quality.json": ("Counts and rates", "application/json"),
    "CITATION.cff": ("How to cite it", "text/yaml"),
}


def _agent(one: Contributor, number: int) -> dict[str, Any]:
    return without_none(
        {
            "@id": one.orcid or one.path or f"#contributor-{number}",
            "@type": "Person" if personal(one) else "Organization",
            "name": one.title,
            "givenName": one.given_name,
            "familyName": one.family_name,
        }
    )


def _licences(subject: Subject) -> list[dict[str, Any]]:
    """The rights, as entities."""
    rights = {"@id": _RIGHTS, "@type": "CreativeWork", "name": "Rights", "description": RIGHTS}
    known = [
        {"@id": url, "@type": "CreativeWork", "name": spdx, "description": f"SPDX {spdx}"}
        for spdx in subject.licences()
        if (url := licence_url(spdx))
    ]
    return [rights, *known]


def _refer(entities: list[dict[str, Any]]) -> Any:
    """References to entities; a single one stands alone, as the specification wants it."""
    found = [{"@id": one["@id"]} for one in entities]
    return found[0] if len(found) == 1 else found


def ro_crate(subject: Subject) -> dict[str, Any]:
    """``ro-crate-metadata.json``."""
    dataset = subject.dataset
    people = [_agent(one, i) for i, one in enumerate(dataset.creators(), 1)]
    publisher = {"@id": "#publisher", "@type": "Organization", "name": dataset.publisher()}
    licences = _licences(subject)
    files = [
        {"@id": name, "@type": "File", "name": title, "description": title}
        | {"encodingFormat": media}
        for name, (title, media) in _PAGES.items()
    ]
    files += [
        {
            "@id": file.name,
            "@type": "File",
            "name": file.title,
            "description": file.title,
            "encodingFormat": file.media_type,
            "contentSize": str(file.bytes),
            "sha256": file.sha256,
        }
        for file in subject.files
    ]
    root = without_none(
        {
            "@id": "./",
            "@type": "Dataset",
            "name": dataset.title,
            "description": subject.description,
            "version": subject.version,
            "datePublished": subject.created,
            "identifier": f"https://doi.org/{dataset.doi}" if dataset.doi else None,
            "url": subject.page,
            "keywords": list(dataset.keywords),
            "inLanguage": list(subject.languages),
            "license": _refer(licences),
            "author": _refer(people),
            "publisher": {"@id": "#publisher"},
            "hasPart": [{"@id": file["@id"]} for file in files],
        }
    )
    about = {
        "@id": "ro-crate-metadata.json",
        "@type": "CreativeWork",
        "about": {"@id": "./"},
        "conformsTo": {"@id": "https://w3id.org/ro/crate/1.1"},
    }
    graph = [about, root, *people, publisher, *licences, *files]
    return {"@context": _CONTEXT, "@graph": graph}
