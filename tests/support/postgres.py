"""A PostgreSQL of the test's own: a cluster in a temporary directory, on a free loopback port, ended with its object."""
import contextlib
import glob
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Postgres(contextlib.AbstractContextManager):
    """`user` cdi with password `password` owns database `warehouse`."""

    PASSWORD = "canary-pg-password-77"

    def __init__(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="cdi-pg-"))
        programs = sorted(glob.glob("/usr/lib/postgresql/*/bin"))
        assert programs, "PostgreSQL is not installed: scripts/install.sh installs it"
        self.programs = pathlib.Path(programs[-1])
        # PostgreSQL refuses to run as root.
        self.prefix = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        if self.prefix:
            shutil.chown(self.directory, "postgres")
        self.port = free_port()
        (self.directory / "password").write_text(self.PASSWORD)
        if self.prefix:
            shutil.chown(self.directory / "password", "postgres")
        self.call("initdb", "-D", self.directory / "data", "-U", "cdi", "-A", "scram-sha-256", "--pwfile",
                  self.directory / "password", "-E", "UTF8", "--no-sync")
        self.call("pg_ctl", "-D", self.directory / "data", "-w", "-l", self.directory / "log", "-o",
                  f"-p {self.port} -c listen_addresses=127.0.0.1 -k {self.directory} -c fsync=off", "start")
        self.sql("CREATE DATABASE warehouse", database="postgres")

    def call(self, program, *arguments):
        subprocess.run([*self.prefix, self.programs / program, *arguments], check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.PIPE, cwd="/")

    def sql(self, statement, database="warehouse"):
        subprocess.run([self.programs / "psql", "-q", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", str(self.port), "-U", "cdi",
                        "-d", database, "-c", statement], check=True, stdout=subprocess.DEVNULL,
                       env={**os.environ, "PGPASSWORD": self.PASSWORD})

    def __exit__(self, *_):
        self.call("pg_ctl", "-D", self.directory / "data", "-m", "immediate", "stop")
        shutil.rmtree(self.directory, ignore_errors=True)
