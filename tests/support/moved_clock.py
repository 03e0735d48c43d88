"""A clock that a test moves forward, under programs as they are shipped: see moved_clock.cc."""
import contextlib
import datetime
import mmap
import os
import pathlib
import struct
import subprocess
import tempfile

SOURCE = pathlib.Path(__file__).with_suffix(".cc")


class MovedClock(contextlib.AbstractContextManager):
    """Every program started while it is entered has this clock, from its start to its end. It never goes back."""

    def __init__(self):
        self.directory = tempfile.TemporaryDirectory(prefix="cdi-clock-")
        path = pathlib.Path(self.directory.name)
        library = path / "moved_clock.so"
        subprocess.run([os.environ.get("CXX", "c++"), "-std=c++20", "-O1", "-shared", "-fPIC", "-o", library, SOURCE, "-ldl"],
                       check=True)
        (path / "moved").write_bytes(bytes(8))
        with open(path / "moved", "r+b") as file:
            self.moved = mmap.mmap(file.fileno(), 8)
        self.environment = {"LD_PRELOAD": str(library), "MOVED_CLOCK": str(path / "moved")}

    def __enter__(self):
        os.environ.update(self.environment)
        return self

    def __exit__(self, *_):
        for name in self.environment:
            os.environ.pop(name, None)
        self.moved.close()
        self.directory.cleanup()

    def passed(self):
        return datetime.timedelta(microseconds=struct.unpack("q", self.moved[:])[0] // 1000)

    def now(self):
        """What the programs take for the time, UTC."""
        return datetime.datetime.now(datetime.timezone.utc) + self.passed()

    def move(self, **amount):
        """Lets time pass: `move(hours=1)`, as timedelta takes it."""
        passed = self.passed() + datetime.timedelta(**amount)
        self.moved[:] = struct.pack("q", passed // datetime.timedelta(microseconds=1) * 1000)

    def move_to(self, moment):
        left = moment - self.now()
        assert left >= datetime.timedelta(0), f"{moment} is over"
        self.move(seconds=left.total_seconds())
