"""What the job writes, reports and refuses."""

from __future__ import annotations

import hashlib
import hmac
from decimal import Decimal
from unittest import mock

from .world import KEY, RUN, World, spark, types  # first: it says where the job's modules are
import layer
import split

USERS = "learning/learning.users"
RULES = """
[learning.users]
id = "normal"
name = "normal"
email = { class = "sensitive", normal = "hash" }
phone = { class = "sensitive", normal = "mask" }
note = "sensitive"
password = "drop"
"""


def hashed(text: str) -> str:
    return hmac.new(KEY, text.encode(), hashlib.sha256).hexdigest()


class Layers(World):
    def setUp(self) -> None:
        super().setUp()
        self.rules = RULES
        schema = "id long, name string, email string, phone string, note string, password string, fresh int"
        ann, bob = (1, "Ann", "ann@example.com", "090-1", "n1", "p1", 7), (2, "Bob", None, None, "n2", "p2", 8)
        self.table(USERS, self.rows(schema, ann, bob))

    def test_normal_has_what_is_normal_and_hashes_and_masks(self) -> None:
        report = self.split("normal")
        expected = [(1, "Ann", hashed("ann@example.com"), "***"), (2, "Bob", None, None)]
        self.assertEqual(self.values("normal", USERS), expected)
        names = {"id": "bigint", "name": "string", "email": "string", "phone": "string"}
        self.assertEqual(types(report, "learning.users"), names)
        self.assertEqual([it["rows"] for it in report["tables"]], [2])
        self.assertEqual((report["datalake_run"], report["layer"]), (RUN, "normal"))

    def test_sensitive_has_all_but_what_is_dropped_as_it_is(self) -> None:
        report = self.split("sensitive")
        expected = [(1, "Ann", "ann@example.com", "090-1", "n1", 7), (2, "Bob", None, None, "n2", 8)]
        self.assertEqual(self.values("sensitive", USERS), expected)
        self.assertNotIn("password", types(report, "learning.users"))

    def test_without_rules_everything_is_sensitive(self) -> None:
        self.rules = ""
        self.assertEqual(self.split("normal")["tables"], [])
        self.assertEqual(self.files("normal"), {f"_reports/{RUN}.json"})
        self.assertEqual(len(types(self.split("sensitive"), "learning.users")), 7)

    def test_a_layer_with_tables_is_not_emptied_unless_that_is_said(self) -> None:
        self.split("normal")
        before = self.files("normal")
        self.rules = ""
        self.publish("shop-next")
        self.refuses("^Nothing is left for the normal layer, which has 1 tables", datalake_run="shop-next")
        self.split("normal", datalake_run="shop-next", empty_layer="allow")
        self.assertEqual(self.files("normal") - before, {"_reports/shop-next.json"})
        self.assertFalse(any("learning" in it for it in self.files("normal")))

    def test_a_layer_that_was_empty_may_stay_so(self) -> None:
        self.rules = ""
        for run in ["shop-a", "shop-b"]:
            self.publish(run)
            self.assertEqual(self.split("normal", datalake_run=run)["tables"], [])

    def test_case_makes_no_difference(self) -> None:
        self.rules = RULES.replace("learning.users", 'LEARNING."Learning.Users"').replace("email", "EMail")
        self.table(USERS, self.rows("ID long, EMAIL string", (1, "ann@example.com")), self.rows("id long", (2,)))
        self.split("normal")
        self.assertEqual(self.values("normal", USERS), [(1, hashed("ann@example.com")), (2, None)])

    def test_equal_values_have_equal_hashes_whatever_their_types(self) -> None:
        self.rules = '[learning.users]\nid = "normal"\n"*" = { class = "sensitive", normal = "hash" }'
        schema = "id long, a int, b decimal(20,0), c decimal(8,3), d string, e binary, f boolean, g struct<x:int,y:int>"
        self.table(USERS, self.rows(schema, (1, 50, Decimal(50), Decimal("50.000"), "50", b"50", True, (1, None))))
        self.split("normal")
        expected = (1, *[hashed("50")] * 5, hashed("true"), hashed('{"x":1,"y":null}'))
        self.assertEqual(self.values("normal", USERS), [expected])

    def test_a_file_that_has_a_name_twice_is_refused_without_naming_it(self) -> None:
        # Else the test could not write it; the job sets this for itself.
        spark().conf.set("spark.sql.caseSensitive", "true")
        self.table(USERS, self.rows("name string, NAME string", ("a", "b")))
        self.refuses("^Table 1 of 1, sorted by name, could not be written")


