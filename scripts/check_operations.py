#!/usr/bin/env python3
"""Holds docs/operations.md and README.md against the code: every log event, metric and configuration key is described.

    check_operations.py [--root DIR]

Events are the second argument of Logger::Write, metrics the names given to prometheus-cpp; both stand in the first cells of
the tables of docs/operations.md. Keys are the fields of cdi.config.v1.ServerConfig and stand in README.md's.
"""
import argparse
import os
import re
import sys

EVENT = re.compile(r"\bWrite\(\s*[\w:.]*(?:[Ll]evel|\.ok\(\)\s*\?|\bclean\s*\?)[^\"]*?\"([a-z][a-z0-9_]*)\"(?:\s*:\s*\"([a-z][a-z0-9_]*)\")?")
METRIC = re.compile(r"\"(cdi_[a-z0-9_]+)\"")


def sources(root, folders):
    for folder in folders:
        for directory, _, names in os.walk(os.path.join(root, folder)):
            for name in sorted(names):
                if name.endswith(".cc") and not name.endswith("_test.cc"):
                    path = os.path.relpath(os.path.join(directory, name), root)
                    with open(os.path.join(root, path), encoding="utf-8") as file:
                        yield path, file.read()


def first_cells(text):
    """The words in backticks in the first cell of every table row."""
    words = set()
    for line in text.splitlines():
        if line.startswith("|"):
            words |= set(re.findall(r"`([^`]+)`", line.split("|")[1]))
    return words


def config_keys(proto):
    keys, scope = set(), ""
    fields = re.findall(r"^( *)(message \w+ \{|(?:repeated )?\w+ (\w+) = \d+;)", proto, flags=re.MULTILINE)
    submessages = {}
    for indent, text, field in fields:
        if text.startswith("message"):
            scope = text.split()[1]
        elif len(indent) == 2:
            keys.add(field)
            if text.split()[0][0].isupper():
                submessages[text.split()[0]] = field
        elif len(indent) == 4:  # what is deeper belongs to a list and is described in its row
            keys.add(f"{submessages.get(scope, scope)}.{field}")
    return keys - set(submessages.values())


def read(root, path):
    with open(os.path.join(root, path), encoding="utf-8") as file:
        return file.read()


def main():
    parser = argparse.ArgumentParser(description="Holds the operator's documents against the code.")
    parser.add_argument("--root", default=os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
    root = parser.parse_args().root
    said, findings = {}, []
    for path, text in sources(root, ["ingest", "server", "warehouse", "keys"]):
        for names in EVENT.findall(text):
            for name in filter(None, names):
                said.setdefault(name, path)
        if os.path.basename(path) == "metrics.cc":
            for name in METRIC.findall(text):
                said.setdefault(name, path)
    documented = {re.sub(r"\{.*", "", word) for word in first_cells(read(root, "docs/operations.md"))}
    documented = {word for word in documented if re.fullmatch(r"[a-z][a-z0-9_]*", word)}
    for name, path in sorted(said.items()):
        if name not in documented:
            findings.append(f"{path}: {name} is not in docs/operations.md")
    for name in sorted(documented - set(said)):
        findings.append(f"docs/operations.md: {name} is nowhere in the code")

    keys = config_keys(read(root, "proto/cdi/config/v1/server_config.proto"))
    cells = first_cells(read(root, "README.md"))
    # `master_key.file`, `.env`: the second is short for the same parent.
    listed = cells | {f"{word.split('.')[0]}{cell}" for word in cells if "." in word for cell in cells if cell.startswith(".")}
    for key in sorted(keys - listed):
        findings.append(f"README.md: the configuration key {key} is not in the table")
    if not said or not keys:
        findings.append(f"{root}: no events or keys found: is --root the project's root?")
    print("\n".join(findings) or f"check_operations: {len(said)} events and metrics, {len(keys)} keys, all described")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
