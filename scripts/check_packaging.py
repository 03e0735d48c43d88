#!/usr/bin/env python3
"""Checks what installs the service: the systemd unit, its account and configuration, the Dockerfile, the SBOM, and where they are described.

    check_packaging.py [--root DIR]

- cdi-server.service has exactly the sandbox below, kills only after the server's own limit of a stop (kStopMax), and agrees with
  server.yaml and sysusers.d. Where systemd-analyze is installed, it must accept the unit too and rate its exposure at most 2.0.
- Dockerfile: versions of base images, not root at last, nothing fetched but by apt, no secret, nothing left behind.
- .dockerignore lets in what the build needs and nothing else.
- scripts/sbom.py says every package of packages.txt and the same twice.
- Every file of packaging/ is named in README.md, SECURITY.md or docs/; SECURITY.md says what a reporter needs.
"""
import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

UNIT = "packaging/cdi-server.service"
DOCKERFILE = "packaging/Dockerfile"
EXPOSURE_MAX = 20  # tenths

# Directive of [Service] -> its values, in order; each exactly so.
REQUIRED = {
    "User": ["cdi-server"], "Group": ["cdi-server"], "UMask": ["0077"],
    "StateDirectory": ["cdi"], "StateDirectoryMode": ["0700"], "RuntimeDirectory": ["cdi"], "RuntimeDirectoryMode": ["0750"],
    "ConfigurationDirectory": ["cdi"], "ConfigurationDirectoryMode": ["0755"],
    "LoadCredentialEncrypted": ["master.key:/etc/cdi/master.key.cred"],
    "Restart": ["on-failure"], "RestartPreventExitStatus": ["2"],
    "LimitCORE": ["0"], "LimitMEMLOCK": ["64M"], "MemorySwapMax": ["0"], "KeyringMode": ["private"],
    "NoNewPrivileges": ["yes"], "CapabilityBoundingSet": [""], "AmbientCapabilities": [""],
    "ProtectSystem": ["strict"], "ProtectHome": ["yes"], "ProtectProc": ["invisible"], "ProtectClock": ["yes"],
    "ProtectControlGroups": ["yes"], "ProtectHostname": ["yes"], "ProtectKernelLogs": ["yes"], "ProtectKernelModules": ["yes"],
    "ProtectKernelTunables": ["yes"], "PrivateTmp": ["yes"], "PrivateDevices": ["yes"], "RemoveIPC": ["yes"],
    "RestrictAddressFamilies": ["AF_INET AF_INET6 AF_UNIX"], "RestrictNamespaces": ["yes"], "RestrictRealtime": ["yes"],
    "RestrictSUIDSGID": ["yes"], "LockPersonality": ["yes"], "MemoryDenyWriteExecute": ["yes"],
    "SystemCallArchitectures": ["native"], "SystemCallFilter": ["@system-service", "~@privileged"], "SystemCallErrorNumber": ["EPERM"],
}
# Checked by rules of their own, or free. Anything else is a typing error or a hole in the sandbox.
OTHERS = {"Type", "ExecStart", "RestartSec", "TimeoutStopSec"}

SECRET_NAME = re.compile(r"KEY|TOKEN|PASSW|SECRET|CREDENTIAL", re.IGNORECASE)
STOP_MARGIN_SECONDS = 2


def read(root, path):
    with open(os.path.join(root, path), encoding="utf-8") as file:
        return file.read()


def parse_unit(text):
    """section -> directive -> values in order."""
    sections, section = {}, None
    for line in text.splitlines():
        line = line.strip()
        if line.startswith("["):
            section = sections.setdefault(line.strip("[]"), {})
        elif line and line[0] not in "#;":
            key, _, value = line.partition("=")
            section.setdefault(key.strip(), []).append(value.strip())
    return sections


def first(values, key):
    return values.get(key, [""])[0]


def check_sandbox(service):
    for key, values in REQUIRED.items():
        if service.get(key) != values:
            wanted = ", ".join(f"{key}={value}" for value in values)
            yield f"{UNIT}: must say {wanted}; it says {service.get(key) or 'nothing'}"
    for key in sorted(set(service) - set(REQUIRED) - OTHERS):
        yield f"{UNIT}: {key}= is not in check_packaging.py: put it there with its value, or remove it"
    command = first(service, "ExecStart")
    if len(service.get("ExecStart", [])) != 1 or not re.fullmatch(r"/\S+/cdi-server --config /etc/cdi/server\.yaml", command):
        yield f"{UNIT}: ExecStart must be one absolute path of cdi-server with --config /etc/cdi/server.yaml and no prefix; it is {command!r}"


