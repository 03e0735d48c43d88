#!/usr/bin/env python3
"""Holds the public contract cdi.v1 against tests/golden/contract.txt: what is on the wire must stay as it is.

    check_contract.py [--root DIR] [--golden FILE] [--update_golden]

A number, type, label or name that changed, or that is gone without being reserved, is a break and fails. What is new fails
too, until --update_golden wrote it down; the diff of the golden file is what a review reads.
"""
import argparse
import glob
import os
import subprocess
import sys
import tempfile

from google.protobuf import descriptor_pb2

FIELD = descriptor_pb2.FieldDescriptorProto
SCALARS = {number: name[len("TYPE_"):].lower() for name, number in FIELD.Type.items()}


def describe(root):
    base = os.path.join(root, "proto")
    protos = sorted(os.path.relpath(path, base) for path in glob.glob(os.path.join(base, "cdi/v1/*.proto")))
    with tempfile.TemporaryDirectory() as scratch:
        out = os.path.join(scratch, "set.pb")
        subprocess.run(["protoc", "-I", base, "-I", os.path.join(base, "third_party"), "-o", out] + protos, check=True)
        with open(out, "rb") as encoded:
            return descriptor_pb2.FileDescriptorSet.FromString(encoded.read())


def list_message(message, scope, facts):
    name = f"{scope}.{message.name}"
    facts[f"message {name}"] = ""
    for field in message.field:
        kind = field.type_name.lstrip(".") or SCALARS[field.type]
        if field.label == FIELD.LABEL_REPEATED:
            kind = "repeated " + kind
        if field.HasField("oneof_index"):
            kind += f" oneof {message.oneof_decl[field.oneof_index].name}"
        facts[f"field {name} {field.number}"] = f"{field.name} {kind}"
    for reserved in message.reserved_range:
        for number in range(reserved.start, min(reserved.end, reserved.start + 1000)):
            facts[f"field {name} {number}"] = "reserved"
    for nested in message.nested_type:
        list_message(nested, name, facts)
    for enum in message.enum_type:
        list_enum(enum, name, facts)


def list_enum(enum, scope, facts):
    name = f"{scope}.{enum.name}"
    facts[f"enum {name}"] = ""
    for value in enum.value:
        facts[f"value {name} {value.number}"] = value.name
    for reserved in enum.reserved_range:
        for number in range(reserved.start, reserved.end + 1):
            facts[f"value {name} {number}"] = "reserved"


def list_contract(described):
    """What a client depends on, as `thing` -> `its shape`."""
    facts = {}
    for file in described.file:
        for message in file.message_type:
            list_message(message, file.package, facts)
        for enum in file.enum_type:
            list_enum(enum, file.package, facts)
        for service in file.service:
            facts[f"service {file.package}.{service.name}"] = ""
            for method in service.method:
                facts[f"rpc {file.package}.{service.name}.{method.name}"] = (
                    f"({'stream ' if method.client_streaming else ''}{method.input_type.lstrip('.')}) returns "
                    f"({'stream ' if method.server_streaming else ''}{method.output_type.lstrip('.')})")
    return facts


def compare(golden, present):
    """(breaks, additions) as lines for people."""
    breaks, additions = [], []
    for thing, shape in golden.items():
        now = present.get(thing)
        if now is None:
            breaks.append(f"gone: {thing} {shape}".rstrip() + " (a removed field or value needs `reserved`)")
        elif now != shape and now != "reserved":
            breaks.append(f"changed: {thing}: was {shape}, is {now}")
    for thing, shape in present.items():
        if thing not in golden:
            additions.append(f"new: {thing} {shape}".rstrip())
        elif shape == "reserved" != golden[thing]:
            additions.append(f"retired: {thing} {golden[thing]}")
    return breaks, additions


def order(thing):
    parts = thing.split()
    return (parts[1].rsplit(".", 1)[0] if parts[0] == "rpc" else parts[1], parts[0] not in ("message", "enum", "service"),
            int(parts[2]) if len(parts) > 2 else 0, thing)


def read_golden(path):
    with open(path, encoding="utf-8") as golden:
        lines = [line.rstrip("\n") for line in golden if line.strip()]
    return {thing: shape for thing, _, shape in (line.partition(" = ") for line in lines)}


def write_golden(path, facts):
    with open(path, "w", encoding="utf-8") as golden:
        for thing in sorted(facts, key=order):
            golden.write(f"{thing} = {facts[thing]}\n" if facts[thing] else f"{thing}\n")


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    parser = argparse.ArgumentParser(description="Holds cdi.v1 against its golden listing.")
    parser.add_argument("--root", default=os.path.join(here, ".."))
    parser.add_argument("--golden", help="default: tests/golden/contract.txt of the root")
    parser.add_argument("--update_golden", action="store_true", help="write the golden file anew")
    options = parser.parse_args()
    golden = options.golden or os.path.join(options.root, "tests/golden/contract.txt")
    present = list_contract(describe(options.root))
    breaks, additions = compare(read_golden(golden) if os.path.exists(golden) else {}, present)
    print("\n".join(breaks + additions) or f"check_contract: {len(present)} facts as they were")
    if options.update_golden:
        write_golden(golden, present)
        return 0
    if breaks:
        print("the wire contract is broken: give the change a new field, value or rpc, or reserve what is removed")
    elif additions:
        print("write the additions down: scripts/check_contract.py --update_golden")
    return 1 if breaks or additions else 0


if __name__ == "__main__":
    sys.exit(main())
