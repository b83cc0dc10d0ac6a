"""Types: of tables without rows, and of what Parquet has as text or number and is more."""

from __future__ import annotations

import json
from datetime import date, datetime
from decimal import Decimal

from .world import World, types
from pyspark.sql import types as T

from columns import Announced, read_status

TEXT = "binary (UTF8)"
RULES = '[shop]\n"*" = "normal"'


class Announcements(World):
    def test_types_of_columns_without_rows(self) -> None:
        for original, exported, expected in [
            ("int", "int32", "int"),
            ("bigint", "int64", "bigint"),
            ("smallint", "int32 (INT_16)", "smallint"),
            ("bigint unsigned", "fixed_len_byte_array(9) (DECIMAL(20,0))", "decimal(20,0)"),
            ("decimal", "int64 (DECIMAL(12, 2))", "decimal(12,2)"),
            ("decimal", "fixed_len_byte_array (DECIMAL(60,2))", "binary"),
            ("double precision", "double", "double"),
            ("real", "float", "float"),
            ("boolean", "boolean", "boolean"),
            ("bytea", "binary", "binary"),
            ("varchar", TEXT, "string"),
            ("uuid", "byte_array (STRING)", "string"),
            ("date", TEXT, "date"),
            ("date", "int32 (DATE)", "date"),
            ("timestamp with time zone", TEXT, "timestamp"),
            ("time without time zone", TEXT, "string"),
            ("datetime(6)", "int64 (TIMESTAMP_MICROS)", "timestamp"),
            ("datetime", "int64", "timestamp"),
            ("numeric(10,2)", TEXT, "decimal(10,2)"),
            ("numeric", TEXT, "string"),
            ("numeric(39,2)", TEXT, "string"),
            ("geometry", "a word of tomorrow", "string"),
            ("", "", "string"),
        ]:
            column = Announced("c", original, exported.lower())
            self.assertEqual(column.type_without_rows().simpleString(), expected, (original, exported))

    def test_status_files_may_leave_out_whatever_they_like(self) -> None:
        self.assertEqual(read_status("{}"), {})
        table = {"target": "Shop.A", "schemaMetadata": {"originalTypeMappings": [{"columnName": "Id"}]}}
        status = json.dumps({"perTableStatus": [{"target": "shop"}, table]})
        self.assertEqual(read_status(status), {"shop.a": [Announced("Id", "", "")]})


class Conversions(World):
    def setUp(self) -> None:
        super().setUp()
        self.rules = RULES

    def test_a_table_without_rows_is_there_with_its_columns(self) -> None:
        self.table("shop/public.empty")
        self.table("shop/shop.unknown")
        self.announce("shop.public.empty", ("id", "bigint", "int64"), ("Day", "date", TEXT), ("secret", "text", TEXT))
        self.rules = '[shop."public.empty"]\nid = "normal"\nday = "normal"'
        report = self.split("normal")
        columns = [{"name": "id", "type": "bigint"}, {"name": "Day", "type": "date"}]
        table = {"database": "shop", "table": "public.empty", "rows": 0, "columns": columns}
        self.assertEqual(report["tables"], [table])
        written = self.read("normal", "shop/public.empty")
        self.assertEqual([it.dataType for it in written.schema.fields], [T.LongType(), T.DateType()])
        self.assertEqual(written.count(), 0)

    def test_texts_become_what_they_are_if_all_of_them_can(self) -> None:
        schema = "id long, day string, at string, zoned string, price string, other string"
        announced = [
            ("ID", "bigint", "int64"),
            ("day", "date", TEXT),
            ("at", "timestamp without time zone", TEXT),
            ("zoned", "timestamp with time zone", TEXT),
            ("price", "numeric(10,2)", TEXT),
            ("other", "text", TEXT),
        ]
        good = (1, "2026-11-21", "0987-11-21 03:00:00.123456", "2026-11-21 03:00:00+09", "-12345678.5", "2026-11-21")
        self.table("shop/public.t", self.rows(schema, good, (2, None, None, None, None, None)))
        self.announce("shop.public.t", *announced)
        at, zoned = datetime(987, 11, 21, 3, 0, 0, 123456), datetime(2026, 11, 20, 18)
        report = self.split("normal")
        expected = ["bigint", "date", "timestamp", "timestamp", "decimal(10,2)", "string"]
        self.assertEqual(list(types(report, "public.t").values()), expected)
        found = self.read("normal", "shop/public.t").orderBy("id")
        found = found.selectExpr("day", "string(at)", "string(zoned)", "price", "other").collect()
        price = Decimal("-12345678.50")
        self.assertEqual(tuple(found[0]), (date(2026, 11, 21), str(at), str(zoned), price, "2026-11-21"))
        self.assertEqual(tuple(found[1]), (None,) * 5)

    def test_one_text_that_cannot_keeps_all_as_they_are(self) -> None:
        texts = {
            "date": ["infinity", "0044-03-15 BC", "0000-00-00", "2026-02-30", "2026-1-1", "+12026-01-01"],
            "timestamp": ["2026-11-21 24:00:00", "-infinity", "2026-11-21", "2026-11-21 03:00:00 BC", "now"],
            "numeric(4,2)": ["NaN", "1.234", "123", "1e2", ""],
        }
        names = {f"{of} {number}": (of, bad) for of, bads in texts.items() for number, bad in enumerate(bads)}
        good = {"date": "2026-11-21", "timestamp": "2026-11-21 03:00:00", "numeric(4,2)": "1.23"}
        schema = ", ".join(f"`{it}` string" for it in names)
        rows = [tuple(good[of] for of, _ in names.values()), tuple(bad for _, bad in names.values())]
        self.table("shop/shop.t", self.rows(schema, *rows))
        self.announce("shop.t", *[(name, of, TEXT) for name, (of, _) in names.items()])
        report = self.split("sensitive")
        self.assertEqual(types(report, "shop.t"), {it: "string" for it in names})
        self.assertCountEqual(self.values("sensitive", "shop/shop.t", "date 0"), rows)

    def test_times_without_a_zone_stay_as_they_are_read(self) -> None:
        literals = ["timestamp_ntz'2026-11-21 03:00:00' at", "date'0987-01-01' day"]
        self.table("shop/shop.t", self.rows("id long", (1,)).selectExpr("id", *literals))
        self.assertEqual(list(types(self.split("normal"), "shop.t").values()), ["bigint", "timestamp", "date"])
        found = self.read("normal", "shop/shop.t").selectExpr("string(at)", "string(day)").first()
        self.assertEqual(tuple(found), ("2026-11-21 03:00:00", "0987-01-01"))

    def test_numbers_that_are_times_become_times(self) -> None:
        schema = "id long, at long, millis long, really timestamp"
        self.table("shop/shop.t", self.rows(schema, (1, 1_000_001, 1_001, datetime(2026, 11, 21))))
        at = ("at", "datetime", "int64")
        self.announce("shop.t", at, ("millis", "timestamp", "int64 (TIMESTAMP_MILLIS)"), ("id", "bigint", "int64"))
        self.assertEqual(list(types(self.split("normal"), "shop.t").values()), ["bigint"] + ["timestamp"] * 3)
        found = self.read("normal", "shop/shop.t").selectExpr("string(at)", "string(millis)").first()
        self.assertEqual(tuple(found), ("1970-01-01 00:00:01.000001", "1970-01-01 00:00:01.001"))
