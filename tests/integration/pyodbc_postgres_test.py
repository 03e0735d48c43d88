#!/usr/bin/python3
"""What the service takes for granted of PostgreSQL through psqlODBC, asked by a client that nobody here wrote: pyodbc (Debian's).

The connection string and the settings of the session are the service's (warehouse/driver_profile.cc, postgres_dialect.cc)."""
import datetime
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import time
import unittest

sys.path.insert(0, __file__.rsplit("/", 3)[0])
from tests.support import postgres  # noqa: E402

DRIVERS = tempfile.TemporaryDirectory(prefix="cdi-pyodbc-")
pathlib.Path(DRIVERS.name, "odbcinst.ini").write_text("[PostgreSQL Unicode]\nDriver = psqlodbcw.so\n")
os.environ["ODBCSYSINI"] = DRIVERS.name
os.environ.pop("ODBCINSTINI", None)

import pyodbc  # noqa: E402  (reads the environment when the driver manager starts)

pyodbc.pooling = False
TIMEOUT_MS = 300
PORTION = 1000  # rows the driver asks its cursor for at a time
PINS = ("SET TIME ZONE 'UTC'", "SET standard_conforming_strings = on", "SET client_encoding = 'UTF8'",
        "SET cursor_tuple_fraction = 1.0", "SET default_transaction_read_only = on")
TEXTS = ["", "plain", "Zoë €", "日本語", "👩‍👩‍👧", "a\r\nb\tc", "it's \\ \"quoted\"", "x" * 70000, "é" * 40000]


class PyodbcPostgresTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = postgres.Postgres()
        cls.addClassCleanup(cls.server.__exit__)
        cls.server.sql("CREATE TABLE users (updated_at timestamptz NOT NULL, local_at timestamp, external_id text, code varchar(20), "
                       "n bigint, payload jsonb, plain json, fixed char(4))")
        cls.server.sql("INSERT INTO users SELECT timestamptz '2026-01-01 02:00:00.123456+02' + i * interval '1 microsecond', "
                       "timestamp '2026-01-01 00:00:00.123456' + i * interval '1 microsecond', 'pg-' || i, "
                       "CASE WHEN i % 3 > 0 THEN 'c' || i END, CASE WHEN i % 5 > 0 THEN i END, jsonb_build_object('n', i), "
                       "'{\"b\":1,  \"a\":2}', 'ab' FROM generate_series(0, 4500) i")

    def setUp(self):
        self.connection = self.connect()
        self.addCleanup(self.connection.close)

    def connect(self, more=""):
        connection = pyodbc.connect(
            "DRIVER={PostgreSQL Unicode};SERVER=127.0.0.1;PORT=%d;DATABASE=warehouse;UID=cdi;PWD={%s};SSLmode=disable;"
            "pqopt={connect_timeout=30 keepalives_idle=30 keepalives_interval=15 keepalives_count=4};UseDeclareFetch=1;Fetch=%d;"
            "LFConversion=0;%s" % (self.server.port, self.server.PASSWORD, PORTION, more), autocommit=True)
        for pin in PINS:
            connection.execute(pin)
        return connection

    def rows(self, sql, *parameters):
        return [tuple(row) for row in self.connection.execute(sql, *parameters).fetchall()]

    def read(self, sql):
        """As psql shows it: beside ODBC."""
        done = subprocess.run([self.server.programs / "psql", "-qAt", "-h", "127.0.0.1", "-p", str(self.server.port), "-U", "cdi", "-d",
                               "warehouse", "-c", sql], check=True, capture_output=True, text=True, timeout=60,
                              env={**os.environ, "PGPASSWORD": self.server.PASSWORD})
        return done.stdout.strip()

    def test_the_server_is_postgresql_and_the_driver_its_own(self):
        self.assertEqual(self.connection.getinfo(pyodbc.SQL_DBMS_NAME), "PostgreSQL")
        self.assertEqual(self.connection.getinfo(pyodbc.SQL_DRIVER_NAME), "psqlodbcw.so")

    def test_rows_cross_the_borders_of_portions_whole_and_in_order(self):
        for block in (1, 7, PORTION - 1, PORTION, PORTION + 1, 10000):
            cursor = self.connection.execute("SELECT external_id FROM users ORDER BY updated_at")
            ids = []
            while part := cursor.fetchmany(block):
                ids += [row[0] for row in part]
            self.assertEqual(ids, ["pg-%d" % i for i in range(4501)], block)
            cursor.close()

    def test_rows_come_by_a_cursor_that_is_gone_after_a_rollback(self):
        pid = self.rows("SELECT pg_backend_pid()")[0][0]
        self.connection.rollback()
        state = "SELECT state FROM pg_stat_activity WHERE pid = %d" % pid
        self.assertEqual(self.read(state), "idle")
        cursor = self.connection.execute("SELECT external_id FROM users ORDER BY updated_at")
        self.assertEqual(cursor.fetchone()[0], "pg-0")
        self.assertEqual(self.read(state), "idle in transaction")
        cursor.close()
        self.connection.rollback()
        self.assertEqual(self.read(state), "idle")

    def test_a_microsecond_survives_and_times_with_a_zone_become_utc_in_sql(self):
        self.connection.execute("SET TIME ZONE 'America/New_York'")  # the answer must not depend on it
        got = self.rows("SELECT updated_at AT TIME ZONE 'UTC', local_at FROM users ORDER BY updated_at LIMIT 2")
        first = datetime.datetime(2026, 1, 1, 0, 0, 0, 123456)
        second = first + datetime.timedelta(microseconds=1)
        self.assertEqual(got, [(first, first), (second, second)])

    def test_the_services_literals_select_what_they_say(self):
        self.assertEqual(self.rows("SELECT external_id FROM users WHERE updated_at >= TIMESTAMPTZ '2026-01-01 00:00:00.123458+00' "
                                   "AND updated_at < TIMESTAMPTZ '2026-01-01 00:00:00.123460+00' ORDER BY updated_at"),
                         [("pg-2",), ("pg-3",)])
        self.assertEqual(self.rows("SELECT count(*) FROM users WHERE local_at >= TIMESTAMP '2026-01-01 00:00:00.127956'"), [(1,)])

    def test_ends_of_the_calendar(self):
        self.assertEqual(self.rows("SELECT timestamp '0001-01-01', timestamp '9999-12-31 23:59:59.999999'"),
                         [(datetime.datetime(1, 1, 1), datetime.datetime(9999, 12, 31, 23, 59, 59, 999999))])

    def test_types_are_told_by_the_catalog_as_the_service_reads_them(self):
        self.assertEqual(
            self.rows("SELECT a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod), (NOT a.attnotnull)::int FROM "
                      "pg_catalog.pg_attribute a WHERE a.attrelid = 'users'::regclass AND a.attnum > 0 ORDER BY a.attnum"),
            [("updated_at", "timestamp with time zone", 0), ("local_at", "timestamp without time zone", 1), ("external_id", "text", 1),
             ("code", "character varying(20)", 1), ("n", "bigint", 1), ("payload", "jsonb", 1), ("plain", "json", 1),
             ("fixed", "character(4)", 1)])

    def test_everything_reads_as_text(self):
        self.assertEqual(self.rows("SELECT code::text, n::text, payload::text, plain::text, fixed::text FROM users WHERE n = 4"),
                         [("c4", "4", '{"n": 4}', '{"b":1,  "a":2}', "ab")])

    def test_null_is_neither_empty_nor_zero(self):
        got = self.rows("SELECT code, n, NULL::timestamp, ''::text, 0 FROM users WHERE external_id = 'pg-0'")
        self.assertEqual(got, [(None, None, None, "", 0)])
        nulls = self.rows("SELECT code, n FROM users ORDER BY updated_at")
        for i, (code, n) in enumerate(nulls):
            self.assertEqual((code, n), ("c%d" % i if i % 3 else None, i if i % 5 else None))

    def test_utf8_of_every_width_and_length_comes_back_as_it_went(self):
        for text in TEXTS:
            literal = "'" + text.replace("'", "''") + "'"
            back, octets = self.rows("SELECT %s::text, octet_length(%s)" % (literal, literal))[0]
            self.assertEqual(back, text)
            self.assertEqual(octets, len(text.encode()))
            self.assertEqual(self.rows("SELECT ?::text", text), [(text,)])

    def test_the_session_only_reads(self):
        for statement in ("INSERT INTO users (updated_at) VALUES (now())", "UPDATE users SET n = 0", "DELETE FROM users",
                          "CREATE TABLE t (a int)", "TRUNCATE users"):
            with self.assertRaises(pyodbc.Error) as caught:
                self.connection.execute(statement)
            self.assertEqual(caught.exception.args[0], "25006", statement)
            self.assertIn("read-only transaction", caught.exception.args[1])
        self.assertEqual(self.rows("SELECT count(*), max(n) FROM users"), [(4501, 4499)])

    def test_a_statement_beyond_its_time_is_ended_by_the_server_in_the_words_the_service_knows(self):
        self.connection.execute("SET statement_timeout = %d" % TIMEOUT_MS)
        with self.assertRaises(pyodbc.Error) as caught:
            self.rows("SELECT pg_sleep(600)")
        self.assertIn("due to statement timeout", caught.exception.args[1])
        self.connection.rollback()
        self.assertEqual(self.rows("SELECT 1"), [(1,)])

    def test_a_statement_is_cancelled_from_another_thread_in_the_words_the_service_knows(self):
        cursor = self.connection.cursor()
        ended = threading.Event()

        def cancel_once_it_sleeps():
            while not ended.is_set():
                if self.read("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'") == "1":
                    cursor.cancel()
                    return
                time.sleep(0.01)

        canceller = threading.Thread(target=cancel_once_it_sleeps)
        canceller.start()
        try:
            with self.assertRaises(pyodbc.Error) as caught:
                cursor.execute("SELECT pg_sleep(600)").fetchall()
        finally:
            ended.set()
            canceller.join()
        self.assertIn("due to user request", caught.exception.args[1])
        self.connection.rollback()
        self.assertEqual(self.rows("SELECT 1"), [(1,)])

    def test_a_refused_password_says_so_and_does_not_show_it(self):
        with self.assertRaises(pyodbc.Error) as caught:
            pyodbc.connect("DRIVER={PostgreSQL Unicode};SERVER=127.0.0.1;PORT=%d;DATABASE=warehouse;UID=cdi;PWD={canary-wrong};"
                           "SSLmode=disable" % self.server.port)
        self.assertIn("password authentication failed", caught.exception.args[1])
        self.assertNotIn("canary-wrong", str(caught.exception))


if __name__ == "__main__":
    unittest.main(verbosity=2)
