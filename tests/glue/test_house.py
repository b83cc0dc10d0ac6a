"""The repository's rules on files, for Python: what `tests/it/architecture.rs` is for Rust."""

from __future__ import annotations

import ast
import unittest
from pathlib import Path

ROOT = Path(__file__).parents[2]
LONGEST_FILE, LONGEST_FUNCTION, WIDEST = 400, 50, 120


class House(unittest.TestCase):
    def test_files_are_short_and_say_what_they_are_for(self) -> None:
        files = [it for folder in ["deploy/glue", "tests/glue"] for it in (ROOT / folder).glob("*.py")]
        self.assertGreater(len(files), 5)
        for path in files:
            text = path.read_text(encoding="utf-8")
            tree, lines = ast.parse(text), text.splitlines()
            with self.subTest(path.name):
                self.assertTrue(ast.get_docstring(tree))
                self.assertLessEqual(len(lines), LONGEST_FILE)
                self.assertEqual([it for it in lines if len(it) > WIDEST], [])
                functions = [it for it in ast.walk(tree) if isinstance(it, ast.FunctionDef)]
                self.assertEqual([it.name for it in functions if it.end_lineno - it.lineno >= LONGEST_FUNCTION], [])
