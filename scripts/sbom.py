#!/usr/bin/env python3
"""Writes what cdi is made of as SPDX 2.3 (JSON): exact versions of this machine, for the build that was made on it.

    sbom.py [--root DIR] [--binaries DIR] [--output FILE]

- the Debian packages of the libraries that cdi-server and cdi load (`ldd`), where the binaries are: DEPENDS_ON
- the Debian packages of scripts/packages.txt: DEV_DEPENDENCY_OF
- the npm packages that scripts/install_*.sh fetch for the tests, with the SHA-256 that those pin: TEST_DEPENDENCY_OF
- the sources copied into proto/third_party, file by file: CONTAINS

The same machine gives the same text each time: the time stamp is SOURCE_DATE_EPOCH, else the last commit's. Ends with 1, and says
why, when a package is not installed or a library belongs to none: a list with holes is worse than none.
"""
import argparse
import datetime
import hashlib
import json
import os
import platform
import re
import subprocess
import sys
import urllib.parse

BINARIES = ("cdi-server", "cdi")


class Incomplete(Exception):
    """Something that the list would have to leave out."""


def read(root, path):
    with open(os.path.join(root, path), encoding="utf-8") as file:
        return file.read()


def run(command):
    environment = {**os.environ, "LC_ALL": "C.UTF-8"}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


