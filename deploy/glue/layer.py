"""One table of an export, as one layer has it: which columns, in which form, and written to which folder."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from decimal import Decimal
from typing import Callable, Iterable

from pyspark.sql import Column, DataFrame, DataFrameReader, SparkSession
from pyspark.sql import functions as F
from pyspark.sql import types as T

from classification import InNormal, Rules, Verdict
from columns import Announced, convert, empty, named, plain
from storage import Storage, literal

PARTITION = "datalake_run"
# Says nothing of what it stands for, not even how long that is.
MASK = "***"

SETTINGS = {
    # Times are written as they are in the export, whatever the zone of the machine.
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    "spark.sql.parquet.datetimeRebaseModeInRead": "CORRECTED",
    "spark.sql.parquet.datetimeRebaseModeInWrite": "CORRECTED",
    "spark.sql.parquet.int96RebaseModeInRead": "CORRECTED",
    # Names are compared as Glue and Athena do; a cast gives NULL where it fails, which `columns` looks for.
    "spark.sql.caseSensitive": "false",
    "spark.sql.ansi.enabled": "false",
    # Nothing that cannot be read is left out silently.
    "spark.sql.files.ignoreCorruptFiles": "false",
    "spark.sql.files.ignoreMissingFiles": "false",
    # No files beside those with the rows.
    "mapreduce.fileoutputcommitter.marksuccessfuljobs": "false",
    "parquet.summary.metadata.level": "NONE",
}


class SplitError(Exception):
    """The job cannot go on. The message is shown to people by way of Glue: it names no table, column or value."""


@dataclass(frozen=True)
class Table:
    """A table of an export."""

    database: str
    # As the export's folder is called: `schema.table` (PostgreSQL) or `database.table` (MySQL).
    name: str
    # RDS writes no Parquet file for a table without rows.
    has_rows: bool
    announced: tuple[Announced, ...]

    def folder(self) -> str:
        """Returns where it is below `latest/`, and below the output."""
        return f"{self.database}/{self.name}"


@dataclass(frozen=True)
class Job:
    """What one run of the job is to do."""

    spark: SparkSession
    run: str
    layer: str
    source: str
    output: str
    rules: Rules
    key: bytes | None

    def partition(self, table: Table) -> str:
        """Returns where the run's rows of a table are written."""
        return f"{self.output}/{table.folder()}/{PARTITION}={self.run}"

    def write(self, table: Table) -> dict | None:
        """Writes the table, in place of what an earlier attempt of the run has written of it, and returns its part of
        the report; `None` if nothing of it is in the layer."""
        frame = self._read(table)
        if frame is None:
            return None
        to = self.partition(table)
        frame.select(self._columns(table, frame)).write.mode("overwrite").parquet(to)
        # What is reported is what can be read, not what was meant to be written.
        written = _reader(self.spark).parquet(literal(to))
        columns = [{"name": it.name, "type": it.dataType.simpleString()} for it in written.schema.fields]
        return {"database": table.database, "table": table.name, "rows": written.count(), "columns": columns}

    def _read(self, table: Table) -> DataFrame | None:
        """Returns those columns of the table that are in the layer. The others are not read from the files at all."""
        url = literal(f"{self.source}/{table.folder()}")
        schema = _reader(self.spark).parquet(url).schema if table.has_rows else empty(table.announced)
        inside = [it for it in plain(schema).fields if self._verdict(table, it.name).is_in(self.layer)]
        if any(it.name.lower() == PARTITION for it in inside):
            raise SplitError(f"A table has a column {PARTITION}, like the run's partition: classify it as drop.")
        if not inside:
            return None
        if not table.has_rows:
            return self.spark.createDataFrame([], T.StructType(inside))
        return _reader(self.spark).schema(T.StructType(inside)).parquet(url)

    def _columns(self, table: Table, frame: DataFrame) -> list[Column]:
        forms = {it.name: self._form(self._verdict(table, it.name)) for it in frame.schema.fields}
        as_is = [name for name, form in forms.items() if form is InNormal.AS_IS]
        columns = convert(frame, as_is, table.announced)
        for field in frame.schema.fields:
            if forms[field.name] is InNormal.MASK:
                columns[field.name] = F.when(named(field.name).isNotNull(), F.lit(MASK))
            elif forms[field.name] is InNormal.HASH:
                columns[field.name] = _keyed_hash(self.key)(_hashable(field))
        return [columns[name].alias(name) for name in forms]

    def _verdict(self, table: Table, column: str) -> Verdict:
        return self.rules.of(table.database, table.name, column)

    def _form(self, verdict: Verdict) -> InNormal:
        return verdict.normal if self.layer == "normal" else InNormal.AS_IS


def find(storage: Storage, source: str, announced: dict[str, list[Announced]]) -> list[Table]:
    """Returns the tables below `latest/`, sorted by name."""
    return [
        table
        for database in storage.folders(source)
        for name in storage.folders(f"{source}/{database}")
        for table in _table(storage, source, database, name, announced)
    ]


def _table(storage: Storage, source: str, database: str, name: str, announced: dict) -> Iterable[Table]:
    """Yields the table, if it is one: it has rows, or `_SUCCESS` says that it has none."""
    has_rows = succeeded = False
    for file in storage.names_below(f"{source}/{database}/{name}"):
        has_rows, succeeded = has_rows or file.endswith(".parquet"), succeeded or file == "_SUCCESS"
        if has_rows:
            break
    # A target is `database.schema.table` for PostgreSQL, and for MySQL `database.table`, which the folder's name is.
    targets = [f"{database}.{name}".lower(), name.lower()]
    columns = next((announced[it] for it in targets if it in announced), [])
    if has_rows or succeeded:
        yield Table(database, name, has_rows, tuple(columns))


def _reader(spark: SparkSession) -> DataFrameReader:
    """Returns a reader of all files below a folder, whose schemas may differ, without making columns of folders."""
    options = {"mergeSchema": "true", "recursiveFileLookup": "true", "pathGlobFilter": "*.parquet"}
    return spark.read.options(**options)


def _hashable(field: T.StructField) -> Column:
    """Returns a column as text, or as what `_keyed_hash` makes text of."""
    if isinstance(field.dataType, (T.StringType, T.BinaryType, T.DecimalType)):
        return named(field.name)
    if isinstance(field.dataType, (T.StructType, T.ArrayType, T.MapType)):
        return F.to_json(named(field.name), {"ignoreNullFields": "false"})
    return named(field.name).cast(T.StringType())


def _keyed_hash(key: bytes) -> Callable[[Column], Column]:
    """Returns the function that makes HMAC-SHA-256, in hex, of the text of a value: equal values have equal hashes,
    whatever their types. In Python, so that the key stands in no plan of Spark's, which it would log."""

    def hashed(value: object) -> str | None:
        if value is None:
            return None
        if isinstance(value, Decimal):
            # 5 and 5.00 are the same number, in a column of integers too.
            digits = format(value, "f")
            value = digits.rstrip("0").rstrip(".") if "." in digits else digits
        content = bytes(value) if isinstance(value, (bytes, bytearray)) else str(value).encode()
        return hmac.new(key, content, hashlib.sha256).hexdigest()

    return F.udf(hashed, T.StringType())
