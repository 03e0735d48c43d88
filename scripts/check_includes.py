#!/usr/bin/env python3
"""Checks who includes whom: the table of CONTRIBUTING.md ("Folders"), on every #include of the C++ sources.

    check_includes.py [--root DIR]

Prints `file:line: what is wrong (the rule)` for each crossing and ends with 1; silent and 0 when there is none.
"""
import argparse
import os
import re
import sys

# Folder -> what of the project it may include: folders, or single headers. Its own folder goes without saying.
# "generated" stands for what protoc makes of proto/ (cdi/..., google/rpc/...).
PROJECT = {
    "base": [],
    "keys": ["base"],
    "warehouse": ["base"],
    # Of the warehouse only its values and its interface: no ODBC header may come in this way.
    "ingest": ["base", "warehouse/warehouse.h", "warehouse/page.h", "warehouse/contract.h",
               "warehouse/connection_settings.h"],
    "ingest/braze": ["base", "ingest"],
    # Key records and journals are durable state: of keys/ the store's interface and nothing that can open a key.
    "ingest/state": ["base", "ingest", "keys/key_store.h", "keys/key_slot.h", "keys/rotation.h"],
    "server": ["base", "keys", "warehouse", "ingest", "ingest/braze", "ingest/state", "generated"],
    "cli": ["base", "generated"],
    "tests": ["base", "keys", "warehouse", "ingest", "ingest/braze", "ingest/state", "server", "cli", "generated"],
    "bench": ["base", "keys", "warehouse", "ingest", "ingest/braze", "ingest/state", "server", "tests", "generated"],
}

# Header of an outside library -> folders that may see it. What is not listed (std, POSIX, abseil) is free.
LIBRARIES = [
    (r"openssl/", "OpenSSL", ["base", "keys", "tests", "bench"]),
    (r"curl/", "libcurl", ["ingest/braze", "tests", "bench"]),
    (r"sqlite3\.h", "SQLite", ["ingest/state", "tests", "bench"]),
    (r"zstd\.h", "zstd", ["ingest/state", "tests"]),
    (r"xxhash\.h", "xxHash", ["base", "ingest/state", "tests", "bench"]),
    (r"(sql|sqlext|sqltypes|sqlucode|odbcinst|odbcinstext)\.h", "unixODBC", ["warehouse", "tests", "bench"]),
    (r"simdjson\.h", "simdjson", ["ingest", "ingest/braze", "tests", "bench"]),
    (r"nlohmann/", "nlohmann-json", ["ingest/braze", "server", "tests"]),
    (r"(grpc|grpcpp)/", "gRPC", ["server", "cli", "tests"]),
    (r"google/protobuf/", "protobuf", ["server", "cli", "tests"]),
    (r"yaml-cpp/", "yaml-cpp", ["server"]),
    (r"spdlog/", "spdlog", ["server"]),
    (r"prometheus/", "prometheus-cpp", ["server"]),
    (r"CLI/", "CLI11", ["server", "cli", "tests"]),
    (r"httplib\.h", "cpp-httplib", ["tests"]),
    (r"duckdb\.h", "DuckDB", ["tests"]),
    (r"(gtest|gmock|rapidcheck)[/.]", "test library", ["tests"]),
]

# Beside the code, a test and what only tests use (see is_test_code) may also use these.
TEST_PROJECT = ["base", "tests/support"]
TEST_LIBRARIES = ["test library", "OpenSSL", "nlohmann-json"]

INCLUDE = re.compile(r'^\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)')


def folder_of(path):
    """The row of the table that `path`, relative to the root, stands in; None where the table has none."""
    parts = path.split("/")
    for depth in (2, 1):
        if len(parts) > depth and "/".join(parts[:depth]) in PROJECT:
            return "/".join(parts[:depth])
    return None


def is_test_code(path):
    stem = os.path.splitext(os.path.basename(path))[0]
    return stem.endswith(("_test", "_testing", "_fixture")) or stem.startswith(("fake_", "testing_", "scripted_"))


def allowed(included, may_use):
    folder = folder_of(included)
    for entry in may_use:
        if entry.endswith(".h"):
            if included == entry:
                return True
        elif entry == folder or (folder == "tests" and included.startswith(entry + "/")):
            return True
    return False


def is_generated(included):
    return included.startswith(("cdi/", "google/rpc/")) and included.endswith(".pb.h")


def check_include(path, included, quoted):
    """What is wrong with `path` including `included`; None when it may."""
    folder = folder_of(path)
    test_code = is_test_code(path)
    library = next(((name, folders) for pattern, name, folders in LIBRARIES if re.match(pattern, included)), None)
    if library:
        name, folders = library
        if folder in folders or (test_code and name in TEST_LIBRARIES):
            return None
        return f"{folder}/ may not use {name} ({name}: {', '.join(f + '/' for f in folders)} only)"
    if quoted and not is_generated(included) and not included.startswith("absl/"):
        if folder_of(included) is None:
            return f'"{included}" is no header from the root of the project: includes name the whole path'
        may_use = [folder] + PROJECT[folder] + (TEST_PROJECT if test_code else [])
        if not allowed(included, may_use):
            return f"{folder}/ may not use {included} ({folder}/ may use: {', '.join(PROJECT[folder]) or 'nothing but itself'})"
        return None
    if is_generated(included):
        if "generated" in PROJECT[folder]:
            return None
        return f"{folder}/ may not use {included} (generated proto types stop in server/ and cli/)"
    return None


def check_file(root, path):
    findings = []
    with open(os.path.join(root, path), encoding="utf-8") as source:
        for number, line in enumerate(source, 1):
            found = INCLUDE.match(line)
            if not found:
                continue
            fault = check_include(path, found.group(1) or found.group(2), found.group(1) is not None)
            if fault:
                findings.append(f"{path}:{number}: {fault}")
    return findings


def sources(root):
    for folder in sorted({name.split("/")[0] for name in PROJECT}):
        for directory, subdirectories, names in os.walk(os.path.join(root, folder)):
            subdirectories.sort()
            for name in sorted(names):
                if name.endswith((".h", ".cc")):
                    yield os.path.relpath(os.path.join(directory, name), root)


def main():
    parser = argparse.ArgumentParser(description="Checks every #include against the table of who may use whom.")
    parser.add_argument("--root", default=os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
    root = parser.parse_args().root
    count = 0
    findings = []
    for path in sources(root):
        count += 1
        findings += check_file(root, path)
    if count == 0:
        findings.append(f"{root}: no sources found: is --root the project's root?")
    print("\n".join(findings) or f"check_includes: {count} files, no crossing")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
