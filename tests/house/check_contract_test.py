#!/usr/bin/env python3
"""Changes a small contract in every way that matters and expects check_contract.py to tell breaks from additions."""
import os
import subprocess
import sys
import tempfile
import unittest

SCRIPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "scripts", "check_contract.py")

BEFORE = """syntax = "proto3";
package cdi.v1;
message Thing {
  string name = 1;
  int32 size = 2;
  oneof kind { string small = 3; string large = 4; }
}
enum Color { COLOR_UNSPECIFIED = 0; RED = 1; }
service ThingService {
  rpc GetThing(Thing) returns (Thing);
}
"""

# (name, text, its replacement, what is said; None where nothing may be said)
CASES = [
    ("a comment", "message Thing {", "// Said.\nmessage Thing {", None),
    ("a removed field", "  int32 size = 2;\n", "", "gone: field cdi.v1.Thing 2"),
    ("a renumbered field", "size = 2", "size = 5", "gone: field cdi.v1.Thing 2"),
    ("a retyped field", "int32 size", "int64 size", "changed: field cdi.v1.Thing 2: was size int32, is size int64"),
    ("a renamed field", "int32 size", "int32 bulk", "changed: field cdi.v1.Thing 2"),
    ("a repeated field", "int32 size", "repeated int32 size", "changed: field cdi.v1.Thing 2"),
    ("a field out of its oneof", "oneof kind { string small = 3; string large = 4; }",
     "string small = 3; oneof kind { string large = 4; }", "changed: field cdi.v1.Thing 3"),
    ("a removed value", "RED = 1;", "", "gone: value cdi.v1.Color 1"),
    ("a renumbered value", "RED = 1", "RED = 2", "gone: value cdi.v1.Color 1"),
    ("a removed rpc", "  rpc GetThing(Thing) returns (Thing);\n", "", "gone: rpc cdi.v1.ThingService.GetThing"),
    ("a stream", "returns (Thing)", "returns (stream Thing)", "changed: rpc cdi.v1.ThingService.GetThing"),
    ("a reserved field", "int32 size = 2;", "reserved 2;", "retired: field cdi.v1.Thing 2 size int32"),
    ("a new field", "int32 size = 2;", "int32 size = 2;\n  bool used = 7;", "new: field cdi.v1.Thing 7 used bool"),
]


class CheckContractTest(unittest.TestCase):
    def setUp(self):
        self.scratch = tempfile.TemporaryDirectory()
        self.addCleanup(self.scratch.cleanup)
        self.root = self.scratch.name
        os.makedirs(os.path.join(self.root, "proto/cdi/v1"))
        os.makedirs(os.path.join(self.root, "proto/third_party"))
        os.makedirs(os.path.join(self.root, "tests/golden"))

    def check(self, text, *flags):
        with open(os.path.join(self.root, "proto/cdi/v1/thing.proto"), "w", encoding="utf-8") as file:
            file.write(text)
        return subprocess.run([sys.executable, SCRIPT, "--root", self.root, *flags], capture_output=True, text=True, check=False)

    def test_tells_every_change(self):
        self.assertEqual(self.check(BEFORE, "--update_golden").returncode, 0)
        for name, text, replacement, said in CASES:
            with self.subTest(name):
                self.assertIn(text, BEFORE)
                result = self.check(BEFORE.replace(text, replacement))
                self.assertEqual(result.returncode, 0 if said is None else 1, result.stdout + result.stderr)
                if said is not None:
                    self.assertIn(said, result.stdout)
                    expected_break = not said.startswith(("new", "retired"))
                    self.assertEqual("the wire contract is broken" in result.stdout, expected_break, result.stdout)

    def test_accepts_what_was_written_down(self):
        self.check(BEFORE, "--update_golden")
        grown = BEFORE.replace("int32 size = 2;", "int32 size = 2;\n  bool used = 7;")
        self.assertEqual(self.check(grown).returncode, 1)
        self.assertEqual(self.check(grown, "--update_golden").returncode, 0)
        self.assertEqual(self.check(grown).returncode, 0)


if __name__ == "__main__":
    unittest.main()