def check_lifecycle(root, service):
    sources = [os.path.join("server", name) for name in sorted(os.listdir(os.path.join(root, "server"))) if name.endswith(".cc")]
    notifies = any("sd_notify(" in read(root, path) for path in sources)  # a kept NOTIFY_SOCKET alone says nothing
    wanted = "notify" if notifies else "exec"
    if first(service, "Type") != wanted:
        yield f"{UNIT}: Type must be {wanted}, as the server {'speaks' if notifies else 'does not speak'} sd_notify"
    limit = re.search(r"kStopMax\{([\d']+)\}", read(root, "server/main.cc"))
    if not limit:
        yield "server/main.cc: kStopMax{milliseconds} is gone: what bounds a stop now? TimeoutStopSec depends on it"
        return
    least = int(limit.group(1).replace("'", "")) / 1000 + STOP_MARGIN_SECONDS
    if not first(service, "TimeoutStopSec").isdigit() or int(first(service, "TimeoutStopSec")) < least:
        yield f"{UNIT}: TimeoutStopSec must be a number of seconds of at least {least:g}: kStopMax of server/main.cc and {STOP_MARGIN_SECONDS} s"


def check_with_systemd(root):
    """What systemd itself says of the unit. ExecStart is replaced, as nothing need be installed."""
    tool = shutil.which("systemd-analyze")
    if tool is None:
        return
    with tempfile.TemporaryDirectory() as scratch:
        path = os.path.join(scratch, os.path.basename(UNIT))
        with open(path, "w", encoding="utf-8") as copy:
            copy.write(re.sub(r"^ExecStart=.*$", "ExecStart=/bin/true", read(root, UNIT), flags=re.MULTILINE))
        verified = subprocess.run([tool, "verify", "--man=no", path], capture_output=True, text=True, check=False)
        complaints = [line for line in verified.stderr.splitlines() if os.path.basename(UNIT) in line]
        if verified.returncode != 0 or complaints:
            yield f"{UNIT}: systemd-analyze verify: {' / '.join(complaints) or verified.stderr.strip()}"
        rated = subprocess.run([tool, "security", "--offline=yes", "--no-pager", f"--threshold={EXPOSURE_MAX}", path],
                               capture_output=True, text=True, check=False)
        if rated.returncode != 0:
            said = [line for line in (rated.stdout + rated.stderr).splitlines() if line.strip()]
            yield f"{UNIT}: systemd-analyze security: {said[-1].strip() if said else rated.returncode} (at most {EXPOSURE_MAX / 10})"


def schema_keys(proto):
    """Top-level keys of the configuration."""
    return set(re.findall(r"^  (?:repeated )?\w+ (\w+) = \d+;", proto, flags=re.MULTILINE))


def check_agreement(root, service):
    config = read(root, "packaging/server.yaml")
    known = schema_keys(read(root, "proto/cdi/config/v1/server_config.proto"))
    for key in re.findall(r"^#?([a-z_]+):", config, flags=re.MULTILINE):
        if key not in known:
            yield f"packaging/server.yaml: {key} is no key of the configuration"
    for line in config.splitlines():
        if re.search(r"\b[0-9a-fA-F]{64}\b|BEGIN [A-Z ]*PRIVATE KEY", line):
            yield "packaging/server.yaml: has what looks like a key"
    credential = first(service, "LoadCredentialEncrypted").split(":")[0]
    for setting, wanted in (("state_dir", f"/var/lib/{first(service, 'StateDirectory')}"),
                            ("  file", f"/run/credentials/{os.path.basename(UNIT)}/{credential}")):
        found = re.search(rf"^{setting}: *(\S+)$", config, flags=re.MULTILINE)
        if not found or found.group(1) != wanted:
            yield f"packaging/server.yaml: {setting.strip()} must be {wanted}, as the unit has it"
    user = first(service, "User")
    if not re.search(rf"^u\s+{re.escape(user)}\s+-\s+\"[^\"]*\"\s+/nonexistent\s+/usr/sbin/nologin$",
                     read(root, "packaging/sysusers.d/cdi.conf"), flags=re.MULTILINE):
        yield f"packaging/sysusers.d/cdi.conf: must make {user or 'the user of the unit'} without home and shell"


