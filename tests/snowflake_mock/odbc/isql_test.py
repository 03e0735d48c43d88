#!/usr/bin/python3
"""unixODBC's own programs and the driver: odbcinst registers it, isql (narrow) and iusql (wide) use it, in the locales C and
C.UTF-8. Arguments: the folder of snowflake-mock, the driver's library, the personality (3 or 4)."""
import subprocess
import sys
import unittest

from odbc_harness import World

BINARIES, LIBRARY, PERSONALITY = sys.argv[1:4]


class ToolsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.world = World(BINARIES, LIBRARY, PERSONALITY).__enter__()

    @classmethod
    def tearDownClass(cls):
        cls.world.__exit__()

    def run_tool(self, tool, sql, locale="C", options=("-b", "-d|")):
        done = subprocess.run([tool, "mock", *options], input=sql.encode(), capture_output=True, timeout=60,
                              env=dict(self.world.environment, LC_ALL=locale))
        output = done.stdout.decode("utf-8", "replace")
        self.assertEqual(done.returncode, 0, output + done.stderr.decode())
        return output

    def test_odbcinst_lists_the_driver_and_its_library(self):
        listed = subprocess.run(["odbcinst", "-q", "-d", "-n", self.world.driver], env=self.world.environment, check=True,
                                capture_output=True, text=True).stdout
        self.assertIn(LIBRARY, listed)

    def test_isql_lists_tables(self):
        output = self.run_tool("isql", "help\n")
        for name in ("EVERY_TYPE", "A_B", "V1", "lower name"):
            self.assertIn(name, output)

    def test_isql_lists_the_columns_of_one_table(self):
        output = self.run_tool("isql", "help EVERY_TYPE\n")
        for name in ("AMOUNT", "DECIMAL", "mixed Case", "a name"):
            self.assertIn(name, output)

    def test_isql_fetches_every_type(self):
        row = self.run_tool("isql", "SELECT * FROM EVERY_TYPE WHERE ID > 2\n").strip().split("|")
        self.assertEqual(row[0], "12345678901234567890123456789012345678")
        self.assertEqual(row[1], "-0.50")
        self.assertEqual(float(row[2]), 2.5)
        self.assertEqual(row[4:10], ["1", "DEADBEEF", "2026-11-24", "12:34:56.789", "2026-01-02 03:04:05.123456789",
                                     "2026-01-02 03:04:05.123456"])
        self.assertEqual(row[10], "2026-01-02 01:04:05.123")  # the UTC wall clock, as the official drivers give it

    def test_narrow_text_is_utf8_in_every_locale(self):
        for locale in ("C", "C.UTF-8"):
            with self.subTest(locale=locale):
                output = self.run_tool("isql", "SELECT NAME, 'gr\u00fc\u00df \u20ac' FROM EVERY_TYPE WHERE NAME = 'Zo\u00eb \u20ac \U0001F600'\n", locale)
                self.assertIn("Zo\u00eb \u20ac \U0001F600", output)
                self.assertIn("gr\u00fc\u00df \u20ac", output)

    def test_wide_text_is_whole(self):
        # iusql prints the low byte of each UTF-16 unit, whatever the locale: enough to see that the units are right.
        units = b"".join(bytes([unit]) for unit in "Zo\u00eb \u20ac".encode("utf-16-le")[::2])
        done = subprocess.run(["iusql", "mock", "-b", "-d|"], input=b"SELECT NAME FROM EVERY_TYPE WHERE NAME LIKE 'Zo%'\n",
                              capture_output=True, timeout=60, env=dict(self.world.environment, LC_ALL="C.UTF-8"))
        self.assertIn(units, done.stdout)

    def test_iusql_runs_queries_in_the_locale_c(self):
        self.assertIn("42", self.run_tool("iusql", "SELECT 42\n"))

    def test_ddl_runs_once_and_dml_tells_its_rows(self):
        output = self.run_tool("isql", "CREATE TABLE MADE_BY_ISQL (ID NUMBER)\nINSERT INTO MADE_BY_ISQL SELECT 1\n"
                                       "INSERT INTO MADE_BY_ISQL SELECT 2\nSELECT COUNT(*) FROM MADE_BY_ISQL\nDROP TABLE MADE_BY_ISQL\n")
        self.assertNotIn("already exists", output)
        self.assertIn("2", output)

    def test_an_error_shows_the_servers_state_and_code(self):
        output = self.run_tool("isql", "SELECT * FROM NOWHERE\n", options=("-b", "-v"))
        self.assertIn("[S0002]", output)  # 42S02 in the words of ODBC 2, which isql speaks
        self.assertIn("NOWHERE", output)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
