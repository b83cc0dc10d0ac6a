"""No sensitive value is in any byte of the Normal layer.

Every sensitive column holds markers: texts, numbers and bytes that are nowhere else. The output is searched for them in
all forms that Parquet or a careless program might give them: raw, uncompressed, so that pages, dictionaries, statistics
and footers lie open; and as a reader gets it. Then the job is broken on purpose, to see that the search finds it.
"""

from __future__ import annotations

import base64
import hashlib
import json
import struct
from decimal import Decimal
from unittest import mock

from .world import KEY, RUN, World, spark
import layer
import split
from classification import Class, InNormal, Rules, Verdict

TEXTS = [f"LEAK-{it:02}-{hashlib.md5(str(it).encode()).hexdigest()}" for it in range(9)]
NUMBER, SMALL, REAL, EXACT = 7_310_579_611_223_344_551, 1_913_287_351, 2.718281828e77, Decimal("73105796112.33")
RAW = bytes(range(7, 250, 11))
NAMES = ["leak_column_dropped", "leak_column_new", "leak_field", "leak_key"]
NAMES += ["leak_comment", "leak_table", "leak_database"]

RULES = """
[shop."public.users"]
id = "normal"
city = "normal"
hashed = { class = "sensitive", normal = "hash" }
hashed_number = { class = "sensitive", normal = "hash" }
hashed_nested = { class = "sensitive", normal = "hash" }
masked = { class = "sensitive", normal = "mask" }
masked_number = { class = "sensitive", normal = "mask" }
masked_nested = { class = "sensitive", normal = "mask" }
leak_column_dropped = "drop"
secret_number = "sensitive"

[shop."public.leak_table"]
"*" = "sensitive"

[leak_database]
"*" = "drop"
"""
SCHEMA = """
id long, city string, hashed string, hashed_number long, hashed_nested array<string>,
masked string, masked_number double, masked_nested struct<leak_field: string, deep: map<string, binary>>,
leak_column_dropped string, secret_number int, leak_column_new struct<deep: array<struct<leak_field: string>>>,
exact decimal(20,2), raw binary
"""


def forms(value: object) -> list[bytes]:
    """Returns the bytes that a value might be written as."""
    if isinstance(value, bytes):
        return [value, value.hex().encode(), base64.b64encode(value)]
    if isinstance(value, int):
        # Four bytes with nothing around them, where four are enough.
        width = "i" if value < 2**31 else "q"
        return [struct.pack(f"<{width}", value), struct.pack(f">{width}", value), str(value).encode()]
    if isinstance(value, float):
        return [struct.pack("<d", value), str(value).encode(), b"2.718281828E77"]
    if isinstance(value, Decimal):
        unscaled = int(value * 100)
        return [str(value).encode(), struct.pack("<q", unscaled), unscaled.to_bytes(9, "big")]
    text = str(value).encode()
    # Hashed without the key, it could be looked up.
    plain_hashes = [hashlib.new(it, text).hexdigest().encode() for it in ["md5", "sha1", "sha256"]]
    return [text, base64.b64encode(text)[:-4], text.hex().encode(), *plain_hashes]


MARKERS = {it: forms(it) for it in [*TEXTS, *NAMES, NUMBER, SMALL, REAL, EXACT, RAW]}


