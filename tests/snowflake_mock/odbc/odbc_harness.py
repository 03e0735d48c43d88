"""snowflake-mock on a free port, and the driver registered with odbcinst in a private folder: for the tests with programs
that know nothing of us (isql, iusql, pyodbc). One process of it per test."""
import base64
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

DRIVERS = {"3": "SnowflakeDSIIDriver", "4": "Snowflake ODBC"}

SETUP = """
CREATE DATABASE D1;
CREATE SCHEMA D1.S1;
CREATE SCHEMA D1.S2;
CREATE WAREHOUSE W1;
CREATE ROLE R1;
CREATE USER LOADER TYPE=SERVICE DEFAULT_ROLE=R1 DEFAULT_WAREHOUSE=W1 RSA_PUBLIC_KEY='{key}';
GRANT ROLE R1 TO USER LOADER;
GRANT USAGE ON WAREHOUSE W1 TO ROLE R1;
GRANT ALL ON DATABASE D1 TO ROLE R1;
GRANT ALL ON SCHEMA D1.S1 TO ROLE R1;
GRANT ALL ON SCHEMA D1.S2 TO ROLE R1;
CREATE TABLE D1.S1.EVERY_TYPE (ID NUMBER(38,0) NOT NULL PRIMARY KEY, AMOUNT NUMBER(12,2), RATE FLOAT, NAME VARCHAR(40) COMMENT 'a name',
  FLAG BOOLEAN, RAW BINARY(16), DAY DATE, CLOCK TIME(3), NTZ TIMESTAMP_NTZ(9), LTZ TIMESTAMP_LTZ(6), TZ TIMESTAMP_TZ(3),
  DOC VARIANT, OBJ OBJECT, ARR ARRAY, "mixed Case" VARCHAR(10));
INSERT INTO D1.S1.EVERY_TYPE SELECT 12345678901234567890123456789012345678, -0.50, 2.5, 'Zo\u00eb \u20ac \U0001F600', TRUE, X'DEADBEEF',
  '2026-11-24'::DATE, '12:34:56.789'::TIME, '2026-01-02 03:04:05.123456789'::TIMESTAMP_NTZ, '2026-01-02 03:04:05.123456'::TIMESTAMP_LTZ,
  '2026-01-02 03:04:05.123 +02:00'::TIMESTAMP_TZ, PARSE_JSON('{{"a":1}}'), OBJECT_CONSTRUCT('k', 'v'), PARSE_JSON('[1,2]'), 'x';
INSERT INTO D1.S1.EVERY_TYPE (ID) SELECT 2;
CREATE TABLE D1.S1.A_B (ID NUMBER);
CREATE TABLE D1.S1.AXB (ID NUMBER, V VARCHAR);
CREATE TABLE D1.S2."lower name" (ID NUMBER);
CREATE VIEW D1.S1.V1 AS SELECT ID, NAME FROM D1.S1.EVERY_TYPE;
GRANT ALL ON ALL TABLES IN SCHEMA D1.S1 TO ROLE R1;
GRANT ALL ON ALL TABLES IN SCHEMA D1.S2 TO ROLE R1;
GRANT SELECT ON VIEW D1.S1.V1 TO ROLE R1;
"""


class World:
    """Context manager: `connection` is a connection string, `environment` what a child process needs."""

    def __init__(self, binaries, library, personality):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sfodbc_"))
        self.library = library
        self.driver = DRIVERS[personality]
        self.environment = dict(os.environ, ODBCSYSINI=str(self.folder), ODBCINI=str(self.folder / "odbc.ini"), HOME=str(self.folder))
        for name in ("LANG", "LC_ALL", "LC_CTYPE", "ODBCINSTINI"):
            self.environment.pop(name, None)
        self._binaries = binaries
        self._server = None
        self.port = 0

    def __enter__(self):
        key = self.folder / "key.pem"
        subprocess.run(["openssl", "genpkey", "-quiet", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", key], check=True)
        der = subprocess.run(["openssl", "pkey", "-in", key, "-pubout", "-outform", "DER"], check=True, capture_output=True).stdout
        (self.folder / "setup.sql").write_text(SETUP.format(key=base64.b64encode(der).decode()), encoding="utf-8")
        self._server = subprocess.Popen([pathlib.Path(self._binaries) / "snowflake-mock", "--listen", "127.0.0.1:0", "--account", "myorg-myacct",
                                         "--init", self.folder / "setup.sql"], stdout=subprocess.PIPE, text=True)
        line = self._server.stdout.readline()
        found = re.match(r"snowflake-mock listening on 127\.0\.0\.1:(\d+)", line)
        assert found, "snowflake-mock did not start: " + line
        self.port = int(found.group(1))
        self._register()
        return self

    def __exit__(self, *_):
        self._server.terminate()
        self._server.wait()
        shutil.rmtree(self.folder)

    @property
    def keywords(self):
        return {"SERVER": "127.0.0.1", "PORT": str(self.port), "SSL": "off", "ACCOUNT": "myorg-myacct", "UID": "LOADER",
                "AUTHENTICATOR": "SNOWFLAKE_JWT", "PRIV_KEY_FILE": str(self.folder / "key.pem"), "DATABASE": "D1", "SCHEMA": "S1",
                "WAREHOUSE": "W1", "ROLE": "R1"}

    @property
    def connection(self):
        return "DRIVER={%s};" % self.driver + ";".join("%s=%s" % item for item in self.keywords.items())

    def _register(self):
        """The driver and a DSN `mock`, with unixODBC's own tool."""
        template = self.folder / "driver.template"
        template.write_text("[%s]\nDescription=ODBC driver of snowflake-mock\nDriver=%s\n" % (self.driver, self.library))
        subprocess.run(["odbcinst", "-i", "-d", "-f", template], env=self.environment, check=True, capture_output=True)
        template = self.folder / "dsn.template"
        template.write_text("[mock]\nDriver=%s\n" % self.driver + "".join("%s=%s\n" % item for item in self.keywords.items()))
        subprocess.run(["odbcinst", "-i", "-s", "-h", "-f", template], env=self.environment, check=True, capture_output=True)