def package_list(text):
    return sorted({line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")})


def installed_packages(names):
    """name -> {version, architecture, source} of Debian packages; refuses what is not installed."""
    found = {}
    if names:
        shown = run(["dpkg-query", "-W", "-f", "${db:Status-Status}\\t${Package}\\t${Version}\\t${Architecture}\\t${source:Package}\\n", *names])
        for line in shown.stdout.splitlines():
            status, name, version, architecture, source = line.split("\t")
            if status == "installed":
                found[name] = {"version": version, "architecture": architecture, "source": source}
    missing = sorted(set(names) - set(found))
    if missing:
        raise Incomplete(f"not installed, so without a version: {', '.join(missing)}; run scripts/install.sh")
    return found


def loaded_libraries(binaries):
    libraries = set()
    for binary in binaries:
        shown = run(["ldd", binary])
        if shown.returncode != 0:
            raise Incomplete(f"ldd cannot read {binary}: {shown.stderr.strip()}")
        for line in shown.stdout.splitlines():
            if "not found" in line:
                raise Incomplete(f"{binary} would not start: {line.strip()}")
            path = re.search(r"(/\S+) \(0x", line)
            if path:
                libraries.add(os.path.realpath(path.group(1)))
    return sorted(libraries)


def owning_packages(libraries):
    """The Debian packages that `libraries` belong to. dpkg may know /usr/lib/x as /lib/x, from before the two were merged."""
    candidates = {path: library for library in libraries for path in (library, re.sub(r"^/usr/", "/", library))}
    owners = {}
    if candidates:
        for line in run(["dpkg-query", "-S", *sorted(candidates)]).stdout.splitlines():
            packages, _, path = line.rpartition(": ")
            if path in candidates and not packages.startswith("diversion by"):
                owners[candidates[path]] = packages.split(",")[0].split(":")[0]
    unowned = sorted(set(libraries) - set(owners))
    if unowned:
        raise Incomplete(f"no Debian package owns {', '.join(unowned)}; build against Debian's libraries")
    return sorted(set(owners.values()))


def shell_value(path, text, name):
    found = re.search(rf"^\s*{name}=(\S+)", text, flags=re.MULTILINE)
    if not found:
        raise Incomplete(f"{path} no longer says {name}=")
    return found.group(1)


def pinned_npm(root):
    """(name, version, SHA-256 or None, why) of the packages that the scripts fetch by name."""
    path = "scripts/install_duckdb.sh"
    text = read(root, path)
    arm = re.search(rf"^\s*{re.escape(platform.machine())}\)(.*?);;", text, flags=re.MULTILINE | re.DOTALL)
    if arm:  # elsewhere the stand-in is not built
        library_hash = re.search(r"library_sha256=([0-9a-f]{64})", arm.group(1))
        library = re.search(r"library_package=(\S+)", arm.group(1))
        if not library:
            raise Incomplete(f"{path} no longer says library_package= for {platform.machine()}")
        yield (library.group(1), shell_value(path, text, "library_version"), library_hash and library_hash.group(1),
               "DuckDB's C library, the SQL engine of snowflake-mock")
        yield ("duckdb", shell_value(path, text, "header_version"), shell_value(path, text, "header_sha256"), "DuckDB's C header")
    path = "scripts/install_snowflake_sdk.sh"
    text = read(root, path)
    yield ("snowflake-sdk", shell_value(path, text, "version"), shell_value(path, text, "sha256"), "Snowflake's Node driver, run by tests/snowflake_sdk")


def resolved_npm(root):
    """(name, version) of what npm resolved for snowflake-sdk, where it is installed."""
    found = set()
    top = os.path.join(os.path.realpath(os.path.join(root, "third_party/snowflake_sdk/node_modules")), "")
    for directory, folders, names in os.walk(top):
        folders.sort()
        inside = directory[len(top):].split("node_modules/")[-1]
        is_package = inside and inside.count("/") == (1 if inside.startswith("@") else 0)
        if is_package and "package.json" in names:
            about = json.loads(read(directory, "package.json"))
            if "name" in about and "version" in about and about["name"] != "snowflake-sdk":
                found.add((about["name"], about["version"]))
    return sorted(found)


def spdx_id(*parts):
    return "SPDXRef-" + "-".join(re.sub(r"[^A-Za-z0-9.-]", ".", part.replace("+", ".plus").replace("@", "")) for part in parts)


def spdx_package(identifier, name, version, purl, **more):
    return {"SPDXID": identifier, "name": name, "versionInfo": version, "downloadLocation": "NOASSERTION", "filesAnalyzed": False,
            "licenseConcluded": "NOASSERTION", "licenseDeclared": "NOASSERTION", "copyrightText": "NOASSERTION",
            "externalRefs": [{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": purl}], **more}


def npm_package(name, version, sha256=None, summary=None):
    more = {"checksums": [{"algorithm": "SHA256", "checksumValue": sha256}]} if sha256 else {}
    if summary:
        more["summary"] = summary
    return spdx_package(spdx_id("npm", name, version), name, version, f"pkg:npm/{urllib.parse.quote(name, safe='/')}@{version}", **more)


def copied_files(root):
    """The files of proto/third_party as SPDX files; refuses what differs from its SHA256SUMS."""
    files = []
    for line in read(root, "proto/third_party/SHA256SUMS").splitlines():
        pinned, path = line.split(maxsplit=1)
        path = "proto/third_party/" + path.lstrip("*./")
        with open(os.path.join(root, path), "rb") as file:
            content = file.read()
        if hashlib.sha256(content).hexdigest() != pinned:
            raise Incomplete(f"{path} is not what SHA256SUMS pins")
        files.append({"SPDXID": spdx_id("file", path.replace("/", "-")), "fileName": "./" + path, "licenseConcluded": "Apache-2.0",
                      "copyrightText": "NOASSERTION", "checksums": [
                          {"algorithm": "SHA1", "checksumValue": hashlib.sha1(content).hexdigest()},
                          {"algorithm": "SHA256", "checksumValue": pinned}]})
    return files


def created(root):
    epoch = os.environ.get("SOURCE_DATE_EPOCH") or run(["git", "-C", root, "log", "-1", "--format=%ct"]).stdout.strip()
    if not epoch.isdigit():
        raise Incomplete("no time to give: set SOURCE_DATE_EPOCH to seconds since 1970, as this is no git clone")
    return datetime.datetime.fromtimestamp(int(epoch), datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def debian_release():
    found = re.search(r'^VERSION_ID="?([\w.]+)', read("/", "etc/os-release"), flags=re.MULTILINE)
    return found.group(1) if found else "unknown"


def make_document(root, binaries):
    version = re.search(r"project\(cdi VERSION ([\d.]+)", read(root, "CMakeLists.txt")).group(1)
    own = spdx_id("cdi")
    packages = [spdx_package(own, "cdi", version, f"pkg:generic/cdi@{version}", licenseDeclared="Apache-2.0")]
    relationships = [("SPDXRef-DOCUMENT", "DESCRIBES", own)]
    tools = package_list(read(root, "scripts/packages.txt"))
    linked = owning_packages(loaded_libraries(binaries))
    release = debian_release()
    for name, facts in sorted(installed_packages(sorted({*tools, *linked})).items()):
        identifier = spdx_id("deb", name)
        purl = (f"pkg:deb/debian/{urllib.parse.quote(name)}@{urllib.parse.quote(facts['version'])}"
                f"?arch={facts['architecture']}&distro=debian-{release}")
        packages.append(spdx_package(identifier, name, facts["version"], purl, sourceInfo=f"built from the Debian source package {facts['source']}"))
        if name in linked:
            relationships.append((own, "DEPENDS_ON", identifier))
        if name in tools:
            relationships.append((identifier, "DEV_DEPENDENCY_OF", own))
    npm = {package["SPDXID"]: package for package in
           [npm_package(*pinned) for pinned in resolved_npm(root)] + [npm_package(*pinned) for pinned in pinned_npm(root)]}
    packages += [npm[identifier] for identifier in sorted(npm)]
    relationships += [(identifier, "TEST_DEPENDENCY_OF", own) for identifier in sorted(npm)]
    files = copied_files(root)
    relationships += [(own, "CONTAINS", file["SPDXID"]) for file in files]
    seen = "the libraries of " + ", ".join(os.path.basename(binary) for binary in binaries) if binaries else "no libraries: nothing was built"
    document = {
        "spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT", "name": f"cdi-{version}",
        "creationInfo": {"created": created(root), "creators": ["Tool: cdi scripts/sbom.py"], "comment": f"Covers {seen}."},
        "packages": packages, "files": files,
        "relationships": [{"spdxElementId": a, "relationshipType": kind, "relatedSpdxElement": b} for a, kind, b in relationships]}
    digest = hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()
    document["documentNamespace"] = f"https://spdx.org/spdxdocs/cdi-{version}-{digest[:32]}"
    return document


def main():
    parser = argparse.ArgumentParser(description="Writes an SBOM (SPDX 2.3, JSON) of the build on this machine.")
    parser.add_argument("--root", default=os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
    parser.add_argument("--binaries", help="directory of cdi-server and cdi; default build/release/bin, where it is there")
    parser.add_argument("--output", help="file to write; default stdout")
    options = parser.parse_args()
    folder = options.binaries or os.path.join(options.root, "build/release/bin")
    binaries = [path for path in (os.path.join(folder, name) for name in BINARIES) if os.path.exists(path)]
    try:
        if options.binaries and not binaries:
            raise Incomplete(f"{folder} has neither of {', '.join(BINARIES)}")
        text = json.dumps(make_document(options.root, binaries), indent=1, ensure_ascii=False) + "\n"
    except Incomplete as problem:
        print(f"sbom: {problem}", file=sys.stderr)
        return 1
    if options.output:
        with open(options.output, "w", encoding="utf-8") as file:
            file.write(text)
    else:
        sys.stdout.write(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
