"""What archives of research data read: DataCite's metadata and that of Zenodo."""

from html import escape
from typing import Any

from onrecord.release.dataset import Contributor
from onrecord.release.metadata.subject import (
    RIGHTS,
    Subject,
    inverted,
    licence_url,
    personal,
    without_none,
)

_DATACITE_ROLES = {
    "contact": "ContactPerson",
    "curator": "DataCurator",
    "editor": "Editor",
    "other": "Other",
}


def _named(one: Contributor) -> dict[str, Any]:
    """A contributor, as DataCite lists names."""
    ids = [
        {"nameIdentifier": one.orcid, "nameIdentifierScheme": "ORCID"}
        | {"schemeUri": "https://orcid.org"}
    ]
    return without_none(
        {
            "name": inverted(one),
            "nameType": "Personal" if personal(one) else "Organizational",
            "givenName": one.given_name,
            "familyName": one.family_name,
            "nameIdentifiers": ids if one.orcid else None,
            "affiliation": [{"name": one.organization}] if one.organization else None,
        }
    )


def _rights(subject: Subject) -> list[dict[str, str]]:
    rights = [{"rights": RIGHTS}]
    for spdx in subject.licences() or filter(None, [subject.dataset.license]):
        whole = subject.licences()
        words = spdx if whole else f"{spdx} for the compilation: ids, links and tables"
        url = licence_url(spdx)
        known = {"rightsUri": url, "rightsIdentifier": spdx, "rightsIdentifierScheme": "SPDX"}
        rights.append({"rights": words, **(known if url else {})})  # type: ignore[dict-item]
    return rights


def datacite(subject: Subject) -> dict[str, Any]:
    """``datacite.json``: the attributes with which a DOI is registered, in schema 4.5."""
    dataset = subject.dataset
    roles = [(one, _DATACITE_ROLES.get(one.role)) for one in dataset.contributors]
    whole = [
        {
            "relatedIdentifier": dataset.doi,
            "relatedIdentifierType": "DOI",
            "relationType": "IsVersionOf",
        }
    ]
    digest = {
        "alternateIdentifier": f"sha256:{subject.digest}",
        "alternateIdentifierType": "Onrecord content digest",
    }
    return without_none(
        {
            "schemaVersion": "http://datacite.org/schema/kernel-4",
            "types": {"resourceTypeGeneral": "Dataset", "resourceType": "Text corpus"},
            "creators": [_named(one) for one in dataset.creators()],
            "titles": [{"title": dataset.title}],
            "publisher": {"name": dataset.publisher()},
            "publicationYear": subject.date[:4],
            "version": subject.version,
            "subjects": [{"subject": word} for word in dataset.keywords],
            "contributors": [
                {**_named(one), "contributorType": role} for one, role in roles if role
            ],
            "dates": [{"date": subject.date, "dateType": "Issued"}],
            "language": subject.languages[0] if len(subject.languages) == 1 else None,
            "alternateIdentifiers": [digest],
            "relatedIdentifiers": whole if dataset.doi else None,
            "sizes": [f"{subject.rows[name]} {name}" for name in ("documents", "paragraphs")],
            "formats": ["text/csv", "application/vnd.apache.parquet"],
            "rightsList": _rights(subject),
            "descriptions": [{"description": subject.description, "descriptionType": "Abstract"}],
            "fundingReferences": [
                {"funderName": one.title} for one in dataset.contributors if one.role == "funder"
            ],
        }
    )


def _depositor(one: Contributor) -> dict[str, Any]:
    orcid = one.orcid.rpartition("/")[2] if one.orcid else None
    return without_none({"name": inverted(one), "affiliation": one.organization, "orcid": orcid})


def zenodo(subject: Subject) -> dict[str, Any]:
    """``zenodo.json``: what Zenodo reads as ``.zenodo.json`` or takes with a deposit.

    Where a source states no licence the licence is given as "not open": Zenodo would else put an
    open one in its place, which nobody granted.
    """
    dataset = subject.dataset
    licences = subject.licences()
    roles = [(one, _DATACITE_ROLES.get(one.role)) for one in dataset.contributors]
    related = [{"identifier": dataset.doi, "relation": "isVersionOf", "scheme": "doi"}]
    words = escape(subject.description, quote=False)
    return without_none(
        {
            "upload_type": "dataset",
            "title": dataset.title,
            "description": f"<p>{words}</p><p>{RIGHTS}</p>",
            "creators": [_depositor(one) for one in dataset.creators()],
            "contributors": [{**_depositor(one), "type": role} for one, role in roles if role],
            "version": subject.version,
            "publication_date": subject.date,
            "keywords": list(dataset.keywords),
            "access_right": "open",
            "license": licences[0].lower() if len(licences) == 1 else "other-closed",
            "related_identifiers": related if dataset.doi else None,
            "notes": f"Content digest of the records: sha256:{subject.digest}",
        }
    )
