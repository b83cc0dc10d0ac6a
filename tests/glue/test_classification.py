"""The classification is read as `tests/vectors/classification.json` says; the bot's tests read the same."""

from __future__ import annotations

import json
import unittest
from pathlib import Path

from . import world
from classification import Refused, digest, parse

VECTORS = json.loads((Path(world.__file__).parents[1] / "vectors" / "classification.json").read_text(encoding="utf-8"))


class Vectors(unittest.TestCase):
    def test_each_column_is_what_the_vectors_say(self) -> None:
        for case in VECTORS["cases"]:
            rules = parse(case["toml"].encode())
            for column in case["columns"]:
                it = rules.of(column["database"], column["table"], column["column"])
                found = {"class": it.column_class.value, "normal": it.normal.value, "unclassified": it.unclassified}
                self.assertEqual({**column, **found}, column, case["name"])

    def test_files_that_contradict_themselves_are_refused(self) -> None:
        for case in VECTORS["refused"]:
            with self.subTest(case["name"]), self.assertRaises(Refused):
                parse(case["toml"].encode())

    def test_bytes_that_are_no_text_are_refused(self) -> None:
        with self.assertRaises(Refused):
            parse(b"\xff\xfe")


class Questions(unittest.TestCase):
    def test_a_key_is_needed_only_where_something_hashes(self) -> None:
        hashed = '{ class = "sensitive", normal = "hash" }'
        for text, hashes in [
            (f"[a.b]\nc = {hashed}", True),
            (f'[a.b]\n"*" = {hashed}', True),
            (f'[a]\n"*" = {hashed}', True),
            ('[a.b]\nc = { class = "sensitive", normal = "mask" }\nd = "normal"', False),
            ("", False),
        ]:
            self.assertIs(parse(text.encode()).hashes(), hashes, text)

    def test_no_file_has_the_digest_of_no_bytes(self) -> None:
        self.assertEqual(digest(b""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")

    def test_the_deployed_example_can_be_read(self) -> None:
        example = world.JOB.parent / "shop.classification.toml"
        parse(example.read_bytes())
