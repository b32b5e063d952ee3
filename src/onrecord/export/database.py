"""Exports that are one database with all tables, and ``about``, which says what it is."""

import contextlib
import sqlite3
from pathlib import Path

import pyarrow as pa

from onrecord.errors import ConfigurationError, RefusedError
from onrecord.export.tables import Tables
from onrecord.records.schema import TableSchema
from onrecord.records.schema import schema as described

_KINDS = {
    pa.int64(): ("INTEGER", "BIGINT"),
    pa.float64(): ("REAL", "DOUBLE"),
    pa.bool_(): ("INTEGER", "BOOLEAN"),
}
#: Rows that are handed to SQLite at once.
_ROWS = 10_000


def _about(tables: Tables) -> list[tuple[str, str]]:
    """What whoever is given the file must know to cite it."""
    facts = tables.release.provenance
    return [("version", facts.version), ("content_digest", facts.content_digest)]


def _quoted(*names: str) -> str:
    return ", ".join(f'"{name}"' for name in names)


def _columns(schema: pa.Schema, dialect: int) -> list[str]:
    return [
        f'"{field.name}" {_KINDS.get(field.type, ("TEXT", "VARCHAR"))[dialect]}'
        + ("" if field.nullable else " NOT NULL")
        for field in schema
    ]


def _keys(table: TableSchema, names: list[str]) -> list[str]:
    """The constraints of a table; an older release may lack a column of a key."""
    keys = []
    if set(table.primary_key) <= set(names):
        keys.append(f"PRIMARY KEY ({_quoted(*table.primary_key)})")
    for key in table.foreign_keys:
        there = f'"{key.reference.resource}" ({_quoted(*key.reference.fields)})'
        keys.append(f"FOREIGN KEY ({_quoted(*key.fields)}) REFERENCES {there}")
    return keys


def sqlite(tables: Tables, path: Path) -> dict[str, int]:
    """Write an SQLite database with primary and foreign keys; return the rows of each table.

    Truth values are 0 and 1. Columns that refer to other tables have an index.

    Raises:
        RefusedError: SQLite can't write it.
    """
    try:
        with contextlib.closing(sqlite3.connect(path)) as database:
            # A draft needs no journal: after a crash it is written again.
            database.execute("PRAGMA journal_mode = OFF")
            database.execute("PRAGMA synchronous = OFF")
            counts = {name: _fill(database, tables, name) for name in tables.names}
            database.execute("CREATE TABLE about (key TEXT PRIMARY KEY, value TEXT NOT NULL)")
            database.executemany("INSERT INTO about VALUES (?, ?)", _about(tables))
            database.commit()
            return counts
    except sqlite3.Error as error:
        raise RefusedError(f"{path.parent}: SQLite can't write there: {error}.") from None


def _fill(database: sqlite3.Connection, tables: Tables, name: str) -> int:
    """Make one table of an SQLite database."""
    schema, table = tables.schema(name), described(name)
    parts = ", ".join([*_columns(schema, 0), *_keys(table, schema.names)])
    database.execute(f'CREATE TABLE "{name}" ({parts})')
    places = ", ".join("?" * len(schema))
    rows = 0
    for piece in tables.pieces(name):
        for batch in piece.to_batches(max_chunksize=_ROWS):
            columns = [column.to_pylist() for column in batch.columns]
            database.executemany(
                f'INSERT INTO "{name}" VALUES ({places})', zip(*columns, strict=True)
            )
            rows += batch.num_rows
    for key in table.foreign_keys:
        if key.fields != table.primary_key[: len(key.fields)]:
            index = _quoted(f"{name}_by_{'_'.join(key.fields)}")
            database.execute(f'CREATE INDEX {index} ON "{name}" ({_quoted(*key.fields)})')
    return rows


def duckdb(tables: Tables, path: Path) -> dict[str, int]:
    """Write a DuckDB database; return the rows of each table.

    Keys are not declared: DuckDB would keep an index of each in memory. They hold all the same.

    Raises:
        ConfigurationError: DuckDB is not installed.
        RefusedError: it can't write.
    """
    try:
        import duckdb as driver  # noqa: PLC0415
    except ImportError:
        raise ConfigurationError(
            "--format duckdb: DuckDB is not installed: pip install 'onrecord[duckdb]'"
        ) from None
    counts = {}
    # Nothing else is looked for or fetched while a file of ours is written.
    settings: dict[str, str | bool | int | float | list[str]] = {
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
    }
    try:
        with driver.connect(path, config=settings) as database:
            for name in tables.names:
                parts = ", ".join(_columns(tables.schema(name), 1))
                database.execute(f'CREATE TABLE "{name}" ({parts})')
                counts[name] = 0
                for piece in tables.pieces(name):
                    database.register("piece", piece)
                    database.execute(f'INSERT INTO "{name}" SELECT * FROM piece')
                    database.unregister("piece")
                    counts[name] += piece.num_rows
            database.execute("CREATE TABLE about (key VARCHAR, value VARCHAR NOT NULL)")
            database.executemany("INSERT INTO about VALUES (?, ?)", _about(tables))
    except driver.Error as error:
        raise RefusedError(f"{path.parent}: DuckDB can't write there: {error}") from None
    return counts
