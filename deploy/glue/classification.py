"""What a classification file says of each column, read as the bot reads it.

Pure: no Spark, no S3. `tests/vectors/classification.json` holds this module and the bot to the same reading.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Iterator, Mapping

try:
    import tomllib
except ImportError:  # before Python 3.11
    import tomli as tomllib

# Stands at each level for whatever is not named there.
STAR = "*"
KEYS = {"class", "normal", "owner"}


class Refused(Exception):
    """The file contradicts itself, or says what nobody understands. The message says where, and what to write."""


class Class(Enum):
    """Who may see a column."""

    NORMAL = "normal"
    SENSITIVE = "sensitive"
    DROP = "drop"


class InNormal(Enum):
    """How a column appears in the Normal layer."""

    AS_IS = "as_is"
    HASH = "hash"
    MASK = "mask"
    DROP = "drop"


@dataclass(frozen=True)
class Verdict:
    """What holds for one column."""

    column_class: Class
    normal: InNormal
    # Nothing in the file covers the column.
    unclassified: bool = False

    def is_in(self, layer: str) -> bool:
        """Says whether the column appears in `normal` or `sensitive`, in whatever form."""
        if layer == "normal":
            return self.normal is not InNormal.DROP
        return self.column_class is not Class.DROP


UNCLASSIFIED = Verdict(Class.SENSITIVE, InNormal.DROP, unclassified=True)


@dataclass
class _Level:
    """A database or a table: what its star says, if it speaks of classes at all, and what is named below it."""

    star: Verdict | None = None
    named: dict[str, Any] = field(default_factory=dict)


class Rules:
    """A whole file. Names are compared without regard to case, as Glue and Athena do."""

    def __init__(self, databases: Mapping[str, _Level]) -> None:
        self._databases = databases

    def of(self, database: str, table: str, column: str) -> Verdict:
        """Returns what holds for a column: its own rule, else its table's, else its database's, else sensitive."""
        its_database = self._databases.get(database.lower(), _Level())
        its_table = its_database.named.get(table_name(database, table), _Level())
        own = its_table.named.get(column.lower())
        return own or its_table.star or its_database.star or UNCLASSIFIED

    def hashes(self) -> bool:
        """Says whether any rule asks for a keyed hash."""
        return any(it.normal is InNormal.HASH for it in self._verdicts())

    def _verdicts(self) -> Iterator[Verdict]:
        for database in self._databases.values():
            tables = list(database.named.values())
            columns = [it for table in tables for it in table.named.values()]
            stars = [it.star for it in [database, *tables]]
            yield from (it for it in [*stars, *columns] if it)


def table_name(database: str, table: str) -> str:
    """Returns what a table is called in the rules.

    RDS names the folder of a table `schema.table` for PostgreSQL and `database.table` for MySQL, which has no schemas:
    there the database in front says nothing, and may be left out.
    """
    return table.lower().removeprefix(f"{database.lower()}.")


def digest(content: bytes) -> str:
    """Returns the digest under which a file is known: SHA-256 in hex."""
    return hashlib.sha256(content).hexdigest()


def parse(content: bytes) -> Rules:
    """Reads a file; one without content says nothing, so that everything is sensitive.

    Raises `Refused` if it is not TOML 1.0, or if it contradicts itself.
    """
    try:
        document = tomllib.loads(content.decode("utf-8-sig"))
    except ValueError as error:
        raise Refused(f"The classification is not TOML 1.0: {error}") from None
    everything = document.pop(STAR, None)
    if everything is not None and _value(STAR, everything) != (None, None):
        raise Refused(f'"{STAR}" at the top names an owner only: classes are said per database, table or column.')
    return Rules({name: _database(name, it) for name, it in _folded("", document, str.lower)})


def _database(name: str, content: Any) -> _Level:
    level = _level(name, content)
    tables = {key: it for key, it in content.items() if key != STAR}
    for key, table in _folded(name, tables, lambda it: table_name(name, it)):
        level.named[key] = _table(f"{name}.{key}", table, level.star)
    return level


def _table(path: str, content: Any, inherited: Verdict | None) -> _Level:
    level = _level(path, content)
    _obeys(path, level.star, inherited)
    whole = level.star or inherited
    columns = {key: it for key, it in content.items() if key != STAR}
    for key, value in _folded(path, columns, str.lower):
        verdict = _verdict(f"{path}.{key}", value)
        _obeys(f"{path}.{key}", verdict, whole)
        if verdict:
            level.named[key] = verdict
    return level


def _level(path: str, content: Any) -> _Level:
    """Returns a database or table with its star, and nothing below it yet."""
    if not isinstance(content, dict):
        raise Refused(f'{path}: must be a table; for a class of all that is in it write [{path}] with "{STAR}" = ….')
    return _Level(star=_verdict(f"{path}.{STAR}", content[STAR]) if STAR in content else None)


def _obeys(path: str, verdict: Verdict | None, whole: Verdict | None) -> None:
    """Refuses what is kept below something that is dropped as a whole: one of the two was not meant."""
    is_dropped = whole is not None and whole.column_class is Class.DROP
    if is_dropped and verdict is not None and verdict.column_class is not Class.DROP:
        raise Refused(f"{path}: is {verdict.column_class.value}, but all that it belongs to is dropped.")


def _verdict(path: str, value: Any) -> Verdict | None:
    """Returns what a value says of its column, or `None` if it names an owner only."""
    name, treatment = _value(path, value)
    if name is None and treatment is None:
        return None
    try:
        column_class = Class(name) if name is not None else None
    except ValueError:
        raise Refused(f'{path}: there is no class "{name}"; it is normal, sensitive or drop.') from None
    if treatment is not None:
        return _treated(path, column_class, treatment)
    return Verdict(column_class, InNormal.AS_IS if column_class is Class.NORMAL else InNormal.DROP)


def _treated(path: str, column_class: Class | None, treatment: str) -> Verdict:
    if column_class is not Class.SENSITIVE:
        raise Refused(f'{path}: `normal` goes with class = "sensitive" only, in the same value.')
    if treatment not in {"drop", "hash", "mask"}:
        raise Refused(f'{path}: normal = "{treatment}" is not known; it is drop, hash or mask.')
    return Verdict(column_class, InNormal(treatment))


def _value(path: str, value: Any) -> tuple[str | None, str | None]:
    """Returns the class and the treatment that a value names."""
    if isinstance(value, str):
        return value, None
    if not isinstance(value, dict):
        raise Refused(f"{path}: must be a class, or {{ class, normal, owner }}.")
    unknown = sorted(set(value) - KEYS)
    if unknown:
        raise Refused(f"{path}: {unknown[0]} is neither class, normal nor owner; nothing can be named below columns.")
    for key, it in value.items():
        if not isinstance(it, str):
            raise Refused(f"{path}: {key} must be text.")
    return value.get("class"), value.get("normal")


def _folded(path: str, content: Mapping[str, Any], fold: Any) -> Iterator[tuple[str, Any]]:
    """Yields names as they are compared. Two that become one are refused: readers could not tell them apart."""
    seen: dict[str, str] = {}
    for name, it in content.items():
        folded = fold(name)
        if folded in seen:
            raise Refused(f"{path or 'The file'}: {seen[folded]} and {name} are the same name to Glue and Athena.")
        seen[folded] = name
        yield folded, it
