#!/usr/bin/env python3
"""Checks the habits of CONTRIBUTING.md that a script can see.

    check_house.py [--root DIR] [--no-format]

In every text file: no open ends (words such as TO-DO), no path of somebody's machine, no host of a package registry.
In .cc and .h: at most 600 lines; every header begins with a comment and has `#pragma once`; clang-format changes nothing
(where clang-format-14 is installed). In proto/cdi: every message, field, oneof, enum, value, service and rpc has a comment.
In *.md: relative links lead somewhere. Prints `file:line: finding` and ends with 1 when there is any.
"""
import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile

LINES_MAX = 600
TEXT_ENDINGS = (".cc", ".h", ".py", ".sh", ".md", ".txt", ".proto", ".cmake", ".sql", ".json", ".yaml", ".yml", ".map",
                ".service", ".conf")
SKIPPED = {".git", "build", ".cache", "__pycache__", "third_party"}

# The words are put together here so that this file does not contain them.
OPEN_ENDS = re.compile(r"\b(TO" r"DO|FIX" r"ME|HA" r"CK|not (?:yet )?imple" r"mented)\b|\bcoming so" r"on\b", re.IGNORECASE)
MACHINE_PATHS = re.compile(r"(?<![\w.])/(?:work|home/\w+|root|Users/\w+)/[\w.]")
REGISTRY_HOSTS = re.compile(
    r"registry\.npm" r"js\.org|pypi\.or" r"g|files\.python" r"hosted\.org|(?:deb|security)\.debian\.or" r"g"
    r"|proxy\.gol" r"ang\.org|registry\.ya" r"rnpkg\.com|ghcr\.i" r"o|docker\.i" r"o|artif" r"actory", re.IGNORECASE)

# (file, text on the line): words of somebody else that must stand as they are.
EXCEPTIONS = [
    ("tests/snowflake_mock/server/rewriter/query_rewriter.cc", 'kind == "'),  # the name of a class of DuckDB's errors
]

LINK = re.compile(r"\]\(([^)\s]+)\)")


def text_files(root):
    for directory, subdirectories, names in os.walk(root):
        subdirectories[:] = sorted(name for name in subdirectories if name not in SKIPPED)
        for name in sorted(names):
            if name.endswith(TEXT_ENDINGS) or name in ("run", "Dockerfile", ".dockerignore", ".clang-tidy", ".clang-format"):
                yield os.path.relpath(os.path.join(directory, name), root)


def check_words(path, lines):
    for number, line in enumerate(lines, 1):
        if any(path == file and text in line for file, text in EXCEPTIONS):
            continue
        for pattern, fault in ((OPEN_ENDS, "an open end"), (MACHINE_PATHS, "a path of somebody's machine"),
                               (REGISTRY_HOSTS, "a host of a package registry")):
            found = pattern.search(line)
            if found:
                yield f"{path}:{number}: {fault}: {found.group(0)}"


def check_source(path, lines):
    if len(lines) > LINES_MAX:
        yield f"{path}:{len(lines)}: more than {LINES_MAX} lines: this is two ideas"
    if path.endswith(".h"):
        if not lines or not lines[0].startswith("//"):
            yield f"{path}:1: a header begins with a comment that says what it is"
        if not any(line.strip() == "#pragma once" for line in lines):
            yield f"{path}:1: a header has #pragma once"


def heading_anchor(heading):
    text = re.sub(r"[`*_]", "", heading.lstrip("#").strip().lower())
    return re.sub(r"[^\w\- ]", "", text).replace(" ", "-")


def anchors_of(path):
    with open(path, encoding="utf-8") as document:
        return {heading_anchor(line) for line in document if line.startswith("#")}


def check_links(root, path, lines):
    in_code = False
    for number, line in enumerate(lines, 1):
        if line.startswith("```"):
            in_code = not in_code
        if in_code:
            continue
        for target in LINK.findall(re.sub(r"`[^`]*`", "", line)):
            if re.match(r"[a-z]+:", target):
                continue
            file, _, anchor = target.partition("#")
            full = os.path.normpath(os.path.join(root, os.path.dirname(path), file)) if file else os.path.join(root, path)
            if not os.path.exists(full):
                yield f"{path}:{number}: the link leads nowhere: {target}"
            elif anchor and full.endswith(".md") and anchor not in anchors_of(full):
                yield f"{path}:{number}: no such heading: {target}"