def dockerfile_instructions(text):
    """(line number, instruction, arguments), continued lines joined, comments left out."""
    joined, start = "", 0
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("#") or (not line.strip() and not joined):
            continue
        start = start if joined else number
        joined += line.rstrip().removesuffix("\\") + " "
        if not line.rstrip().endswith("\\"):
            word, _, arguments = joined.strip().partition(" ")
            yield start, word.upper(), arguments.strip()
            joined = ""


def check_run(arguments):
    if re.search(r"\bapt-get\b.*\binstall\b", arguments):
        for needed in ("apt-get update", "--no-install-recommends", "rm -rf /var/lib/apt/lists/*"):
            if needed not in arguments:
                yield f"apt-get install without {needed}"
    for pattern, fault in ((r"\b(curl|wget)\s", "fetches by hand: apt is what checks signatures"), (r"\b(pip3?|npm) install\b", "installs past apt"),
                           (r"\bchmod\s+(-R\s+)?[0-7]*7\b", "lets everybody write"), (r"\bsudo\b", "sudo")):
        if re.search(pattern, arguments):
            yield fault


def check_instruction(word, arguments, stages):
    """Faults of one instruction; `stages` are the names of earlier FROMs."""
    if word == "FROM":
        image = [part for part in arguments.split() if not part.startswith("--")][0]
        if image not in stages and not re.search(r":[^:@/]*\d[^:@/]*(@sha256:[0-9a-f]{64})?$", image):
            yield f"the base image {image} has no version"
    elif word == "ADD":
        yield "ADD fetches and unpacks: use COPY"
    elif word in ("ENV", "ARG"):
        for name in re.findall(r"(\w+)(?==|$)", arguments):
            if SECRET_NAME.search(name):
                yield f"{name} would be a secret in the image: mount it when the container starts"
    elif word == "COPY":
        if SECRET_NAME.search(arguments) or re.search(r"\.(pem|key|cred)\b", arguments):
            yield f"copies what looks like a secret: {arguments}"
    elif word == "RUN":
        yield from check_run(arguments)


def check_last_stage(instructions):
    last = max((i for i, (_, word, _) in enumerate(instructions) if word == "FROM"), default=0)
    stage = [(word, arguments) for _, word, arguments in instructions[last:]]
    users = [arguments.split(":")[0] for word, arguments in stage if word == "USER"]
    if not users or users[-1] in ("root", "0"):
        yield "the last stage must end with a USER that is not root"
    elif not users[-1].isdigit():
        yield "the last USER must be a number: an orchestrator cannot tell a name from root"
    if not any(word == "HEALTHCHECK" and re.search(r'CMD \["cdi", "health"', arguments) for word, arguments in stage):
        yield "the last stage must have a HEALTHCHECK by `cdi health`"
    if not any(word == "ENTRYPOINT" and arguments.startswith("[") for word, arguments in stage):
        yield "ENTRYPOINT must be a list: a shell in between would keep SIGTERM from the server"
    for word, arguments in stage:
        if word == "RUN" and re.search(r"\S+-dev\b|\bg\+\+|\bcmake\b", arguments):
            yield "the last stage installs what only a build needs"
        if word == "COPY" and "--from=" not in arguments and arguments.split()[0] == ".":
            yield "the last stage copies the whole tree"


def check_dockerfile(root):
    instructions = list(dockerfile_instructions(read(root, DOCKERFILE)))
    stages = set()
    for number, word, arguments in instructions:
        for fault in check_instruction(word, arguments, stages):
            yield f"{DOCKERFILE}:{number}: {fault}"
        named = re.search(r"\bAS (\S+)$", arguments, flags=re.IGNORECASE) if word == "FROM" else None
        if named:
            stages.add(named.group(1))
    for fault in check_last_stage(instructions):
        yield f"{DOCKERFILE}: {fault}"
    listed = set(read(root, "scripts/packages.txt").split())
    first_stage = next((arguments for _, word, arguments in instructions if word == "RUN"), "")
    for package in re.findall(r"\s((?:lib)?[a-z0-9+.-]+-dev)\b", first_stage):
        if package not in listed:
            yield f"{DOCKERFILE}: {package} is not in scripts/packages.txt"