class Shapes(World):
    def test_nested_columns_keep_their_shape(self) -> None:
        extra = 'extra = { class = "sensitive", normal = "mask" }'
        self.rules = f'[shop."public.orders"]\nid = "normal"\nlines = "normal"\n{extra}'
        schema = "id long, lines array<struct<sku:string,n:int>>, extra map<string,struct<a:int>>"
        self.table("shop/public.orders", self.rows(schema, (1, [("x", 2)], {"k": (1,)}), (2, None, None)))
        report = self.split("normal")
        self.assertEqual(self.values("normal", "shop/public.orders"), [(1, [("x", 2)], "***"), (2, None, None)])
        self.assertEqual(types(report, "public.orders")["lines"], "array<struct<sku:string,n:int>>")

    def test_a_table_of_two_thousand_columns(self) -> None:
        names = [f"c{it}" for it in range(2000)]
        self.rules = "[shop.wide]\n" + "\n".join(f'{it} = "normal"' for it in names[::2])
        self.table("shop/shop.wide", self.rows(", ".join(f"{it} int" for it in names), tuple(range(2000))))
        self.assertEqual(list(types(self.split("normal"), "shop.wide")), names[::2])
        self.assertEqual(tuple(self.read("normal", "shop/shop.wide").first()), tuple(range(0, 2000, 2)))

    def test_batches_of_different_schemas_become_one_table(self) -> None:
        self.table("shop/shop.t", self.rows("id long", (1,), (2,)), self.rows("id long, more string", (3, "x")))
        report = self.split("sensitive")
        self.assertEqual(self.values("sensitive", "shop/shop.t"), [(1, None), (2, None), (3, "x")])
        self.assertEqual(report["tables"][0]["rows"], 3)

    def test_names_that_look_like_patterns_or_partitions_are_names(self) -> None:
        for name in ["_hidden", "a b%20c", "we[ir]d*{a,b}?", "x=1"]:
            self.table(f"shop/{name}", self.rows("id long, `a.b` long, `c``d` long", (1, 2, 3)))
        # Taken for a pattern, the third would read this one.
        self.table("shop/weid", self.rows("id long", (1,), (2,)))
        report = self.split("sensitive")
        rows = {"_hidden": 1, "a b%20c": 1, "we[ir]d*{a,b}?": 1, "weid": 2, "x=1": 1}
        self.assertEqual({it["table"]: it["rows"] for it in report["tables"]}, rows)
        self.assertEqual(types(report, "_hidden"), {"id": "bigint", "a.b": "bigint", "c`d": "bigint"})


class Runs(World):
    def setUp(self) -> None:
        super().setUp()
        self.rules = '[shop]\n"*" = "normal"'
        for name in ["a", "b", "c"]:
            self.table(f"shop/shop.{name}", self.rows("id long", (1,), (2,)))

    def run_as(self, run: str) -> dict:
        self.publish(run)
        return self.split("normal", datalake_run=run)

    def partitions(self) -> list[str]:
        folders = (self.root / "normal").glob("*/*/datalake_run=*")
        return sorted(str(it.relative_to(self.root / "normal")) for it in folders)

    def test_other_runs_partitions_go_when_all_is_written_and_reports_stay(self) -> None:
        self.run_as("one-a1")
        strange = self.root / "normal" / "shop" / "shop.a" / "notes"
        strange.mkdir()
        (strange / "readme.txt").write_text("not of the job")
        self.run_as("two-a1")
        self.assertEqual(self.partitions(), [f"shop/shop.{it}/datalake_run=two-a1" for it in "abc"])
        self.assertTrue((strange / "readme.txt").exists())
        self.assertLessEqual({"_reports/one-a1.json", "_reports/two-a1.json"}, self.files("normal"))

    def test_what_is_no_longer_in_the_layer_is_removed_of_the_same_run_too(self) -> None:
        self.split("normal")
        self.rules = '[shop]\n"*" = "normal"\n[shop.b]\n"*" = "sensitive"'
        self.split("normal")
        self.assertEqual(self.partitions(), [f"shop/shop.{it}/datalake_run={RUN}" for it in "ac"])
        self.assertFalse((self.root / "normal" / "shop" / "shop.b").exists())

    def test_a_job_that_died_between_tables_is_made_good_by_the_next(self) -> None:
        self.run_as("one-a1")
        whole = self.files("normal")
        self.publish(RUN)
        written = []

        def dies(job: layer.Job, table: layer.Table) -> dict | None:
            if written:
                raise KeyboardInterrupt("killed")
            written.append(table)
            return write(job, table)

        write = layer.Job.write
        with mock.patch.object(split, "AT_ONCE", 1), mock.patch.object(layer.Job, "write", dies):
            with self.assertRaises(KeyboardInterrupt):
                self.split("normal")
        self.assertLess(whole, self.files("normal"), "what readers have is still there")
        self.assertNotIn(f"_reports/{RUN}.json", self.files("normal"))
        # Spark's own leftovers of a write that was cut off.
        left = self.root / "normal" / "shop" / "shop.b" / f"datalake_run={RUN}" / "_temporary" / "0"
        left.mkdir(parents=True)
        (left / "part-00000-left.parquet").write_bytes(b"half")
        self.split("normal")
        self.assertEqual(self.partitions(), [f"shop/shop.{it}/datalake_run={RUN}" for it in "abc"])
        for name in "abc":
            self.assertEqual(self.values("normal", f"shop/shop.{name}"), [(1,), (2,)])
        self.assertFalse(left.exists())

    def test_a_run_again_writes_no_file_twice(self) -> None:
        self.assertEqual(self.split("normal"), self.split("normal"))
        self.assertEqual(self.values("normal", "shop/shop.a"), [(1,), (2,)])

    def test_another_run_that_publishes_meanwhile_spoils_this_one(self) -> None:
        self.run_as("one-a1")
        self.publish(RUN)
        write = layer.Job.write

        def overtaken(job: layer.Job, table: layer.Table) -> dict | None:
            self.publish("shop-202611220300-1a2b3c4d-a1")
            return write(job, table)

        with mock.patch.object(layer.Job, "write", overtaken):
            with self.assertRaisesRegex(split.SplitError, "latest/ holds"):
                self.split("normal")
        self.assertIn("shop/shop.a/datalake_run=one-a1", self.partitions())
        self.assertNotIn(f"_reports/{RUN}.json", self.files("normal"))


