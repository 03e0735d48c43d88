#!/usr/bin/env python3
"""Holds the reasons of the code against docs/errors.md: each is in both, with the same status codes.

    check_errors.py [--root DIR] [--list]

A reason is the UPPER_SNAKE word that programs read: of an error (MakeError, InvalidField and their short forms), of a run's
end, of a row (RowFaultName, dead and held rows), of a check. --list prints what the code has.
"""
import argparse
import os
import re
import sys

FOLDERS = ["base", "keys", "warehouse", "ingest", "server", "cli"]
WORD = r'"([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*)"'

# A status code and a reason side by side: MakeError(code, reason, …), tables of {code, reason, message}.
WITH_CODE = re.compile(r"\b(?:StatusCode|Code)::k(\w+),\s*" + WORD)
# Short forms whose code is fixed inside: (pattern, code or None).
SHORT_FORMS = [
    (re.compile(r"\b(?:Refuse|Refused)\(\s*" + WORD), "FAILED_PRECONDITION"),
    (re.compile(r"\bErrorOf\([^;\"]*" + WORD), None),
    (re.compile(r"\bParkLocally\([^;\"]*" + WORD), None),
    (re.compile(r"\breason\s*=\s*" + WORD), None),
    (re.compile(r"\breason\s*=[^;\"?]*\?\s*" + WORD), None),
    (re.compile(r"\breason\s*=[^;\"?]*\?\s*\"[A-Z_]*\"\s*:\s*" + WORD), None),
]
# In the engine: {reason, message} of a run's end.
ENGINE_FORMS = [
    re.compile(r"\{\s*" + WORD + r",\s*(?:absl::StrCat|std::string|status|stop\.|report\.|\")"),
    re.compile(r"\{\s*\w+\s*\?\s*" + WORD),
    re.compile(r"\{\s*\w+\s*\?\s*\"[A-Z_]*\"\s*:\s*" + WORD),
]
ROW_FAULTS = re.compile(r"RowFaultName\(RowFault fault\) \{(.*?)\n\}", re.DOTALL)
# The words of RowFaultName for "no fault" and "no such value".
NO_FAULT = {"NONE", "UNKNOWN"}


def snake(camel):
    return re.sub(r"(?<!^)([A-Z])", r"_\1", camel).upper()


def collect(root):
    """reason -> (set of codes, set of files)."""
    reasons = {}

    def add(reason, path, code=None):
        codes, files = reasons.setdefault(reason, (set(), set()))
        files.add(path)
        if code:
            codes.add(code)

    for folder in FOLDERS:
        for directory, _, names in os.walk(os.path.join(root, folder)):
            for name in names:
                stem = os.path.splitext(name)[0]
                if not name.endswith((".cc", ".h")) or stem.endswith(("_test", "_testing", "_fixture")):
                    continue
                path = os.path.relpath(os.path.join(directory, name), root)
                with open(os.path.join(root, path), encoding="utf-8") as file:
                    text = re.sub(r"^\s*//.*$", "", file.read(), flags=re.MULTILINE)
                for code, reason in WITH_CODE.findall(text):
                    add(reason, path, snake(code))
                for pattern, code in SHORT_FORMS:
                    for reason in pattern.findall(text):
                        add(reason, path, code)
                if os.path.dirname(path) == "ingest":
                    for pattern in ENGINE_FORMS:
                        for reason in pattern.findall(text):
                            add(reason, path)
                for body in ROW_FAULTS.findall(text):
                    for reason in re.findall("return " + WORD, body):
                        if reason not in NO_FAULT:
                            add(reason, path)
    return reasons


def read_document(path):
    """reason -> (text of the second cell, line)."""
    documented, twice = {}, []
    with open(path, encoding="utf-8") as document:
        for number, line in enumerate(document, 1):
            found = re.match(r"\|\s*`([A-Z][A-Z0-9_]*)`\s*\|([^|]*)\|", line)
            if found:
                if found.group(1) in documented:
                    twice.append(f"docs/errors.md:{number}: {found.group(1)} stands there twice")
                documented[found.group(1)] = (found.group(2), number)
    return documented, twice


def main():
    parser = argparse.ArgumentParser(description="Holds the reasons of the code against docs/errors.md.")
    parser.add_argument("--root", default=os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
    parser.add_argument("--list", action="store_true", help="print the reasons of the code and their codes")
    options = parser.parse_args()
    reasons = collect(options.root)
    if options.list:
        for reason, (codes, files) in sorted(reasons.items()):
            print(reason, ",".join(sorted(codes)) or "-", ",".join(sorted(files)))
        return 0
    documented, findings = read_document(os.path.join(options.root, "docs/errors.md"))
    for reason, (codes, files) in sorted(reasons.items()):
        if reason not in documented:
            findings.append(f"{min(files)}: {reason} is not in docs/errors.md")
            continue
        cell, line = documented[reason]
        for code in sorted(codes):
            if not re.search(rf"\b{code}\b", cell):
                findings.append(f"docs/errors.md:{line}: {reason} lacks the code {code} ({min(files)})")
    for reason, (_, line) in sorted(documented.items()):
        if reason not in reasons:
            findings.append(f"docs/errors.md:{line}: {reason} is nowhere in the code")
    if not reasons:
        findings.append(f"{options.root}: no reasons found: is --root the project's root?")
    print("\n".join(findings) or f"check_errors: {len(reasons)} reasons, all documented")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
