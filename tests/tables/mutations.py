"""Valid tables of every type and constraint, and ways to damage them."""

import csv
import io
import json
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

V2 = "https://datapackage.org/profiles/2.0/datapackage.json"
Field = dict[str, Any]


def field(name: str, type: str, valid: list[str], **more: Any) -> tuple[Field, list[str]]:
    constraints = more.pop("constraints", {})
    return {"name": name, "type": type, "constraints": constraints, **more}, valid


#: A field, and cells that it allows.
CATALOGUE = [
    field("plain", "string", ["a", "b c", 'say "x"', "x,y", "two\nlines", "é"]),
    field("needed", "string", ["a", "b"], constraints={"required": True, "minLength": 1}),
    field("short", "string", ["ab", "abc", "éé"], constraints={"minLength": 2, "maxLength": 3}),
    field("code", "string", ["A1", "B22"], constraints={"pattern": "[A-Z][0-9]{1,2}"}),
    field("word", "string", ["ab1", "x_y"], constraints={"pattern": r"\w+"}),
    field("digits", "string", ["12", "9"], constraints={"pattern": r"^\d+$"}),
    field("ahead", "string", ["ab", "abx"], constraints={"pattern": "a(?=b).*"}),
    field("kind", "string", ["red", "blue"], constraints={"enum": ["red", "blue", ""]}),
    field("mail", "string", ["a@example.org", "x.y@a-b.com"], format="email"),
    field("uri", "string", ["http://example.org/a", "urn:x:y"], format="uri"),
    field("uuid", "string", ["2bc1c94f-0deb-43e9-92a1-4775189ec9f8"], format="uuid"),
    field("blob", "string", ["YWJj", "YQ=="], format="binary"),
    field("count", "integer", ["0", "7", "10"], constraints={"minimum": 0, "maximum": 10}),
    field("above", "integer", ["1", "9"], constraints={"exclusiveMinimum": 0}),
    field("odd", "integer", ["1", "3"], constraints={"enum": [1, 3, "5"]}),
    field("price", "integer", ["5 EUR", "$7"], bareNumber=False),
    field("size", "number", ["0.5", "1e3", "2"], constraints={"minimum": 0, "maximum": "1e3"}),
    field("below", "number", ["-1.5", "0"], constraints={"exclusiveMaximum": 1.25}),
    field("euro", "number", ["1.234,5", "7"], decimalChar=",", groupChar="."),
    field("share", "number", ["5%", "12.5 %"], bareNumber=False),
    field("rough", "number", ["0.1", "2"], floatNumber=True, constraints={"minimum": 0.1}),
    field("few", "number", ["1.50", "2"], constraints={"enum": ["1.5", 2]}),
    field("yes", "boolean", ["true", "0"], constraints={"enum": [True, False]}),
    field("ja", "boolean", ["ja", "nein"], trueValues=["ja"], falseValues=["nein"]),
    field("day", "date", ["2020-01-31", "2024-02-29"], constraints={"minimum": "2020-01-01"}),
    field("tag", "date", ["31.01.2020", "1.2.2021"], format="%d.%m.%Y"),
    field("anyday", "date", ["2020-01-31", "1 May 2021"], format="any"),
    field("moment", "datetime", ["2020-01-31T10:00:00Z", "2021-01-01T00:00:00"]),
    field(
        "before",
        "datetime",
        ["2020-01-31T10:00:00Z", "2019-01-01T00:00:00Z"],
        constraints={"maximum": "2021-01-01T00:00:00Z"},
    ),
    field(
        "local",
        "datetime",
        ["2020-01-31 10:00:00"],
        format="%Y-%m-%d %H:%M:%S",
        constraints={"minimum": "2000-01-01 00:00:00"},
    ),
    field("hour", "time", ["10:00:00", "23:59:59"], constraints={"maximum": "23:59:59"}),
    field("clock", "time", ["10:00", "23:59"], format="%H:%M"),
    field("born", "year", ["1999", "2020"], constraints={"minimum": "1900"}),
    field("month", "yearmonth", ["2020-01", "1999-12"], constraints={"maximum": "2030-01"}),
    field("span", "duration", ["P1Y", "PT5M"], constraints={"enum": ["P1Y", "PT5M", "P2D"]}),
    field("made", "object", ['{"a": 1}', "{}"], constraints={"maxLength": 1}),
    field("many", "array", ["[1, 2]", "[]"], constraints={"maxLength": 2}),
    field("items", "array", ["[1, 2]", "[3]"], arrayItem={"type": "integer"}),
    field("names", "list", ["a,b", "c"], constraints={"minLength": 1}),
    field("nums", "list", ["1;2", "3"], delimiter=";", itemType="integer"),
    field("place", "geopoint", ["1.5, 2", "-180,90"]),
    field("spot", "geopoint", ["[1, 2]"], format="array"),
    field("shape", "geojson", ['{"type": "Point", "coordinates": [1, 2]}']),
    field("open", "any", ["x", "1"], constraints={"required": True}),
    field("lost", "integer", ["1", "-99", "NA"], missingValues=["", "-99", "NA"]),
    field("once", "string", [], constraints={"unique": True}),
    field("number", "integer", [], constraints={"unique": True}),
]
#: Cells that are wrong for most types, or read in an odd way.
ODD = [
    "", " ", "x", "-", "NA", "null", "None", "1", " 1 ", "+1", "1_0", "-0", "007", "٣", "1.0", "1.",
    ".5", "1e400", "1e-400", "NaN", "-INF", "inf", "9" * 20, "0.1000000000000000055", "1,5",
    "1.2,3",
    "True", "yes", "2020-13-01", "2020-1-1", "2020-02-30", "0000-01-01", "2020-01-01 ", "20200101",
    "2020-01-01T10:00:00+02:00", "2020-01-01T10:00", "2020-01-01T24:00:00", "10:00:60", "24:00:00",
    "10:00:00Z", "10:00:00.5", "202", "12020", "2020-1", "2020-00", "P", "P1W", "PT36H", "{", "[",
    "{}", "[]", "[1,\"x\"]", '{"a":1,"b":2}', "null", "181,0", "1,2,3", "a@b", "@", "http:", "a:b",
    "http://[", "YQ", "====", "é", "a\n", "\u2028", "\x00", "ab\x1f", "a" * 300, "A1\n", "٣٤", "²",
    '{"type":"Point"}', "5%%", "EUR", "--1", "1-", "31.1.2020", "32.01.2020",
]  # fmt: skip


