"""schema.org's description of a dataset, which search engines read in a page."""

from typing import Any

from onrecord.release.dataset import Contributor
from onrecord.release.metadata.citation import citation_text
from onrecord.release.metadata.subject import RIGHTS, Subject, licence_url, personal, without_none


def agent(one: Contributor) -> dict[str, Any]:
    """A contributor, as schema.org knows persons and organisations."""
    if not personal(one):
        return without_none({"@type": "Organization", "name": one.title, "url": one.path})
    works = {"@type": "Organization", "name": one.organization} if one.organization else None
    return without_none(
        {
            "@type": "Person",
            "@id": one.orcid,
            "name": one.title,
            "givenName": one.given_name,
            "familyName": one.family_name,
            "affiliation": works,
            "url": one.path,
        }
    )


def _source(row: dict[str, Any]) -> dict[str, Any]:
    origin = row["origin"]
    url = origin if origin.startswith(("https://", "http://")) else None
    licence = (licence_url(row["license"]) or row["license"]) if row["license"] else None
    found = {"@type": "CreativeWork", "name": row["title"], "url": url, "license": licence}
    return without_none(found)


def schema_org(subject: Subject) -> dict[str, Any]:
    """The dataset as JSON-LD, to be embedded in a page beside the files of the release."""
    base = f"{subject.address}/" if subject.address else ""
    doi = subject.dataset.doi
    licences = [licence_url(one) or one for one in subject.licences()]
    return without_none(
        {
            "@context": "https://schema.org/",
            "@type": "Dataset",
            "name": subject.dataset.title,
            "description": subject.description,
            "version": subject.version,
            "datePublished": subject.created,
            "url": subject.page,
            "identifier": [
                *([f"https://doi.org/{doi}"] if doi else []),
                f"sha256:{subject.digest}",
            ],
            "license": licences or RIGHTS,
            "usageInfo": RIGHTS,
            "isAccessibleForFree": True,
            "creator": [agent(one) for one in subject.dataset.creators()],
            "publisher": {"@type": "Organization", "name": subject.dataset.publisher()},
            "keywords": list(subject.dataset.keywords),
            "inLanguage": list(subject.languages),
            "creditText": citation_text(subject),
            "isBasedOn": [_source(dict(row)) for row in subject.sources],
            "distribution": [
                {
                    "@type": "DataDownload",
                    "name": file.title,
                    "contentUrl": f"{base}{file.name}",
                    "encodingFormat": file.media_type,
                    "contentSize": f"{file.bytes} B",
                    "sha256": file.sha256,
                }
                for file in subject.files
                if not file.name.startswith("index/")
            ],
        }
    )
