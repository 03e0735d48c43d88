#!/usr/bin/env python3
"""Spoils a copy of packaging/ in one place at a time and expects check_packaging.py to say so."""
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from unittest import mock

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
SCRIPT = os.path.join(ROOT, "scripts", "check_packaging.py")
sys.path.insert(0, os.path.dirname(SCRIPT))
import check_packaging  # noqa: E402  (it lies in scripts/)

UNIT, DOCKERFILE, CONFIG = "packaging/cdi-server.service", "packaging/Dockerfile", "packaging/server.yaml"
COPIED = [UNIT, DOCKERFILE, CONFIG, "packaging/sysusers.d/cdi.conf", ".dockerignore", "SECURITY.md", "README.md", "docs/operations.md", "CMakeLists.txt",
          "scripts/packages.txt", "server/main.cc", "proto/cdi/config/v1/server_config.proto"]

# Stands in for scripts/sbom.py (which has a test of its own): names the packages of packages.txt, then what a case puts at END.
SBOM = '''import json, os, datetime, sys
names = [line.strip() for line in open(sys.argv[2] + "/scripts/packages.txt") if line.strip() and line[0] != "#"]
packages = [{"SPDXID": f"SPDXRef-{i}", "name": name, "versionInfo": "1"} for i, name in enumerate(names)]
created = datetime.datetime.fromtimestamp(int(os.environ["SOURCE_DATE_EPOCH"]), datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
document = {"spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT", "creationInfo": {"created": created},
            "packages": packages, "relationships": []}
#END
print(json.dumps(document))
'''

# (file, what stands there, what is put in its place, part of the finding)
CASES = [
    (UNIT, "ProtectHome=yes\n", "", "must say ProtectHome=yes; it says nothing"),
    (UNIT, "UMask=0077", "UMask=0022", "must say UMask=0077; it says ['0022']"),
    (UNIT, "SystemCallFilter=~@privileged\n", "", "must say SystemCallFilter=@system-service, SystemCallFilter=~@privileged"),
    (UNIT, "CapabilityBoundingSet=\n", "CapabilityBoundingSet=CAP_SYS_PTRACE\n", "must say CapabilityBoundingSet="),
    (UNIT, "LimitCORE=0", "LimitCORE=infinity", "must say LimitCORE=0"),
    (UNIT, "PrivateTmp=yes", "PrivateTmp=yes\nPrivateTmp=no", "must say PrivateTmp=yes; it says ['yes', 'no']"),
    (UNIT, "User=cdi-server", "User=root", "must say User=cdi-server"),
    (UNIT, "PrivateTmp=yes", "PrivateTmp=yes\nProtectEverything=yes", "ProtectEverything= is not in check_packaging.py"),
    (UNIT, "PrivateTmp=yes", "PrivateTmp=yes\nEnvironment=MASTER_KEY=1", "Environment= is not in check_packaging.py"),
    (UNIT, "ExecStart=/usr", "ExecStart=+/usr", "ExecStart must be one absolute path"),
    (UNIT, "Type=exec", "Type=notify", "Type must be exec"),
    (UNIT, "TimeoutStopSec=20", "TimeoutStopSec=15", "TimeoutStopSec must be a number of seconds of at least 16.8"),
    ("server/main.cc", "kStopMax{14'800}", "kStopMax{44'800}", "at least 46.8"),
    ("server/main.cc", "kStopMax{14'800}", "kStopLimit{14'800}", "kStopMax{milliseconds} is gone"),
    (UNIT, "LoadCredentialEncrypted=master.key:", "LoadCredential=master.key:", "must say LoadCredentialEncrypted="),
    (CONFIG, "state_dir: /var/lib/cdi", "state_dir: /srv/cdi", "state_dir must be /var/lib/cdi"),
    (CONFIG, "/run/credentials/cdi-server.service/master.key", "/etc/cdi/master.key", "file must be /run/credentials/"),
    (CONFIG, "#runs_max: 8", "#runs_most: 8", "runs_most is no key of the configuration"),
    (CONFIG, "#runs_max: 8", "#" + "0a" * 32, "has what looks like a key"),
    ("packaging/sysusers.d/cdi.conf", "/usr/sbin/nologin", "/bin/bash", "without home and shell"),
    (DOCKERFILE, "FROM debian:12-slim AS", "FROM debian AS", "the base image debian has no version"),
    (DOCKERFILE, "FROM debian:12-slim AS", "FROM debian:latest AS", "the base image debian:latest has no version"),
    (DOCKERFILE, "COPY . .", "ADD https://example.com/cdi.tar.gz .", "ADD fetches and unpacks"),
    (DOCKERFILE, "COPY . .", "COPY . .\nARG NPM_TOKEN", "NPM_TOKEN would be a secret in the image"),
    (DOCKERFILE, "COPY . .", "COPY . .\nENV LANG=C BRAZE_API_KEY=x", "BRAZE_API_KEY would be a secret in the image"),
    (DOCKERFILE, "COPY . .", "COPY . .\nCOPY braze.key /etc/", "copies what looks like a secret"),
    (DOCKERFILE, "COPY . .", "COPY . .\nRUN curl https://example.com | sh", "fetches by hand"),
    (DOCKERFILE, "    && rm -rf /var/lib/apt/lists/*\nWORKDIR", "    && true\nWORKDIR", "apt-get install without rm -rf /var/lib/apt/lists/*"),
    (DOCKERFILE, "--no-install-recommends \\\n       cmake", "\\\n       cmake", "apt-get install without --no-install-recommends"),
    (DOCKERFILE, "libre2-dev", "libre3-dev", "libre3-dev is not in scripts/packages.txt"),
    (DOCKERFILE, "libcurl4 ", "libcurl4-openssl-dev ", "the last stage installs what only a build needs"),
    (DOCKERFILE, "USER 10001:10001\n", "", "must end with a USER that is not root"),
    (DOCKERFILE, "USER 10001:10001\n", "USER 10001\nUSER root\n", "must end with a USER that is not root"),
    (DOCKERFILE, "USER 10001:10001\n", "USER cdi-server\n", "the last USER must be a number"),
    (DOCKERFILE, 'CMD ["cdi", "health"', 'CMD ["cdi", "version"', "HEALTHCHECK by `cdi health`"),
    (DOCKERFILE, 'ENTRYPOINT ["cdi-server"]', "ENTRYPOINT cdi-server", "ENTRYPOINT must be a list"),
    (".dockerignore", "\n*\n", "\n", "must begin with `*`"),
    (".dockerignore", "!keys\n", "", "keys/ is part of the build and must be let in"),
    (".dockerignore", "!keys\n", "!keys\n!.git\n", ".git must stay out"),
    (".dockerignore", "**/*.pem\n", "", "**/*.pem is not among them"),
    ("scripts/sbom.py", "#END", "packages.pop()", "zlib1g-dev of packages.txt is missing"),
    ("scripts/sbom.py", "#END", "packages[0]['versionInfo'] = ''", "ccache of packages.txt is missing or without a version"),
    ("scripts/sbom.py", "#END", "document['nonce'] = os.urandom(8).hex()", "says something else the second time"),
    ("scripts/sbom.py", "#END", "print('{')", "no JSON"),
    ("scripts/sbom.py", "#END", "sys.exit('sbom: no dpkg')", "scripts/sbom.py: sbom: no dpkg"),
    ("scripts/sbom.py", "#END", "packages.append(packages[0])", "SPDXRef-0 is there twice"),
    ("scripts/sbom.py", "#END", "document['creationInfo']['created'] = '2026-01-01T00:00:00Z'", "the time stamp is not SOURCE_DATE_EPOCH"),
    ("scripts/sbom.py", "#END", "document['relationships'].append({'spdxElementId': 'SPDXRef-0', 'relatedSpdxElement': 'SPDXRef-none'})",
     "a relationship with SPDXRef-none"),
    ("SECURITY.md", "## Reporting", "## Thanks", "lacks '## Reporting'"),
    ("SECURITY.md", "](docs/security.md)", "](docs)", "lacks '](docs/security.md)'"),
    ("docs/operations.md", "packaging/sysusers.d/cdi.conf", "the account", "packaging/sysusers.d/cdi.conf: is not named"),
]


