#!/usr/bin/env python3
"""Plants breaches of habits in a small tree and expects check_house.py to find each of them, and nothing else."""
import os
import subprocess
import sys
import tempfile
import unittest

SCRIPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "scripts", "check_house.py")
HEADER = "// What it is.\n#pragma once\n"

# (file, content, part of the finding; None where it must pass). Split words keep this file itself clean.
CASES = [
    ("base/good.h", HEADER, None),
    ("base/bare.h", "#pragma once\n", "base/bare.h:1: a header begins with a comment"),
    ("base/twice.h", "// What it is.\n", "base/twice.h:1: a header has #pragma once"),
    ("base/long.cc", "\n" * 601, "base/long.cc:601: more than 600 lines"),
    ("base/full.cc", "\n" * 600, None),
    ("base/open.cc", "int x;\n// TO" "DO: finish\n", "base/open.cc:2: an open end"),
    ("base/stub.cc", '// not imple' 'mented\n', "base/stub.cc:1: an open end"),
    ("docs/path.md", "see /home/" "me/x\n", "docs/path.md:1: a path of somebody's machine"),
    ("docs/url.md", "see example.com/work/" "x and build/home/x\n", None),
    ("scripts/get.sh", "curl https://regis" "try.npmjs" ".org/x\n", "scripts/get.sh:1: a host of a package registry"),
    ("packaging/Dockerfile", "FROM docker" ".io/debian\n", "packaging/Dockerfile:1: a host of a package registry"),
    ("packaging/x.service", "[Service]\n# FIX" "ME\n", "packaging/x.service:2: an open end"),
    ("docs/links.md", "# A title\n[a](good.md) [b](good.md#the-end) [c](#a-title) [d](https://example.com)\n", None),
    ("docs/good.md", "# Start\n## The `end`\n```\n[x](nowhere.md)\n```\n", None),
    ("docs/bad.md", "[a](nowhere.md)\n[b](good.md#nowhere)\n", "docs/bad.md:1: the link leads nowhere: nowhere.md"),
    ("docs/bad2.md", "[b](good.md#nowhere)\n", "docs/bad2.md:1: no such heading: good.md#nowhere"),
    ("proto/cdi/v1/a.proto",
     'syntax = "proto3";\npackage cdi.v1;\n// A message.\nmessage A {\n  // A field.\n  string name = 1;\n}\n', None),
    ("proto/cdi/v1/b.proto",
     'syntax = "proto3";\npackage cdi.v1;\nmessage B {\n  // A field.\n  string name = 1;\n}\n',
     "proto/cdi/v1/b.proto:3: message B has no comment"),
    ("proto/cdi/v1/c.proto",
     'syntax = "proto3";\npackage cdi.v1;\n// A message.\nmessage C {\n  string name = 1;\n'
     "  // An enum.\n  enum E {\n    ZERO = 0;\n  }\n}\n",
     "proto/cdi/v1/c.proto:5: field C.name has no comment"),
    ("proto/cdi/v1/d.proto",
     'syntax = "proto3";\npackage cdi.v1;\n// An enum.\nenum D {\n  NONE = 0;\n}\n',
     "proto/cdi/v1/d.proto:5: value D.NONE has no comment"),
]


class CheckHouseTest(unittest.TestCase):
    def run_on(self, cases):
        with tempfile.TemporaryDirectory() as root:
            for path, content, _ in cases:
                full = os.path.join(root, path)
                os.makedirs(os.path.dirname(full), exist_ok=True)
                with open(full, "w", encoding="utf-8") as file:
                    file.write(content)
            return subprocess.run([sys.executable, SCRIPT, "--root", root], capture_output=True, text=True, check=False)

    def test_finds_every_planted_breach_with_file_and_line(self):
        result = self.run_on(CASES)
        self.assertEqual(result.returncode, 1)
        for _, _, finding in CASES:
            if finding is not None:
                self.assertIn(finding, result.stdout)

    def test_reports_nothing_of_good_files(self):
        result = self.run_on([case for case in CASES if case[2] is None])
        self.assertEqual(result.returncode, 0, result.stdout)

    def test_refuses_a_root_without_files(self):
        self.assertEqual(self.run_on([]).returncode, 1)


if __name__ == "__main__":
    unittest.main()
