"""The types of columns: what RDS's status files announce, and what becomes of what Parquet has.

What stands in a Parquet file is kept, with two exceptions, for which the status files must be certain:

- an INT64 that is a date and time becomes TIMESTAMP: RDS writes microseconds since 1970, in UTC;
- a STRING that is a date, a date and time, or a decimal of known precision and scale becomes that, if every value can
  be converted without loss. One that cannot (`infinity`, `0000-00-00`) keeps its column a STRING for this run.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Iterable

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql import types as T

# By the first word of `expectedExportedType`: "int64", "binary (UTF8)", "int64 (TIMESTAMP_MICROS)". Which words there
# are is not documented; those that are not known here count as not said.
PRIMITIVES = {
    "boolean": T.BooleanType(),
    "int32": T.IntegerType(),
    "int64": T.LongType(),
    "int96": T.TimestampType(),
    "float": T.FloatType(),
    "double": T.DoubleType(),
    "binary": T.BinaryType(),
    "byte_array": T.BinaryType(),
    "fixed_len_byte_array": T.BinaryType(),
}
# Annotations of Parquet, which make another type of it.
ANNOTATIONS = {
    "utf8": T.StringType(),
    "string": T.StringType(),
    "enum": T.StringType(),
    "json": T.StringType(),
    "date": T.DateType(),
    "timestamp": T.TimestampType(),
    "timestamp_micros": T.TimestampType(),
    "timestamp_millis": T.TimestampType(),
    "int_8": T.ByteType(),
    "int_16": T.ShortType(),
}
WORD = re.compile(r"[a-z][a-z0-9_]*")
DECIMAL = re.compile(r"(?:decimal|numeric)\s*\(\s*(\d+)\s*,\s*(\d+)\s*\)")
# The most digits that a decimal of Spark's has.
DIGITS = 38
# Texts that convert without loss. Spark's own casts take more for good: "0044-03-15 BC" would lose its era.
DAY = r"\d{4}-\d{2}-\d{2}"
TIME = r"\d{2}:\d{2}:\d{2}(\.\d{1,6})?(Z|[+-]\d{2}(:?\d{2})?)?"


@dataclass(frozen=True)
class Announced:
    """A column as the status files describe it; both types in small letters."""

    name: str
    # The database's own word: "timestamp without time zone".
    original: str
    # What the export makes of it: "int64 (timestamp_micros)".
    exported: str

    def is_date_time(self) -> bool:
        """Says whether the database keeps a date and time of day in it."""
        return self.original.startswith(("datetime", "timestamp"))

    def parquet_type(self) -> T.DataType:
        """Returns the type that a Parquet file of the column has to Spark. Text, if nobody knows the words."""
        words = WORD.findall(self.exported)
        annotated = [ANNOTATIONS[it] for it in words[1:] if it in ANNOTATIONS]
        primitive = PRIMITIVES.get(words[0] if words else "", T.StringType())
        return annotated[0] if annotated else _decimal(DECIMAL.search(self.exported)) or primitive

    def text_holds(self) -> T.DataType | None:
        """Returns what the column's texts are, where the database's type leaves no doubt."""
        if self.original == "date":
            return T.DateType()
        return T.TimestampType() if self.is_date_time() else _decimal(DECIMAL.fullmatch(self.original))

    def type_without_rows(self) -> T.DataType:
        """Returns the type of the column in a table without rows, of which there is no Parquet file."""
        parquet = self.parquet_type()
        if isinstance(parquet, T.LongType) and self.is_date_time():
            return T.TimestampType()
        return (self.text_holds() or parquet) if isinstance(parquet, T.StringType) else parquet


def read_status(content: str) -> dict[str, list[Announced]]:
    """Returns the columns of each table of a status file, by its `target` in small letters.

    The form of these files is not documented: whatever may be absent is optional.
    """
    tables = {}
    for entry in json.loads(content).get("perTableStatus") or []:
        mappings = (entry.get("schemaMetadata") or {}).get("originalTypeMappings") or []
        if mappings:
            tables[entry["target"].lower()] = [_announced(it) for it in mappings]
    return tables


def plain(of: T.DataType) -> T.DataType:
    """Returns a type as it may be written: without metadata, since the files of an export are Spark's own, and what
    their footers say of columns (comments, say) would come along; and with one kind of date and time, that in UTC,
    since Glue's catalog has no other."""
    if isinstance(of, T.TimestampNTZType):
        return T.TimestampType()
    if isinstance(of, T.StructType):
        return T.StructType([T.StructField(it.name, plain(it.dataType), it.nullable) for it in of.fields])
    if isinstance(of, T.ArrayType):
        return T.ArrayType(plain(of.elementType), of.containsNull)
    if isinstance(of, T.MapType):
        return T.MapType(plain(of.keyType), plain(of.valueType), of.valueContainsNull)
    return of


def named(name: str) -> Column:
    """Returns the column of exactly this name, dots and all."""
    return F.col("`{}`".format(name.replace("`", "``")))


def empty(announced: Iterable[Announced]) -> T.StructType:
    """Returns the schema of a table without rows."""
    return T.StructType([T.StructField(it.name, it.type_without_rows()) for it in announced])


def convert(frame: DataFrame, names: Iterable[str], announced: Iterable[Announced]) -> dict[str, Column]:
    """Returns the columns of these names, each of the type that it shall have. Looks at all rows if there are texts
    that may convert."""
    known = {it.name.lower(): it for it in announced}
    columns, texts = {}, {}
    for name in names:
        of, it = frame.schema[name].dataType, known.get(name.lower())
        columns[name] = named(name)
        if it and isinstance(of, T.LongType) and it.is_date_time():
            convert_long = F.timestamp_millis if "millis" in it.exported else F.timestamp_micros
            columns[name] = convert_long(named(name))
        elif it and isinstance(of, T.StringType) and it.text_holds():
            texts[name] = it.text_holds()
    columns.update({name: named(name).cast(texts[name]) for name in _lossless(frame, texts)})
    return columns


def _lossless(frame: DataFrame, texts: dict[str, T.DataType]) -> list[str]:
    """Returns those of the columns of which every text converts."""
    if not texts:
        return []
    # A cast gives NULL for what is no date, such as the 30th of February.
    lossy = [
        F.max(named(name).isNotNull() & ~(named(name).rlike(_form(of)) & named(name).cast(of).isNotNull()))
        for name, of in texts.items()
    ]
    return [name for name, is_lossy in zip(texts, frame.agg(*lossy).first()) if not is_lossy]


def _form(of: T.DataType) -> str:
    if isinstance(of, T.DecimalType):
        fraction = rf"(\.\d{{1,{of.scale}}})?" if of.scale else ""
        return rf"^-?\d{{1,{max(of.precision - of.scale, 1)}}}{fraction}$"
    return f"^{DAY}$" if isinstance(of, T.DateType) else f"^{DAY}[ T]{TIME}$"


def _decimal(found: re.Match | None) -> T.DecimalType | None:
    precision, scale = (int(found[1]), int(found[2])) if found else (0, 0)
    return T.DecimalType(precision, scale) if 0 < precision <= DIGITS and scale <= precision else None


def _announced(mapping: dict[str, object]) -> Announced:
    return Announced(str(mapping["columnName"]), _word(mapping, "originalType"), _word(mapping, "expectedExportedType"))


def _word(mapping: dict[str, object], key: str) -> str:
    return str(mapping.get(key) or "").strip().lower()