#: Cells that break a rule, by name of the field: of every type, format and constraint.
WRONG = {
    "needed": [""],
    "short": ["a", "abcd", "ééé1"],
    "code": ["a1", "A", "A123", "xA1"],
    "word": ["a b", "-"],
    "digits": ["1a", "x"],
    "ahead": ["b", "xab"],
    "kind": ["green", "RED"],
    "mail": ["a@", "a@b", "a b@example.org"],
    "uri": ["x", "//a"],
    "uuid": ["2bc1c94f"],
    "blob": ["Y", "YQ"],
    "count": ["-1", "11", "1.5", "9" * 20],
    "above": ["0", "-5"],
    "odd": ["2", "7"],
    "price": ["EUR"],
    "size": ["-0.1", "1000.01", "1e-3x"],
    "below": ["1.25", "2", "NaN"],
    "euro": ["1.5,2,3", "x"],
    "share": ["%"],
    "rough": ["0.09", "0"],
    "few": ["1.51", "1.500000000000000000001"],
    "yes": ["yes"],
    "ja": ["true"],
    "day": ["2019-12-31", "2021-02-29"],
    "tag": ["2020-01-31"],
    "anyday": ["no day"],
    "moment": ["2020-01-31"],
    "before": ["2021-01-01T00:00:01Z", "2021-01-01T00:30:00-01:00"],
    "local": ["1999-12-31 23:59:59"],
    "hour": ["23:59:59.5", "24:00:01"],
    "clock": ["10:60"],
    "born": ["1899", "99"],
    "month": ["2030-02", "2020-13"],
    "span": ["P3D", "3 days"],
    "made": ['{"a":1,"b":2}', "[]"],
    "many": ["[1,2,3]", "{}"],
    "items": ['["x"]'],
    "nums": ["1;x"],
    "place": ["181,0", "0,91"],
    "spot": ["[1]"],
    "shape": ['{"type":"Point"}'],
    "open": [""],
    "lost": ["x", "NaN"],
    "once": ["10", "11"],
    "number": ["10", "010", "11"],
}
KINDS = ["wrong", "wrong", "wrong", "odd", "odd", "text", "copy", "repeat", "longer", "shorter"]