def describe_protos(root, protos):
    """The FileDescriptorSet of `protos` with comments; None and the reason when it cannot be made."""
    try:
        from google.protobuf import descriptor_pb2
    except ImportError:
        return None, "python3-protobuf is not installed for " + sys.executable
    with tempfile.TemporaryDirectory() as scratch:
        out = os.path.join(scratch, "set.pb")
        base = os.path.join(root, "proto")
        made = subprocess.run(
            ["protoc", "-I", base, "-I", os.path.join(base, "third_party"), "--include_source_info", "-o", out]
            + [os.path.relpath(os.path.join(root, proto), base) for proto in protos],
            capture_output=True, text=True, check=False)
        if made.returncode != 0:
            return None, made.stderr.strip()
        with open(out, "rb") as encoded:
            return descriptor_pb2.FileDescriptorSet.FromString(encoded.read()), None


def proto_elements(file):
    """(path in the descriptor, what it is) of everything in `file` that needs a comment."""
    def of_enum(enum, path, scope):
        yield path, f"enum {scope}{enum.name}"
        for i, value in enumerate(enum.value):
            yield path + (2, i), f"value {scope}{enum.name}.{value.name}"

    def of_message(message, path, scope):
        yield path, f"message {scope}{message.name}"
        inner = f"{scope}{message.name}."
        for i, field in enumerate(message.field):
            yield path + (2, i), f"field {inner}{field.name}"
        for i, oneof in enumerate(message.oneof_decl):
            if not any(f.proto3_optional and f.HasField("oneof_index") and f.oneof_index == i for f in message.field):
                yield path + (8, i), f"oneof {inner}{oneof.name}"
        for i, nested in enumerate(message.nested_type):
            if not nested.options.map_entry:
                yield from of_message(nested, path + (3, i), inner)
        for i, enum in enumerate(message.enum_type):
            yield from of_enum(enum, path + (4, i), inner)

    for i, message in enumerate(file.message_type):
        yield from of_message(message, (4, i), "")
    for i, enum in enumerate(file.enum_type):
        yield from of_enum(enum, (5, i), "")
    for i, service in enumerate(file.service):
        yield (6, i), f"service {service.name}"
        for j, method in enumerate(service.method):
            yield (6, i, 2, j), f"rpc {service.name}.{method.name}"


def check_protos(root, protos):
    if not protos:
        return
    described, problem = describe_protos(root, protos)
    if described is None:
        yield f"proto: cannot be described: {problem}"
        return
    for file in described.file:
        places = {tuple(location.path): location for location in file.source_code_info.location}
        for path, what in proto_elements(file):
            location = places.get(path)
            if location is None or not (location.leading_comments.strip() or location.trailing_comments.strip()):
                line = location.span[0] + 1 if location else 1
                yield f"proto/{file.name}:{line}: {what} has no comment"


def check_format(root, sources):
    tool = shutil.which("clang-format-14")
    if tool is None or not sources or not os.path.exists(os.path.join(root, ".clang-format")):
        return
    done = subprocess.run([tool, "--dry-run", "-Werror"] + sources, cwd=root, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        files = sorted({line.split(":")[0] for line in done.stderr.splitlines() if "[-Wclang-format-violations]" in line})
        for file in files or [done.stderr.strip()[:200]]:
            yield f"{file}:1: clang-format-14 would change it: clang-format-14 -i {file}"


def main():
    parser = argparse.ArgumentParser(description="Checks the habits that a script can see.")
    parser.add_argument("--root", default=os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
    parser.add_argument("--no-format", action="store_true", help="leave clang-format out")
    options = parser.parse_args()
    root = os.path.abspath(options.root)
    findings, sources, protos, count = [], [], [], 0
    for path in text_files(root):
        count += 1
        with open(os.path.join(root, path), encoding="utf-8") as file:
            lines = file.read().splitlines()
        findings += check_words(path, lines)
        if path.endswith((".cc", ".h")):
            sources.append(path)
            findings += check_source(path, lines)
        if path.endswith(".md"):
            findings += check_links(root, path, lines)
        if path.endswith(".proto") and path.startswith("proto/cdi/"):
            protos.append(path)
    findings += check_protos(root, protos)
    if not options.no_format:
        findings += check_format(root, sources)
    if count == 0:
        findings.append(f"{root}: no files found: is --root the project's root?")
    print("\n".join(findings) or f"check_house: {count} files in order")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
