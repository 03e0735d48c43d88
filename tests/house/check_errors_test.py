#!/usr/bin/env python3
"""Gives check_errors.py a small code base and expects it to miss nothing in either direction."""
import os
import subprocess
import sys
import tempfile
import unittest

SCRIPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "scripts", "check_errors.py")

SOURCES = {
    "base/error.cc": 'return MakeError(absl::StatusCode::kInvalidArgument, "INVALID_FIELD", message);\n',
    "keys/a.cc": 'return Refuse("KEY_BAD", Concat("x"));\n// kInternal, "IN_A_COMMENT"\n',
    "warehouse/a.cc": 'constexpr Meaning kX{\n    Code::kNotFound, "TABLE_GONE",\n    "gone"};\n',
    "ingest/names.cc": 'std::string_view RowFaultName(RowFault fault) {\n  switch (fault) {\n    case kA:\n'
                       '      return "ROW_BAD";\n  }\n  return "UNKNOWN";\n}\nreturn "NO_REASON";\n',
    "ingest/end.cc": 'Stop({RunState::kError,\n  {waits ? "BRAZE_DOWN" : "STUCK",\n  absl::StrCat(1)}});\n'
                     'x = {.reason = big ? "TOO_BIG" : "REFUSED"};\n{"RUN_BAD", absl::StrCat(2)}\n',
    "ingest/end_test.cc": 'MakeError(absl::StatusCode::kInternal, "ONLY_IN_A_TEST", "x");\n',
    "server/a.cc": 'return Refused("NOT_NOW", "x");\nif (reason == "NEVER_RAISED") return;\n',
    "cli/a.cc": 'report.reason = "NO_SERVER";\n',
}
DOCUMENTED = {
    "INVALID_FIELD": "INVALID_ARGUMENT", "KEY_BAD": "FAILED_PRECONDITION", "TABLE_GONE": "NOT_FOUND", "ROW_BAD": "row",
    "BRAZE_DOWN": "ERROR", "STUCK": "ERROR", "TOO_BIG": "row", "REFUSED": "row", "RUN_BAD": "ERROR",
    "NOT_NOW": "FAILED_PRECONDITION", "NO_SERVER": "-",
}


class CheckErrorsTest(unittest.TestCase):
    def run_on(self, documented, more=""):
        with tempfile.TemporaryDirectory() as root:
            rows = "".join(f"| `{reason}` | {code} | x | y |\n" for reason, code in documented.items()) + more
            for path, content in {**SOURCES, "docs/errors.md": rows}.items():
                full = os.path.join(root, path)
                os.makedirs(os.path.dirname(full), exist_ok=True)
                with open(full, "w", encoding="utf-8") as file:
                    file.write(content)
            return subprocess.run([sys.executable, SCRIPT, "--root", root], capture_output=True, text=True, check=False)

    def test_passes_when_both_are_equal(self):
        result = self.run_on(DOCUMENTED)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        self.assertIn(f"{len(DOCUMENTED)} reasons", result.stdout)

    def test_misses_no_reason_of_the_code(self):
        for reason in DOCUMENTED:
            with self.subTest(reason):
                result = self.run_on({key: code for key, code in DOCUMENTED.items() if key != reason})
                self.assertEqual(result.returncode, 1)
                self.assertIn(f"{reason} is not in docs/errors.md", result.stdout)

    def test_finds_a_reason_that_the_code_lacks(self):
        result = self.run_on({**DOCUMENTED, "NEVER_RAISED": "INTERNAL"})
        self.assertIn("NEVER_RAISED is nowhere in the code", result.stdout)

    def test_finds_a_wrong_code(self):
        self.assertIn("TABLE_GONE lacks the code NOT_FOUND", self.run_on({**DOCUMENTED, "TABLE_GONE": "INTERNAL"}).stdout)

    def test_finds_a_reason_that_stands_there_twice(self):
        self.assertIn("KEY_BAD stands there twice", self.run_on(DOCUMENTED, "| `KEY_BAD` | FAILED_PRECONDITION | x |\n").stdout)


if __name__ == "__main__":
    unittest.main()