@st.composite
def tables(draw: st.DrawFn) -> dict[str, Any]:
    """A package of two tables: fields, rows of cells, keys; all of it valid."""
    chosen = draw(st.lists(st.sampled_from(CATALOGUE), min_size=1, max_size=5, unique_by=id))
    height = draw(st.integers(1, 8))
    fields: list[Field] = [
        {"name": "id", "type": draw(st.sampled_from(["integer", "string", "number"]))},
        {"name": "part", "type": "string"},
        {"name": "group", "type": "string"},
        {"name": "parent", "type": "integer"},
    ]
    fields[3]["type"] = fields[0]["type"]
    rows = [[str(i + 1), "x", f"g{i % 3}", str(i) if i else ""] for i in range(height)]
    for described, valid in chosen:
        fields.append(described)
        for i, row in enumerate(rows):
            row.append(draw(st.sampled_from(valid)) if valid else str(i + 10))
    schema: dict[str, Any] = {"fields": fields}
    schema["primaryKey"] = draw(st.sampled_from(["id", ["id"], ["id", "part"]]))
    keys = [
        {"fields": "group", "reference": {"resource": "groups", "fields": "name"}},
        {"fields": ["parent"], "reference": {"resource": "", "fields": ["id"]}},
        {
            "fields": ["group", "part"],
            "reference": {"resource": "groups", "fields": ["name", "part"]},
        },
    ]
    schema["foreignKeys"] = draw(st.lists(st.sampled_from(keys), max_size=2, unique_by=id))
    if draw(st.booleans()):
        schema["missingValues"] = draw(st.sampled_from([["", "NA"], ["-"], [""]]))
        if "" not in schema["missingValues"]:
            rows[0][3] = "-"
    return {"schema": schema, "rows": rows}


def _text(rows: list[list[str]], delimiter: str, quote: str, end: str) -> str:
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter, quotechar=quote, lineterminator=end).writerows(rows)
    return out.getvalue()


@st.composite
def damaged(draw: st.DrawFn) -> dict[str, Any]:
    """A package with some damage, as the text of its table and its descriptor."""
    made = draw(tables())
    schema, rows = made["schema"], made["rows"]
    labels = [f["name"] for f in schema["fields"]]
    kinds: list[str] = []
    cell = draw(st.integers(1, 3))
    for _ in range(cell):
        kinds.append(_damage_cell(draw, labels, rows))
    lines = [labels, *rows]
    if draw(st.integers(0, 3)) == 0:
        kinds.append(_damage_header(draw, schema, lines))
    delimiter = draw(st.sampled_from([",", ",", ",", ";", "\t", "|"]))
    quote = draw(st.sampled_from(['"', '"', '"', "'"]))
    end = draw(st.sampled_from(["\n", "\n", "\r\n", "\r"]))
    text = _text(lines, delimiter, quote, end)
    if draw(st.integers(0, 2)) == 0:
        text, kind = _damage_text(draw, text, end, delimiter)
        kinds.append(kind)
    resource: dict[str, Any] = {
        "name": "things",
        "type": "table",
        "path": "things.csv",
        "encoding": "utf-8",
        "schema": schema,
        "dialect": {
            "delimiter": delimiter,
            "quoteChar": quote,
            "header": True,
            "skipInitialSpace": False,
        },
    }
    if draw(st.integers(0, 9)) == 0:
        resource["bytes"] = len(text.encode()) + draw(st.integers(0, 1))
        resource["hash"] = draw(st.sampled_from(["sha256:0", "d41d8cd98f00b204e9800998ecf8427e"]))
        kinds.append("sums")
    return {"resource": resource, "text": text, "kinds": kinds}