class Leaks(World):
    def setUp(self) -> None:
        super().setUp()
        self.rules = RULES
        nested = {"leak_field": TEXTS[3], "deep": {"leak_key": RAW}}
        new = {"deep": [{"leak_field": TEXTS[4]}]}
        row = (1, "Osaka", TEXTS[0], NUMBER, [TEXTS[1]], TEXTS[2], REAL, nested, TEXTS[5], SMALL, new, EXACT, RAW)
        users = self.rows(SCHEMA, row, (2, "Kobe", TEXTS[8]) + (None,) * 10)
        # The files of an export are Spark's own: what a footer says of columns must not come along.
        self.table("shop/public.users", users.withMetadata("city", {"comment": "leak_comment"}))
        self.table("shop/public.leak_table", self.rows("id long, email string", (1, TEXTS[6])))
        self.table("leak_database/leak_database.t", self.rows("id long, email string", (1, TEXTS[7])))
        self.table("shop/public.leak_table_without_rows")
        text = ("leak_column_new", "text", "binary (UTF8)")
        self.announce("shop.public.users", ("id", "bigint", "int64"), text)
        self.announce("shop.public.leak_table_without_rows", text)

    def found(self, layer_name: str = "normal") -> set:
        """Runs the job, and returns the markers that are in its output."""
        spark().conf.set("spark.sql.parquet.compression.codec", "uncompressed")
        self.addCleanup(spark().conf.unset, "spark.sql.parquet.compression.codec")
        report = self.split(layer_name)
        self.assertEqual([it["rows"] for it in report["tables"] if it["table"] == "public.users"], [2])
        files = [it for it in (self.root / layer_name).rglob("*") if it.is_file()]
        names = "\n".join(str(it.relative_to(self.root)) for it in files).encode()
        return self.markers([names, *(it.read_bytes() for it in files), *self.read_back(layer_name)])

    def markers(self, content: list[bytes]) -> set:
        """Returns the markers that are anywhere in the content, in any form."""
        return {marker for marker, looks in MARKERS.items() if any(look in it for look in looks for it in content)}

    def read_back(self, layer_name: str = "normal") -> list[bytes]:
        """Returns all that a reader gets of each table: every value, name and comment."""
        folders = (self.root / layer_name).glob("*/*/datalake_run=*")
        frames = [self.read(layer_name, f"{it.parents[1].name}/{it.parent.name}") for it in folders]
        return [(json.dumps(it.schema.jsonValue()) + repr(it.collect())).encode() for it in frames]

    def test_no_marker_is_in_any_byte_of_the_normal_layer(self) -> None:
        self.assertEqual(self.found(), set())
        values = self.values("normal", "shop/public.users")
        self.assertEqual([it[:2] for it in values], [(1, "Osaka"), (2, "Kobe")])
        self.assertEqual(values[0][5:], ("***",) * 3)
        self.assertEqual([len(it) for it in values[0][2:5]], [64] * 3)

    def test_no_marker_is_hidden_by_compression(self) -> None:
        self.split("normal")
        self.assertEqual(self.markers(self.read_back()), set())

    def test_the_sensitive_layer_has_every_marker_that_is_not_dropped(self) -> None:
        """What is searched for is there to be found, in the forms in which Parquet has it."""
        dropped = {TEXTS[5], TEXTS[7], "leak_column_dropped", "leak_comment", "leak_database"}
        self.assertEqual(set(MARKERS) - self.found("sensitive"), dropped)

    def test_a_rule_that_is_not_applied_is_found(self) -> None:
        everything = Verdict(Class.NORMAL, InNormal.AS_IS)
        with mock.patch.object(Rules, "of", lambda *_: everything):
            found = self.found()
        self.assertEqual(set(MARKERS) - found, {"leak_comment"})

    def test_a_form_that_is_not_applied_is_found(self) -> None:
        with mock.patch.object(layer.Job, "_form", lambda *_: InNormal.AS_IS):
            self.assertEqual(self.found(), {*TEXTS[:4], TEXTS[8], NUMBER, REAL, RAW, "leak_field", "leak_key"})

    def test_a_hash_without_a_key_is_found(self) -> None:
        plain = layer.F.sha2
        with mock.patch.object(layer, "_keyed_hash", lambda _: lambda it: plain(it.cast("string"), 256)):
            self.assertEqual(self.found(), {TEXTS[0], TEXTS[8]})

    def test_metadata_that_comes_along_is_found(self) -> None:
        with mock.patch.object(layer, "plain", lambda it: it):
            self.assertEqual(self.found(), {"leak_comment"})

    def test_a_report_that_names_too_much_is_found(self) -> None:
        names = [it.folder() for it in layer.find(split.Storage(spark()), self.url("latest"), {})]
        write = layer.Job.write
        with mock.patch.object(layer.Job, "write", lambda *it: write(*it) and {**write(*it), "others": names}):
            self.assertEqual(self.found(), {"leak_table", "leak_database"})
