#!/usr/bin/env python3
"""Plants crossings in a small tree and expects check_includes.py to find each of them, and nothing else."""
import os
import subprocess
import sys
import tempfile
import unittest

SCRIPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "scripts", "check_includes.py")

# (file, its include line, part of the finding; None where it must pass)
CASES = [
    ("base/a.cc", '#include "base/clock.h"', None),
    ("base/b.cc", '#include "keys/rsa_key.h"', "base/ may not use keys/rsa_key.h"),
    ("base/c.cc", "#include <openssl/sha.h>", None),
    ("base/d.cc", "#include <curl/curl.h>", "base/ may not use libcurl"),
    ("keys/a.cc", "#include <openssl/evp.h>", None),
    ("keys/b.cc", "#include <grpcpp/grpcpp.h>", "keys/ may not use gRPC"),
    ("keys/c.cc", "#include <sql.h>", "keys/ may not use unixODBC"),
    ("warehouse/a.cc", "#include <sqlext.h>", None),
    ("warehouse/b.cc", '#include "keys/key_ring.h"', "warehouse/ may not use keys/key_ring.h"),
    ("warehouse/c.cc", '#include "ingest/engine.h"', "warehouse/ may not use ingest/engine.h"),
    ("ingest/a.cc", '#include "warehouse/page.h"', None),
    ("ingest/b.cc", '#include "warehouse/odbc_session.h"', "ingest/ may not use warehouse/odbc_session.h"),
    ("ingest/c.cc", '#include "ingest/state/sqlite_store.h"', "ingest/ may not use ingest/state/sqlite_store.h"),
    ("ingest/d.cc", "#include <sqlite3.h>", "ingest/ may not use SQLite"),
    ("ingest/e.cc", "#include <openssl/evp.h>", "ingest/ may not use OpenSSL"),
    ("ingest/f.cc", '#include "cdi/v1/sync.pb.h"', "ingest/ may not use cdi/v1/sync.pb.h"),
    ("ingest/braze/a.cc", "#include <curl/curl.h>", None),
    ("ingest/braze/b.cc", '#include "ingest/state/run_fold.h"', "ingest/braze/ may not use ingest/state/run_fold.h"),
    ("ingest/braze/c.cc", '#include "warehouse/page.h"', "ingest/braze/ may not use warehouse/page.h"),
    ("ingest/braze/d_test.cc", "#include <openssl/ssl.h>", None),
    ("ingest/state/a.cc", '#include "keys/key_store.h"', None),
    ("ingest/state/b.cc", '#include "keys/key_ring.h"', "ingest/state/ may not use keys/key_ring.h"),
    ("ingest/state/c.cc", "#include <curl/curl.h>", "ingest/state/ may not use libcurl"),
    ("server/a.cc", '#include "ingest/state/sqlite_store.h"', None),
    ("server/b.cc", '#include "tests/support/golden.h"', "server/ may not use tests/support/golden.h"),
    ("server/c_test.cc", '#include "tests/support/golden.h"', None),
    ("cli/a.cc", '#include "cdi/v1/sync.grpc.pb.h"', None),
    ("cli/b.cc", '#include "ingest/names.h"', "cli/ may not use ingest/names.h"),
    ("cli/c.cc", '#include "names.h"', "\"names.h\" is no header from the root"),
    ("cli/d.cc", "#include <gtest/gtest.h>", "cli/ may not use test library"),
    ("tests/sim/a.cc", '#include "ingest/run_machine.h"', None),
    ("tests/sim/b.cc", '  #  include "server/server.h"', None),
    ("bench/a.cc", '#include "warehouse/odbc_warehouse.h"', None),
]


class CheckIncludesTest(unittest.TestCase):
    def run_on(self, cases):
        with tempfile.TemporaryDirectory() as root:
            for path, line, _ in cases:
                full = os.path.join(root, path)
                os.makedirs(os.path.dirname(full), exist_ok=True)
                with open(full, "w", encoding="utf-8") as source:
                    source.write("// A planted file.\n" + line + "\n")
            return subprocess.run([sys.executable, SCRIPT, "--root", root], capture_output=True, text=True, check=False)

    def test_finds_every_planted_crossing_with_file_and_line(self):
        result = self.run_on(CASES)
        self.assertEqual(result.returncode, 1)
        for path, _, finding in CASES:
            if finding is not None:
                self.assertIn(f"{path}:2: {finding}", result.stdout)

    def test_reports_nothing_that_is_allowed(self):
        result = self.run_on([case for case in CASES if case[2] is None])
        self.assertEqual(result.returncode, 0, result.stdout)

    def test_refuses_a_root_without_sources(self):
        self.assertEqual(self.run_on([]).returncode, 1)


if __name__ == "__main__":
    unittest.main()
