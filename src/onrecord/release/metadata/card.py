"""The head of README.md: what the Hugging Face Hub and its library read of a dataset.

With it ``datasets.load_dataset(folder, "paragraphs")`` finds the table, on disk as on the Hub.
"""

from typing import Any

import yaml

from onrecord.records.schema import TABLES
from onrecord.release.layout import table_path
from onrecord.release.metadata.snippets import pattern
from onrecord.release.metadata.subject import Subject, without_none

_DEFAULT = "paragraphs"
#: The Hub's own names of some licences; what is not among them is `other` there.
_LICENCES = {
    *("apache-2.0", "mit", "bsd-3-clause", "gpl-3.0", "cc0-1.0", "cc-by-4.0", "cc-by-3.0"),
    *("cc-by-sa-4.0", "cc-by-sa-3.0", "cc-by-nc-4.0", "cc-by-nd-4.0", "cc-by-nc-sa-4.0"),
    *("cc-by-nc-nd-4.0", "pddl", "odc-by", "odbl"),
}
_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (10**6, "100K<n<1M"))


def _size(rows: int) -> str:
    return next((name for limit, name in _SIZES if rows < limit), "n>1M")


def _licence(subject: Subject) -> dict[str, str]:
    """One licence where all texts and the compilation have the same; else words."""
    stated = subject.licences()
    if len(stated) == 1 and stated[0].lower() in _LICENCES:
        return {"license": stated[0].lower()}
    name = " AND ".join(stated) if stated else "rights-of-each-source"
    return {"license": "other", "license_name": name, "license_link": "#sources"}


def _files(name: str, subject: Subject) -> str:
    path = table_path(name)
    return pattern(path) if name in subject.parts else path


def card_head(subject: Subject) -> str:
    """The YAML block with which ``README.md`` begins, its fences included."""
    configs: list[dict[str, Any]] = [
        {"config_name": name, "data_files": _files(name, subject)}
        | ({"default": True} if name == _DEFAULT else {})
        for name in TABLES
        if subject.rows[name]  # the library takes a table without rows for a broken one
    ]
    languages = sorted({tag.split("-")[0] for tag in subject.languages})
    content = without_none(
        {
            "pretty_name": subject.dataset.title,
            "language": languages,
            **_licence(subject),
            "tags": list(subject.dataset.keywords),
            "size_categories": [_size(subject.rows["paragraphs"])],
            "configs": configs,
        }
    )
    text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=100)
    return f"---\n{text}---\n\n"
