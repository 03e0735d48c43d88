#!/usr/bin/env python3
"""Gives check_operations.py a small product and expects it to miss no event, metric or key."""
import os
import subprocess
import sys
import tempfile
import unittest

SCRIPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "scripts", "check_operations.py")

FILES = {
    "ingest/a.cc": 'deps_.logger.Write(LogLevel::kInfo, "run_started",\n  {{"run", name}});\nlogger.Write(level, "run_ended", {});\n',
    "server/a.cc": 'logger_.Write(clean ? LogLevel::kInfo : LogLevel::kWarn, "stopped", {});\n'
                   'c.Write(status.ok() ? LogLevel::kDebug : LogLevel::kInfo, status.ok() ? "rpc" : "rpc_refused",\n{});\n',
    "server/metrics.cc": 'AddCounters("cdi_rows_total", "Rows")\n',
    "server/a_test.cc": 'logger.Write(LogLevel::kInfo, "only_in_a_test", {});\n',
    "proto/cdi/config/v1/server_config.proto":
        "message ServerConfig {\n  // X.\n  string listen = 1;\n  Inner master_key = 2;\n  repeated string hosts = 3;\n"
        "  message Inner {\n    string file = 1;\n    bool create = 2;\n  }\n}\n",
    "docs/operations.md": "| `run_started`, `run_ended` | x |\n| `stopped` | x |\n| `rpc` | x |\n| `rpc_refused` | x |\n"
                          "| `cdi_rows_total{sync,outcome}` | x |\n",
    "README.md": "| `listen` | x |\n| `master_key.file`, `.create` | x |\n| `hosts` | x |\n",
}


class CheckOperationsTest(unittest.TestCase):
    def run_on(self, changed=None):
        with tempfile.TemporaryDirectory() as root:
            for path, content in {**FILES, **(changed or {})}.items():
                full = os.path.join(root, path)
                os.makedirs(os.path.dirname(full), exist_ok=True)
                with open(full, "w", encoding="utf-8") as file:
                    file.write(content)
            return subprocess.run([sys.executable, SCRIPT, "--root", root], capture_output=True, text=True, check=False)

    def test_passes_when_everything_is_described(self):
        result = self.run_on()
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        self.assertIn("6 events and metrics, 4 keys", result.stdout)

    def test_misses_nothing_of_the_code(self):
        for name in ("run_started", "run_ended", "stopped", "rpc_refused", "cdi_rows_total"):
            with self.subTest(name):
                result = self.run_on({"docs/operations.md": FILES["docs/operations.md"].replace(name, "something_else")})
                self.assertIn(f"{name} is not in docs/operations.md", result.stdout)
                self.assertIn("something_else is nowhere in the code", result.stdout)
                self.assertEqual(result.returncode, 1)

    def test_misses_no_key(self):
        for key, row in (("listen", "`listen`"), ("master_key.create", ", `.create`"), ("hosts", "`hosts`")):
            with self.subTest(key):
                result = self.run_on({"README.md": FILES["README.md"].replace(row, "")})
                self.assertIn(f"the configuration key {key} is not in the table", result.stdout)


if __name__ == "__main__":
    unittest.main()
