"""``croissant.json``: the tables for machine learning, in MLCommons' Croissant 1.0.

Each Parquet file is a file object, the parts of a table together are a file set, and each table is
a record set with the types and the key of its schema.
"""

from typing import Any

from onrecord.records.schema import TABLES, TableField, schema
from onrecord.release.layout import part_paths, table_path
from onrecord.release.metadata.citation import bibtex
from onrecord.release.metadata.schema_org import agent
from onrecord.release.metadata.snippets import pattern
from onrecord.release.metadata.subject import RIGHTS, File, Subject, licence_url, without_none

PARQUET = "application/x-parquet"
_TYPES = {
    "string": "sc:Text",
    "integer": "sc:Integer",
    "number": "sc:Float",
    "boolean": "sc:Boolean",
}
_CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "equivalentProperty": "cr:equivalentProperty",
    "extract": "cr:extract",
    "field": "cr:field",
    "fileProperty": "cr:fileProperty",
    "fileObject": "cr:fileObject",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}


def _field(table: str, column: TableField, several: bool) -> dict[str, Any]:
    return {
        "@type": "cr:Field",
        "@id": f"{table}/{column.name}",
        "name": f"{table}/{column.name}",
        "description": column.description,
        "dataType": _TYPES[column.type],
        "source": {
            "fileSet" if several else "fileObject": {"@id": f"{table}-parquet"},
            "extract": {"column": column.name},
        },
    }


def _records(table: str, several: bool) -> dict[str, Any]:
    """A record set. Foreign keys are left out: mlcroissant 1.1 would join tables at each read."""
    described = schema(table)
    return {
        "@type": "cr:RecordSet",
        "@id": table,
        "name": table,
        "description": described.description,
        "key": [{"@id": f"{table}/{name}"} for name in described.primary_key],
        "field": [_field(table, column, several) for column in described.fields],
    }


def _file(name: str, file: File) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": name,
        "name": name,
        "description": file.title,
        "contentUrl": file.name,
        "contentSize": f"{file.bytes} B",
        "encodingFormat": PARQUET,
        "sha256": file.sha256,
    }


def _file_set(name: str, path: str, parts: list[dict[str, Any]]) -> dict[str, Any]:
    """All parts of a table as one."""
    return {
        "@type": "cr:FileSet",
        "@id": name,
        "name": name,
        "description": f"All parts of {name}, in the order of their names",
        "encodingFormat": PARQUET,
        "includes": pattern(path),
    }


def croissant(subject: Subject) -> dict[str, Any]:
    """``croissant.json``; paths are relative to it, so that it works wherever the files are."""
    by_name = {file.name: file for file in subject.files}
    distribution = []
    for name in TABLES:
        files = [by_name[path] for path in part_paths(table_path(name), subject.parts)]
        if len(files) == 1:
            distribution.append(_file(f"{name}-parquet", files[0]))
            continue
        parts = [_file(f"{name}-parquet-{i:05}", file) for i, file in enumerate(files, 1)]
        distribution += [*parts, _file_set(f"{name}-parquet", table_path(name), parts)]
    licences = [licence_url(one) or one for one in subject.licences()]
    return without_none(
        {
            "@context": _CONTEXT,
            "@type": "sc:Dataset",
            "conformsTo": "http://mlcommons.org/croissant/1.0",
            "name": subject.dataset.name,
            "alternateName": subject.dataset.title,
            "description": subject.description,
            "version": subject.version,
            "datePublished": subject.created,
            "license": licences or [RIGHTS],
            "url": subject.page,
            "creator": [agent(one) for one in subject.dataset.creators()],
            "publisher": {"@type": "Organization", "name": subject.dataset.publisher()},
            "keywords": list(subject.dataset.keywords),
            "inLanguage": list(subject.languages),
            "citeAs": bibtex(subject),
            "isLiveDataset": False,
            "distribution": distribution,
            "recordSet": [_records(name, name in subject.parts) for name in TABLES],
        }
    )