def _damage_cell(draw: st.DrawFn, names: list[str], rows: list[list[str]]) -> str:
    kind = draw(st.sampled_from(KINDS))
    row = draw(st.integers(0, len(rows) - 1))
    if not rows[row]:
        return kind
    column = draw(st.integers(0, len(rows[row]) - 1))
    if kind == "wrong":
        at = draw(st.sampled_from(range(4, len(names))))
        if at < len(rows[row]):
            rows[row][at] = draw(st.sampled_from(WRONG.get(names[at], ["x"])))
            return f"wrong {names[at]}"
    elif kind == "odd":
        rows[row][column] = draw(st.sampled_from(ODD))
    elif kind == "text":
        letters = st.characters(exclude_categories=["Cs"])
        rows[row][column] = draw(st.text(letters, max_size=12))
    elif kind == "copy":
        other = rows[draw(st.integers(0, len(rows) - 1))]
        rows[row][column] = other[min(column, len(other) - 1)] if other else ""
    elif kind == "repeat":
        rows.append(list(rows[row]))
    elif kind == "longer":
        rows[row] += draw(st.lists(st.sampled_from(["", "x"]), min_size=1, max_size=2))
    else:
        del rows[row][draw(st.integers(0, len(rows[row]))) :]
    return kind


def _damage_header(draw: st.DrawFn, schema: dict[str, Any], lines: list[list[str]]) -> str:
    kind = draw(st.sampled_from(["rename", "blank", "double", "drop", "extra", "match"]))
    labels = lines[0]
    at = draw(st.integers(0, len(labels) - 1))
    if kind == "rename":
        labels[at] = draw(st.sampled_from(["other", labels[at].upper(), f" {labels[at]} "]))
    elif kind == "blank":
        labels[at] = ""
    elif kind == "double":
        labels[at] = labels[0]
    elif kind == "drop":
        for line in lines:
            del line[at : at + 1]
    elif kind == "extra":
        for i, line in enumerate(lines):
            line.append("" if i else "more")
    else:
        schema["fieldsMatch"] = draw(st.sampled_from(["equal", "subset", "superset", "partial"]))
        for line in lines:
            line.reverse()
    return f"header {kind}"


def _damage_text(draw: st.DrawFn, text: str, end: str, delimiter: str) -> tuple[str, str]:
    kind = draw(st.sampled_from(["quote", "line", "cut", "delimiters", "bom", "no end", "space"]))
    at = draw(st.integers(text.find(end) + len(end), len(text)))
    if kind == "quote":
        text = text[:at] + '"' + text[at:]
    elif kind == "line":
        text = text.replace(end, end + end, draw(st.integers(1, 3)))
    elif kind == "cut":
        text = text[:at]
    elif kind == "delimiters":
        text += delimiter * draw(st.integers(0, 9)) + end
    elif kind == "bom":
        text = "\ufeff" + text
    elif kind == "no end":
        text = text.removesuffix(end)
    else:
        text = text.replace(delimiter, f"{delimiter} ", 3)
    return text, f"text {kind}"


def write(package: dict[str, Any], folder: Path) -> Path:
    """Write a package; its descriptor."""
    (folder / "things.csv").write_bytes(package["text"].encode())
    (folder / "groups.csv").write_text("name,part\ng0,x\ng1,x\ng2,x\n")
    groups = {"fields": [{"name": "name", "type": "string"}, {"name": "part", "type": "string"}]}
    other = {"name": "groups", "type": "table", "path": "groups.csv", "schema": groups}
    described = {"$schema": V2, "name": "p", "resources": [package["resource"], other]}
    path = folder / "datapackage.json"
    path.write_text(json.dumps(described))
    return path