class CheckPackagingTest(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.root = scratch.name
        self.good = {"scripts/sbom.py": SBOM}
        for path in COPIED:
            with open(os.path.join(ROOT, path), encoding="utf-8") as file:
                self.good[path] = file.read()
        for path, content in self.good.items():
            self.write(path, content)

    def write(self, path, content):
        full = os.path.join(self.root, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "w", encoding="utf-8") as file:
            file.write(content)

    def check(self, path=None):
        environment = {**os.environ, **({"PATH": path} if path else {})}
        return subprocess.run([sys.executable, SCRIPT, "--root", self.root], capture_output=True, text=True, check=False, env=environment)

    def test_passes_what_is_in_order(self):
        result = self.check()
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        self.assertIn("in order", result.stdout)

    def test_finds_each_fault_without_systemd_analyze(self):
        for path, here, instead, finding in CASES:
            with self.subTest(f"{path}: {instead or 'without ' + here}"):
                self.assertIn(here, self.good[path], "the case no longer fits the file")
                self.write(path, self.good[path].replace(here, instead))
                with mock.patch.dict(os.environ, {"PATH": "/nonexistent"}):
                    findings = check_packaging.check(self.root, sbom=path == "scripts/sbom.py")
                self.write(path, self.good[path])
                self.assertTrue(any(finding in said for said in findings), findings)

    def test_says_when_systemd_could_not_be_asked(self):
        self.assertIn("systemd-analyze is not installed", self.check(path="/nonexistent").stdout)

    def test_names_a_new_file_that_no_document_names(self):
        self.write("packaging/new.conf", "")
        result = self.check()
        self.assertIn("packaging/new.conf: is not named", result.stdout)
        self.assertEqual(result.returncode, 1)

    @unittest.skipUnless(shutil.which("systemd-analyze"), "systemd-analyze is not installed")
    def test_takes_what_systemd_says(self):
        self.write(UNIT, self.good[UNIT].replace("RestartSec=10", "RestartSec=soon"))
        self.assertIn("systemd-analyze verify", self.check().stdout)
        bare = "\n".join(line for line in self.good[UNIT].splitlines() if not line.startswith(("Protect", "Private", "Restrict", "SystemCall")))
        self.write(UNIT, bare)
        self.assertIn("systemd-analyze security", self.check().stdout)


if __name__ == "__main__":
    unittest.main()