class Pointers(World):
    def test_an_export_that_is_not_copied_is_read_where_it_is(self) -> None:
        self.rules = RULES
        self.table(USERS, self.rows("id long, email string", (1, "ann@example.com")))
        (self.root / "latest" / "_manifest.json").unlink()
        (self.root / "raw").mkdir()
        (self.root / "latest").rename(self.root / "raw" / RUN)
        places = {"datalake_input": self.url(f"raw/{RUN}/"), "datalake_output": self.url(f"normal/{RUN}/")}
        split.run(spark(), self.arguments("normal", datalake_export=None, **places), lambda _: KEY)
        self.assertIn(f"{RUN}/_reports/{RUN}.json", self.files("normal"))
        self.refuses("latest/ holds no run", datalake_export=None, datalake_input=self.url("raw/"))


class Refusals(World):
    def setUp(self) -> None:
        super().setUp()
        self.rules = RULES
        self.table(USERS, self.rows("id long, email string", (1, "ann@example.com")))

    def test_a_manifest_of_another_run(self) -> None:
        self.publish("shop-202611220300-1a2b3c4d-a1")
        self.refuses("latest/ holds shop-202611220300-1a2b3c4d-a1, not .*retry")

    def test_no_manifest_or_one_that_cannot_be_read(self) -> None:
        manifest = self.root / "latest" / "_manifest.json"
        for content in ["{", "[]", "{}"]:
            manifest.write_text(content)
            self.refuses("latest/ holds no run")
        manifest.unlink()
        self.refuses("latest/ holds no run")

    def test_rules_that_are_not_those_of_the_run(self) -> None:
        self.refuses("is [0-9a-f]{64}, but the run was started under 0000", datalake_classification="0000")
        self.refuses("rules.toml.gone is not there", datalake_rules=self.url("rules.toml.gone"))
        self.refuses("No --datalake_rules was given", datalake_rules=None)

    def test_rules_that_contradict_themselves_without_telling_their_names(self) -> None:
        self.rules = '[learning.users]\nsecret_column = "public"'
        with self.assertRaises(split.SplitError) as refused:
            self.split("normal")
        self.assertIn("config check", str(refused.exception))
        self.assertNotIn("secret_column", str(refused.exception))

    def test_a_hash_without_a_key(self) -> None:
        self.refuses("give the job --hash_key_secret", hash_key_secret=None)
        with self.assertRaisesRegex(split.SplitError, "too short"):
            split.run(spark(), self.arguments("normal"), lambda _: b"short")
        self.split("sensitive", hash_key_secret=None)

    def test_arguments_that_cannot_be_followed(self) -> None:
        self.refuses("not those of deploy/glue/README.md.*datalake_layer", layer="secret")
        self.refuses("not those of deploy/glue/README.md.*datalake_output", datalake_output=None)
        self.refuses("not the name of an export task", datalake_run="../other")

    def test_an_export_without_status_files(self) -> None:
        self.refuses("no status files", datalake_export=self.url("raw/gone/"))

    def test_a_column_that_is_called_like_the_partition(self) -> None:
        self.table(USERS, self.rows("id long, Datalake_Run string", (1, "x")))
        self.refuses("classify it as drop", layer="sensitive")

    def test_the_key_comes_from_secrets_manager(self) -> None:
        client = mock.Mock(**{"get_secret_value.side_effect": [{"SecretString": "text"}, {"SecretBinary": b"bytes"}]})
        with mock.patch.dict("sys.modules", boto3=mock.Mock(**{"client.return_value": client})):
            self.assertEqual([split._secret("lake-key"), split._secret("lake-key")], [b"text", b"bytes"])
        client.get_secret_value.assert_called_with(SecretId="lake-key")
