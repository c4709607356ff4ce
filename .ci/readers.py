"""Reads what one run wrote with libraries that know nothing of us; fails at the first that cannot."""

import contextlib
import csv
import io
import json
import math
import pathlib
import sys

import duckdb
import fastkml
import geojson
import pandas
import polars
import pyarrow.parquet
import pyacmi
from fastkml.validator import get_schema_parser
from lxml import etree

folder = pathlib.Path(sys.argv[1])


def kml(path):
    document = etree.parse(str(path))
    schema = get_schema_parser()
    schema.assertValid(document)
    read = fastkml.KML.parse(str(path))
    names = [feature.name for feature in next(iter(read.features)).features]
    assert names == ["Aircraft", "Sites", "Shots", "Decisive events"], names


def acmi(path):
    read = pyacmi.Acmi()
    # It says of each bookmark that it does not know it.
    with contextlib.redirect_stdout(io.StringIO()):
        read.load_acmi(filepath=str(path))
    assert len(read.objects) > 1, "no objects"
    types = {str(one.get_value("Type")) for one in read.objects.values()}
    assert any("Air" in one for one in types), types


def features(path):
    read = geojson.loads(path.read_text())
    assert read.is_valid, read.errors()
    assert read["features"]


def table(path):
    """The three readers agree on what each column is: a number, or a text."""
    with open(path, newline="") as file:
        rows = list(csv.reader(file))
    number = {name: True for name in rows[0]}
    whole = {name: True for name in rows[0]}
    for row in rows[1:]:
        for name, field in zip(rows[0], row):
            if field in ("", "true", "false"):
                continue
            try:
                float(field)
                whole[name] &= "." not in field and "e" not in field and "inf" not in field
            except ValueError:
                number[name] = False
    one = pandas.read_csv(path)
    two = polars.read_csv(path)
    three = duckdb.read_csv(str(path)).pl()
    assert len(one) == len(two) == len(three) == len(rows) - 1, path
    for name in rows[0]:
        column = [row[rows[0].index(name)] for row in rows[1:]]
        filled = [field for field in column if field not in ("", "true", "false")]
        if not filled or not number[name]:
            continue
        assert pandas.api.types.is_numeric_dtype(one[name]), f"pandas: {path.name} {name}"
        wanted = [float(field) if field else math.nan for field in column]
        for reader, found in [("pandas", one[name]), ("polars", two[name].cast(float)), ("duckdb", three[name].cast(float))]:
            found = [math.nan if value is None else float(value) for value in found]
            same = all(a == b or (math.isnan(a) and math.isnan(b)) for a, b in zip(found, wanted))
            assert same, f"{reader}: {path.name} {name}"
        # A column of fractions is one from its first row on.
        mixed = [("." in field or "e" in field or "inf" in field) for field in filled]
        assert all(mixed) or not any(mixed), f"{path.name} {name} mixes whole numbers and fractions"


def parquet(files):
    """Three readers find in the files what the CSV of the same sweep has, cell by cell, under the types that are declared."""
    with open(folder / "replications.csv", newline="") as file:
        wanted = list(csv.DictReader(file))
    parsed = {
        "large_string": str, "string": str, "bool": lambda field: field == "true", "int64": int, "uint64": int, "double": float,
    }
    tables = [pyarrow.parquet.read_table(path) for path in files]
    assert all(one.schema == tables[0].schema for one in tables), "files of one sweep have one schema"
    types = {field.name: str(field.type) for field in tables[0].schema}
    told = {"cell": "string", "seed": "uint64", "replication": "int64", "coordination": "string", "channels": "int64", "kill": "double", "seen": "bool"}
    assert types == told | {name: "double" for name in wanted[0] if name not in told}, types
    assert list(types) == list(wanted[0]), "the columns stand in the order of the CSV"
    key = lambda row: (row["replication"], row["cell"])
    wanted = sorted(({name: parsed[types[name]](field) for name, field in row.items()} for row in wanted), key=key)
    readers = {
        "pyarrow": lambda: [row for one in tables for row in one.to_pylist()],
        "polars": lambda: [row for path in files for row in polars.read_parquet(path).to_dicts()],
        "duckdb": lambda: duckdb.read_parquet([str(path) for path in files]).pl().to_dicts(),
    }
    for name, read in readers.items():
        found = sorted(read(), key=key)
        assert len(found) == len(wanted), f"{name}: {len(found)} rows, not {len(wanted)}"
        for one, other in zip(found, wanted):
            assert one == other, f"{name}: {one} is not {other}"


if sys.argv[2:3] == ["parquet"]:
    parquet([pathlib.Path(path) for path in sys.argv[3:]])
    print(f"readers: {len(sys.argv[3:])} Parquet files have the rows of {folder.name}")
    sys.exit()
for name, reads in [("r.kml", kml), ("r.acmi", acmi), ("r.geojson", features)]:
    # A sweep and a tuning have tables alone.
    if len(sys.argv) == 2 or (folder / name).exists():
        reads(folder / name)
declared = json.loads((folder / "manifest.json").read_text())["files"]
for path in sorted(folder.glob("*.csv")):
    table(path)
    for column in declared.get(path.name, {}).get("columns", []):
        fields = pandas.read_csv(path, dtype=str, keep_default_na=False)[column["name"]]
        fields = [field for field in fields if field]
        as_said = {
            "empty": lambda field: False,
            "boolean": lambda field: field in ("true", "false"),
            "integer": lambda field: field.lstrip("-").isdigit(),
            "number": lambda field: math.isfinite(float(field)) or True,
            "text": lambda field: True,
        }[column["type"]]
        assert all(as_said(field) for field in fields), f"{path.name} {column}"
print(f"readers: {folder.name} is read by all")