def check_dockerignore(root):
    lines = [line for line in read(root, ".dockerignore").splitlines() if line.strip() and not line.startswith("#")]
    if lines[:1] != ["*"]:
        yield ".dockerignore: must begin with `*`: what is not named stays out"
    let_in = {line[1:].strip("/") for line in lines if line.startswith("!")}
    for folder in re.findall(r"^\s*add_subdirectory\((\w+)\)", read(root, "CMakeLists.txt"), flags=re.MULTILINE):
        if folder not in let_in:
            yield f".dockerignore: {folder}/ is part of the build and must be let in with !{folder}"
    for name in sorted(let_in & {".git", "build", "third_party", ".cache"}):
        yield f".dockerignore: {name} must stay out"
    for pattern in ("**/*.key", "**/*.pem", "**/.env"):
        if pattern not in lines[-3:]:
            yield f".dockerignore: must end with the patterns of secrets; {pattern} is not among them"


def make_sbom(root):
    return subprocess.run([sys.executable, os.path.join(root, "scripts/sbom.py"), "--root", root], capture_output=True, text=True, check=False,
                          env={**os.environ, "SOURCE_DATE_EPOCH": "1700000000"})


def check_sbom(root):
    made = make_sbom(root)
    if made.returncode != 0:
        yield f"scripts/sbom.py: {made.stderr.strip()}"
        return
    if make_sbom(root).stdout != made.stdout:
        yield "scripts/sbom.py: says something else the second time"
    try:
        document = json.loads(made.stdout)
    except ValueError as problem:
        yield f"scripts/sbom.py: no JSON: {problem}"
        return
    for key, value in (("spdxVersion", "SPDX-2.3"), ("dataLicense", "CC0-1.0"), ("SPDXID", "SPDXRef-DOCUMENT")):
        if document.get(key) != value:
            yield f"scripts/sbom.py: {key} must be {value}"
    if document.get("creationInfo", {}).get("created") != "2023-11-14T22:13:20Z":
        yield "scripts/sbom.py: the time stamp is not SOURCE_DATE_EPOCH"
    identifiers = [thing["SPDXID"] for thing in document.get("packages", []) + document.get("files", [])]
    for identifier in sorted({name for name in identifiers if identifiers.count(name) > 1 or not re.fullmatch(r"SPDXRef-[A-Za-z0-9.-]+", name)}):
        yield f"scripts/sbom.py: {identifier} is there twice or no SPDX id"
    for related in document.get("relationships", []):
        for end in (related["spdxElementId"], related["relatedSpdxElement"]):
            if end != "SPDXRef-DOCUMENT" and end not in identifiers:
                yield f"scripts/sbom.py: a relationship with {end}, which is not there"
    versions = {package["name"]: package.get("versionInfo") for package in document.get("packages", [])}
    for line in read(root, "scripts/packages.txt").splitlines():
        if line.strip() and not line.startswith("#") and not versions.get(line.strip()):
            yield f"scripts/sbom.py: {line.strip()} of packages.txt is missing or without a version"


def check_documents(root):
    documents = ["README.md", "SECURITY.md"] + [os.path.join("docs", name) for name in sorted(os.listdir(os.path.join(root, "docs"))) if name.endswith(".md")]
    text = "\n".join(read(root, path) for path in documents if os.path.exists(os.path.join(root, path)))
    for directory, _, names in os.walk(os.path.join(root, "packaging")):
        for name in sorted(names):
            path = os.path.relpath(os.path.join(directory, name), root)
            if path not in text:
                yield f"{path}: is not named in README.md, SECURITY.md or docs/"
    policy = read(root, "SECURITY.md") if os.path.exists(os.path.join(root, "SECURITY.md")) else ""
    for needed in ("## Reporting", "## Supported versions", "## Threat model", "](docs/security.md)"):
        if needed not in policy:
            yield f"SECURITY.md: lacks {needed!r}"


def check(root, sbom=True):
    """All findings; `sbom=False` leaves the slowest check out."""
    service = parse_unit(read(root, UNIT)).get("Service", {})
    return [*check_sandbox(service), *check_lifecycle(root, service), *check_with_systemd(root), *check_agreement(root, service),
            *check_dockerfile(root), *check_dockerignore(root), *(check_sbom(root) if sbom else []), *check_documents(root)]


def main():
    parser = argparse.ArgumentParser(description="Checks what installs the service.")
    parser.add_argument("--root", default=os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
    root = os.path.abspath(parser.parse_args().root)
    findings = check(root)
    extra = "accepted by systemd-analyze" if shutil.which("systemd-analyze") else "systemd-analyze is not installed: its opinion is missing"
    print("\n".join(findings) or f"check_packaging: {len(REQUIRED)} directives, Dockerfile, SBOM and documents in order; {extra}")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
