#!/usr/bin/python3
"""pyodbc (Debian's) and the driver. Arguments: the folder of snowflake-mock, the driver's library, the personality (3 or 4)."""
import datetime
import decimal
import os
import sys
import threading
import unittest

from odbc_harness import World

BINARIES, LIBRARY, PERSONALITY = sys.argv[1:4]
WORLD = World(BINARIES, LIBRARY, PERSONALITY).__enter__()
os.environ.update(ODBCSYSINI=WORLD.environment["ODBCSYSINI"], ODBCINI=WORLD.environment["ODBCINI"])

import pyodbc  # noqa: E402  (reads the environment when the driver manager starts)

pyodbc.pooling = False


class PyodbcTest(unittest.TestCase):
    def setUp(self):
        self.connection = pyodbc.connect(WORLD.connection, autocommit=True)
        self.cursor = self.connection.cursor()

    def tearDown(self):
        self.connection.close()

    def make_table(self, name, columns):
        self.cursor.execute("CREATE OR REPLACE TABLE %s (%s)" % (name, columns))

    def count(self, table):
        return int(self.cursor.execute("SELECT COUNT(*) FROM " + table).fetchone()[0])

    def test_a_dsn_connects_too(self):
        with pyodbc.connect("DSN=mock", autocommit=True) as connection:
            self.assertEqual(connection.cursor().execute("SELECT CURRENT_ROLE()").fetchone()[0], "R1")

    def test_the_personality_is_the_drivers(self):
        self.assertEqual(self.connection.getinfo(pyodbc.SQL_DRIVER_ODBC_VER), {"3": "03.52", "4": "03.80"}[PERSONALITY])
        self.assertEqual(self.connection.getinfo(pyodbc.SQL_DBMS_NAME), "Snowflake")

    def test_every_kind_of_information_has_an_answer_of_its_type(self):
        asked = 0
        for name in dir(pyodbc):
            if not name.startswith("SQL_") or name in ("SQL_DRIVER_HDBC", "SQL_DRIVER_HENV", "SQL_DRIVER_HSTMT", "SQL_DRIVER_HLIB"):
                continue
            try:
                value = self.connection.getinfo(getattr(pyodbc, name))
            except pyodbc.ProgrammingError as error:
                if "Unsupported getinfo value" not in str(error):  # a constant that is no kind of information
                    raise
            else:
                self.assertIsInstance(value, (str, int, bool), name)
                asked += 1
        self.assertGreater(asked, 100)

    def test_tables_are_listed_by_pattern(self):
        names = [row.table_name for row in self.cursor.tables(catalog="D1", schema="S1", table="A\\_B")]
        self.assertEqual(names, ["A_B"])
        names = [row.table_name for row in self.cursor.tables(catalog="D1", schema="S1", table="A_B")]
        self.assertEqual(names, ["AXB", "A_B"])
        names = [(row.table_name, row.table_type) for row in self.cursor.tables(catalog="D1", schema="S%", tableType="VIEW")]
        self.assertEqual(names, [("V1", "VIEW")])
        self.assertEqual([column[0].upper() for column in self.cursor.description],
                         ["TABLE_CAT", "TABLE_SCHEM", "TABLE_NAME", "TABLE_TYPE", "REMARKS"])

    def test_catalogs_schemas_and_types_are_enumerated(self):
        self.assertIn("D1", [row[0] for row in self.cursor.tables(catalog="%", schema="", table="")])
        self.assertLessEqual({"S1", "S2"}, {row[1] for row in self.cursor.tables(catalog="", schema="%", table="")})
        self.assertEqual([row[3] for row in self.cursor.tables(catalog="", schema="", table="", tableType="%")], ["TABLE", "VIEW"])

    def test_columns_are_described(self):
        rows = {row.column_name: row for row in self.cursor.columns(catalog="D1", schema="S1", table="EVERY\\_TYPE")}
        self.assertEqual(len(rows), 15)
        amount = rows["AMOUNT"]
        self.assertEqual((amount.data_type, amount.column_size, amount.decimal_digits, amount.num_prec_radix), (3, 12, 2, 10))
        self.assertEqual((rows["ID"].nullable, rows["ID"].is_nullable, rows["ID"].ordinal_position), (0, "NO", 1))
        self.assertEqual((rows["NAME"].data_type, rows["NAME"].column_size, rows["NAME"].remarks), (12, 40, "a name"))
        self.assertEqual((rows["NTZ"].data_type, rows["NTZ"].sql_data_type, rows["NTZ"].sql_datetime_sub), (93, 9, 3))
        self.assertEqual(rows["NTZ"].type_name, {"3": "TIMESTAMP", "4": "TYPE_TIMESTAMP"}[PERSONALITY])
        self.assertEqual(rows["NTZ"].column_size, {"3": 35, "4": 29}[PERSONALITY])

    def test_columns_of_several_tables_come_by_pattern(self):
        rows = [(row.table_name, row.column_name) for row in self.cursor.columns(catalog="D1", schema="S1", table="A%B", column="%")]
        self.assertEqual(rows, [("AXB", "ID"), ("AXB", "V"), ("A_B", "ID")])

    def test_the_primary_key_is_found_and_other_catalogs_are_empty(self):
        self.assertEqual([row.column_name for row in self.cursor.primaryKeys("EVERY_TYPE", "D1", "S1")], ["ID"])
        self.assertEqual(self.cursor.statistics("EVERY_TYPE", "D1", "S1").fetchall(), [])
        self.assertEqual(self.cursor.foreignKeys("EVERY_TYPE", "D1", "S1").fetchall(), [])
        self.assertEqual(self.cursor.rowIdColumns("EVERY_TYPE", "D1", "S1").fetchall(), [])
        self.assertEqual(self.cursor.procedures().fetchall(), [])
        self.assertEqual(self.cursor.procedureColumns().fetchall(), [])

    def test_types_are_listed_in_order(self):
        types = [row.data_type for row in self.cursor.getTypeInfo()]
        self.assertEqual(types, sorted(types))
        self.assertLessEqual({3, 8, 12, -7, -2, 91, 92, 93}, set(types))
        self.assertEqual([row.type_name for row in self.cursor.getTypeInfo(12)], ["VARCHAR"])

    def test_every_type_is_fetched(self):
        row = self.cursor.execute("SELECT * FROM EVERY_TYPE WHERE ID > 2").fetchone()
        self.assertEqual(row.ID, decimal.Decimal("12345678901234567890123456789012345678"))
        self.assertEqual(row.AMOUNT, decimal.Decimal("-0.50"))
        self.assertEqual(row.RATE, 2.5)
        self.assertEqual(row.NAME, "Zo\u00eb \u20ac \U0001F600")
        self.assertIs(row.FLAG, True)
        self.assertEqual(row.RAW, b"\xde\xad\xbe\xef")
        self.assertEqual(row.DAY, datetime.date(2026, 11, 24))
        self.assertEqual(row.CLOCK, datetime.time(12, 34, 56, 789000))
        self.assertEqual(row.NTZ, datetime.datetime(2026, 1, 2, 3, 4, 5, 123456))
        self.assertEqual(row.LTZ, datetime.datetime(2026, 1, 2, 3, 4, 5, 123456))
        self.assertEqual(row.TZ, datetime.datetime(2026, 1, 2, 1, 4, 5, 123000))
        self.assertEqual(row.DOC.replace(" ", "").replace("\n", ""), '{"a":1}')
        nulls = self.cursor.execute("SELECT * FROM EVERY_TYPE WHERE ID = 2").fetchone()
        self.assertEqual(set(nulls[1:]), {None})

    def test_big_text_is_whole(self):
        text = self.cursor.execute("SELECT REPEAT('\u20ac\U0001F600x', 200000)").fetchone()[0]
        self.assertEqual(text, "\u20ac\U0001F600x" * 200000)
        # Surrogate pairs at odd places: none may be lost where pyodbc's buffer ends.
        self.assertEqual(self.cursor.execute("SELECT 'x' || REPEAT('\U0001F600', 5000)").fetchone()[0], "x" + "\U0001F600" * 5000)
        self.assertEqual(self.cursor.execute("SELECT REPEAT('\U0001F600', 5000)").fetchone()[0], "\U0001F600" * 5000)

    def test_parameters_arrive_with_their_types(self):
        self.make_table("BOUND", "A NUMBER(20,0), B VARCHAR, C FLOAT, D BOOLEAN, E BINARY, F DATE, G TIME, H TIMESTAMP_NTZ, I NUMBER(10,3)")
        values = (-7, "it's \u20ac", 2.5, True, b"\x00\xff", datetime.date(2024, 2, 29), datetime.time(1, 2, 3),
                  datetime.datetime(2024, 2, 29, 1, 2, 3, 456789), decimal.Decimal("-1.250"))
        self.cursor.execute("INSERT INTO BOUND SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?", values)
        self.assertEqual(self.cursor.rowcount, 1)
        self.assertEqual(tuple(self.cursor.execute("SELECT * FROM BOUND").fetchone()), values)
        self.assertEqual(self.cursor.execute("SELECT A FROM BOUND WHERE B = ? /* ? */ AND '?' = ?", "it's \u20ac", "?").fetchone()[0], -7)

    def test_null_and_long_parameters(self):
        self.make_table("LONGS", "A VARCHAR, B BINARY")
        text, data = "\u20ac" * 300000, bytes(range(256)) * 1000  # long enough for pyodbc to send them with SQLPutData
        self.cursor.execute("INSERT INTO LONGS SELECT ?, ?", text, data)
        self.cursor.execute("INSERT INTO LONGS SELECT ?, NULL", None)
        rows = self.cursor.execute("SELECT A, B FROM LONGS ORDER BY A NULLS LAST").fetchall()
        self.assertEqual([tuple(row) for row in rows], [(text, data), (None, None)])

    def test_executemany_inserts_all_rows(self):
        self.make_table("MANY", "ID NUMBER, T VARCHAR(20)")
        self.cursor.executemany("INSERT INTO MANY VALUES (?, ?)", [(i, "row %d" % i) for i in range(20)])
        self.assertEqual(self.count("MANY"), 20)

    def test_transactions_are_committed_and_rolled_back(self):
        self.make_table("MONEY", "ID NUMBER")
        with pyodbc.connect(WORLD.connection, autocommit=False) as other:
            other.cursor().execute("INSERT INTO MONEY SELECT 1")
            self.assertEqual(self.count("MONEY"), 0)
            other.rollback()
            other.cursor().execute("INSERT INTO MONEY SELECT 2")
            other.commit()
        self.assertEqual(self.cursor.execute("SELECT ID FROM MONEY").fetchall()[0][0], 2)

    def test_a_running_statement_is_cancelled(self):
        done = threading.Event()

        def cancel():  # before the statement runs a cancellation has no effect, so it is repeated
            while not done.wait(0.01):
                self.cursor.cancel()

        canceller = threading.Thread(target=cancel)
        canceller.start()
        with self.assertRaises(pyodbc.Error) as caught:
            self.cursor.execute("SELECT SYSTEM$WAIT(60)")
        done.set()
        canceller.join()
        self.assertEqual(caught.exception.args[0], "HY008")
        self.assertEqual(self.cursor.execute("SELECT 1").fetchone()[0], 1)

    def test_errors_have_state_and_code(self):
        with self.assertRaises(pyodbc.ProgrammingError) as caught:
            self.cursor.execute("SELECT * FROM NOWHERE")
        self.assertEqual(caught.exception.args[0], "42S02")
        self.assertIn("(2003)", caught.exception.args[1])
        prefix = {"3": "[42S02] SQL", "4": "[42S02] [Snowflake][Snowflake ODBC Driver][Snowflake] SQL"}[PERSONALITY]
        self.assertTrue(caught.exception.args[1].startswith(prefix), caught.exception.args[1])
        with self.assertRaises(pyodbc.Error) as caught:
            self.cursor.execute("SELECT ?")
        self.assertIn(caught.exception.args[0], ("07002", "HY000"))

    def test_a_refused_login_is_28000(self):
        with self.assertRaises(pyodbc.InterfaceError) as caught:
            pyodbc.connect(WORLD.connection.replace("UID=LOADER", "UID=NOBODY"))
        self.assertEqual(caught.exception.args[0], "28000")


if __name__ == "__main__":
    program = unittest.main(argv=sys.argv[:1] + sys.argv[4:], verbosity=2, exit=False)
    WORLD.__exit__()
    sys.exit(not program.result.wasSuccessful())
