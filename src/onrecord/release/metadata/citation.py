"""How to cite a release: CITATION.cff, BibTeX, and one line of text."""

from typing import Any

import yaml

from onrecord.release.dataset import Contributor
from onrecord.release.metadata.subject import Subject, licence_url, personal, without_none

_DIGEST = "content digest of the records, whatever the file format"


def _author(one: Contributor) -> dict[str, Any]:
    known = {"orcid": one.orcid, "website": one.path}
    if personal(one):
        names = {"family-names": one.family_name, "given-names": one.given_name}
        return without_none({**names, "affiliation": one.organization, **known})
    return without_none({"name": one.title, **known})


def citation_cff(subject: Subject) -> str:
    """``CITATION.cff``, in version 1.2.0 of the Citation File Format."""
    dataset = subject.dataset
    licences = [one for one in subject.licences() if licence_url(one)]
    identifiers = [{"type": "other", "value": f"sha256:{subject.digest}", "description": _DIGEST}]
    if dataset.doi:
        every = "the dataset as a whole, all versions"
        identifiers.insert(0, {"type": "doi", "value": dataset.doi, "description": every})
    content = without_none(
        {
            "cff-version": "1.2.0",
            "message": "If you use this dataset, cite it as below, with its version.",
            "type": "dataset",
            "title": dataset.title,
            "version": subject.version,
            "date-released": subject.date,
            "authors": [_author(one) for one in dataset.creators()],
            "abstract": subject.description,
            "keywords": list(dataset.keywords),
            "license": licences[0] if len(licences) == 1 else licences,
            "url": subject.page,
            "identifiers": identifiers,
        }
    )
    text: str = yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=100)
    return text


def _where(subject: Subject) -> str | None:
    doi = subject.dataset.doi
    return f"https://doi.org/{doi}" if doi else subject.page


def citation_text(subject: Subject) -> str:
    """One line, to be put under a text."""
    authors = "; ".join(one.title for one in subject.dataset.creators())
    by = subject.dataset.publisher()
    publisher = "" if by == authors else f"{by}. "
    where = f" {_where(subject)}." if _where(subject) else ""
    return (
        f"{authors} ({subject.date[:4]}): {subject.dataset.title}. Version {subject.version}. "
        f"{publisher}Dataset.{where} Content digest sha256:{subject.digest}."
    )


def bibtex(subject: Subject) -> str:
    """An entry for BibTeX."""
    authors = " and ".join(
        f"{one.family_name}, {one.given_name}" if personal(one) else f"{{{_tex(one.title)}}}"
        for one in subject.dataset.creators()
    )
    fields = without_none(
        {
            "author": authors,
            "title": f"{{{_tex(subject.dataset.title)}}}",
            "year": subject.date[:4],
            "version": subject.version,
            "publisher": _tex(subject.dataset.publisher()),
            "doi": subject.dataset.doi,
            "url": subject.page,
            "note": f"Dataset. Content digest sha256:{subject.digest}",
        }
    )
    key = f"{subject.dataset.name}-{subject.version}".replace("+", "-")
    lines = ",\n".join(f"  {name} = {{{value}}}" for name, value in fields.items())
    return f"@misc{{{key},\n{lines}\n}}\n"


def _tex(words: str) -> str:
    """Words with what TeX would take for commands made harmless."""
    kept = words.translate(str.maketrans("{}\\", "()/"))
    return "".join(f"\\{sign}" if sign in "&%$#_" else sign for sign in kept)
