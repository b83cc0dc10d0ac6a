"""Glue job: writes one layer of an export. Run for `normal` or `sensitive`, it reads `latest/`, applies the
classification, and writes the layer's own files, with the run as a partition.

Runs wherever Spark does; `README.md` says how it is installed, what it writes and what it promises.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import traceback
from concurrent.futures import ThreadPoolExecutor
from typing import Callable, Iterator, Sequence

from pyspark.sql import SparkSession

import columns
from classification import Refused, Rules, digest, parse
from layer import PARTITION, SETTINGS, Job, SplitError, Table, find
from storage import Storage

# Tables that are written at once: small ones would leave most of a cluster idle.
AT_ONCE = 4
# A key that can be guessed makes hashes that can be looked up.
SHORTEST_KEY = 16


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> None:
        raise SplitError(f"The job's arguments are not those of deploy/glue/README.md: {message}")


def arguments(given: Sequence[str]) -> argparse.Namespace:
    """Reads the arguments. Glue adds some of its own, which are none of ours."""
    parser = _Parser(allow_abbrev=False, add_help=False)
    parser.add_argument("--datalake_run", required=True)
    parser.add_argument("--datalake_layer", required=True, choices=["normal", "sensitive"])
    for name in ["input", "output"]:
        parser.add_argument(f"--datalake_{name}", required=True, type=_folder)
    parser.add_argument("--datalake_classification", required=True)
    parser.add_argument("--datalake_rules")
    parser.add_argument("--datalake_export", type=_folder)
    parser.add_argument("--hash_key_secret")
    parser.add_argument("--empty_layer", choices=["refuse", "allow"], default="refuse")
    options, _ = parser.parse_known_args(given)
    if not re.fullmatch(r"[A-Za-z0-9-]+", options.datalake_run):
        raise SplitError("--datalake_run is not the name of an export task.")
    return options


def run(spark: SparkSession, given: Sequence[str], read_secret: Callable[[str], bytes] | None = None) -> dict:
    """Writes the layer and returns the report. `read_secret` returns a secret's content by its name.

    Can be killed at any time and run again: what readers find is then as if it had never been killed. Raises
    `SplitError`; then no other run's files were removed, and there is no report.
    """
    options = arguments(given)
    for name, value in SETTINGS.items():
        spark.conf.set(name, value)
    storage = Storage(spark)
    _check_published(storage, options)
    rules = _rules(storage, options)
    tables = find(storage, options.datalake_input, _announced(storage, options.datalake_export))
    key = _key(options, rules, read_secret or _secret)
    places = options.datalake_input, options.datalake_output
    job = Job(spark, options.datalake_run, options.datalake_layer, *places, rules, key)
    written = _write_all(job, tables)
    # What was read before another run published is not what was read after it.
    _check_published(storage, options)
    if not written and options.empty_layer == "refuse":
        _check_empty(storage, job)
    _remove_others(storage, job, {(it["database"], it["table"]) for it in written})
    report = {
        "datalake_run": job.run,
        "layer": job.layer,
        "classification": options.datalake_classification,
        "tables": written,
    }
    storage.write(f"{job.output}/_reports/{job.run}.json", json.dumps(report, ensure_ascii=False).encode())
    return report


def _folder(url: str) -> str:
    return url.rstrip("/")


def _check_published(storage: Storage, options: argparse.Namespace) -> None:
    """Refuses what another run has published: it would be written under this run's name.

    Where nothing is copied, the job reads the export itself, whose files are never another run's: its folder is called
    like the run.
    """
    if options.datalake_input.rsplit("/", 1)[-1] == options.datalake_run:
        return
    content = storage.read(f"{options.datalake_input}/_manifest.json")
    try:
        published = json.loads(content)["export_task"] if content is not None else None
    except (ValueError, KeyError, TypeError):
        published = None
    if published != options.datalake_run:
        raise SplitError(f"latest/ holds {published or 'no run'}, not {options.datalake_run}: retry from `latest`.")


def _rules(storage: Storage, options: argparse.Namespace) -> Rules:
    """Returns the rules that the run was started under, and no others."""
    url, wanted = options.datalake_rules, options.datalake_classification
    content = storage.read(url) if url else b""
    if content is None:
        raise SplitError(f"{url} is not there. Retry the run: the bot writes it before it starts a job.")
    if digest(content) != wanted:
        where = f"The classification {url} is {digest(content)}" if url else "No --datalake_rules was given"
        raise SplitError(f"{where}, but the run was started under {wanted}. Retry the run.")
    try:
        return parse(content)
    except Refused as error:
        print(error, file=sys.stderr)
        what_to_do = "`datalake-bot config check` and the job's error log say where. Mend it, then retry the run."
        raise SplitError(f"The classification cannot be followed: {what_to_do}") from None


def _announced(storage: Storage, export: str | None) -> dict[str, list[columns.Announced]]:
    """Returns the columns of each table, from the status files of the export."""
    if export is None:
        return {}
    tables: dict[str, list[columns.Announced]] = {}
    for name in storage.files(export):
        if name.startswith("export_tables_info_") and name.endswith(".json"):
            tables.update(columns.read_status(storage.read(f"{export}/{name}")))
    if not tables:
        raise SplitError(f"{export} has no status files, which have the columns' types. Retry the run from `export`.")
    return tables


def _key(options: argparse.Namespace, rules: Rules, read_secret: Callable[[str], bytes]) -> bytes | None:
    if options.datalake_layer != "normal" or not rules.hashes():
        return None
    if not options.hash_key_secret:
        raise SplitError("The classification hashes, but there is no key: give the job --hash_key_secret.")
    key = read_secret(options.hash_key_secret)
    if len(key) < SHORTEST_KEY:
        raise SplitError(f"The secret of --hash_key_secret is too short for a key: at least {SHORTEST_KEY} bytes.")
    return key


def _secret(name: str) -> bytes:
    import boto3  # only here: nothing else needs AWS itself

    found = boto3.client("secretsmanager").get_secret_value(SecretId=name)
    return found["SecretBinary"] if "SecretBinary" in found else found["SecretString"].encode()


def _write_all(job: Job, tables: list[Table]) -> list[dict]:
    """Writes the tables, and returns what the report says of those that are in the layer."""

    def write(numbered: tuple[int, Table]) -> dict | None:
        try:
            return job.write(numbered[1])
        except SplitError:
            raise
        except Exception as error:
            # Glue shows the message to whoever may see the job; Spark's would name columns.
            print(f"{numbered[1].folder()}:", file=sys.stderr)
            traceback.print_exc()
            place = f"Table {numbered[0]} of {len(tables)}, sorted by name,"
            failed = f"{place} could not be written ({type(error).__name__}): the job's error log says which, and why."
            raise SplitError(failed) from None

    with ThreadPoolExecutor(AT_ONCE) as pool:
        try:
            return [it for it in pool.map(write, enumerate(tables, start=1)) if it]
        finally:
            # One failure is enough: what has not begun does not begin.
            pool.shutdown(cancel_futures=True)


def _check_empty(storage: Storage, job: Job) -> None:
    """Refuses to empty a layer that has tables: more often the classification was lost than all of them."""
    tables = {(database, table) for database, table, _ in _partitions(storage, job.output)}
    if tables:
        raise SplitError(
            f"Nothing is left for the {job.layer} layer, which has {len(tables)} tables, so it stays as it is. Look "
            "whether the source still names its classification, and what it says. If the layer is to be emptied, give "
            "the job --empty_layer allow, and retry the run."
        )


def _remove_others(storage: Storage, job: Job, written: set[tuple[str, str]]) -> None:
    """Removes the partitions of other runs, and those of tables that are not in the layer (any more)."""
    mine = f"{PARTITION}={job.run}"
    for database, table, partition in _partitions(storage, job.output):
        if partition != mine or (database, table) not in written:
            folder = f"{job.output}/{database}/{table}"
            storage.remove(f"{folder}/{partition}")
            storage.remove_if_empty(folder)


def _partitions(storage: Storage, output: str) -> Iterator[tuple[str, str, str]]:
    """Yields the partitions of all runs in a layer: database, table, and the partition's own folder."""
    for database in storage.folders(output):
        for table in storage.folders(f"{output}/{database}"):
            for partition in storage.folders(f"{output}/{database}/{table}"):
                if partition.startswith(f"{PARTITION}="):
                    yield database, table, partition


if __name__ == "__main__":
    run(SparkSession.builder.getOrCreate(), sys.argv[1:])
