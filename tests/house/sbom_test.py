#!/usr/bin/env python3
"""Has sbom.py list a small project, and expects it to refuse a list with holes."""
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
SCRIPT = os.path.join(ROOT, "scripts", "sbom.py")


def installed_version(package):
    return subprocess.run(["dpkg-query", "-W", "-f", "${Version}", package], capture_output=True, text=True, check=True).stdout


class SbomTest(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.root = scratch.name
        for path in ("scripts/install_duckdb.sh", "scripts/install_snowflake_sdk.sh"):
            with open(os.path.join(ROOT, path), encoding="utf-8") as file:
                self.write(path, file.read())
        self.write("CMakeLists.txt", "project(cdi VERSION 1.2.3 LANGUAGES CXX)\n")
        self.write("scripts/packages.txt", "# Tools.\nopenssl\npython3\n")
        self.write("proto/third_party/a.proto", "// A.\n")
        self.write("proto/third_party/SHA256SUMS", hashlib.sha256(b"// A.\n").hexdigest() + "  a.proto\n")

    def write(self, path, content):
        full = os.path.join(self.root, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "w", encoding="utf-8") as file:
            file.write(content)

    def run_it(self, *arguments, epoch="1700000000"):
        environment = {name: value for name, value in os.environ.items() if name != "SOURCE_DATE_EPOCH"}
        if epoch:
            environment["SOURCE_DATE_EPOCH"] = epoch
        return subprocess.run([sys.executable, SCRIPT, "--root", self.root, *arguments], capture_output=True, text=True, check=False, env=environment)

    def document(self, *arguments):
        result = self.run_it(*arguments)
        self.assertEqual(result.returncode, 0, result.stderr)
        return json.loads(result.stdout)

    def refused(self, message, *arguments, **more):
        result = self.run_it(*arguments, **more)
        self.assertEqual(result.returncode, 1)
        self.assertIn(message, result.stderr)
        self.assertEqual(result.stdout, "")

    def test_gives_the_versions_that_are_installed(self):
        versions = {package["name"]: package["versionInfo"] for package in self.document()["packages"]}
        self.assertEqual(versions["cdi"], "1.2.3")
        for package in ("openssl", "python3"):
            self.assertEqual(versions[package], installed_version(package))

    def test_gives_the_hashes_that_the_scripts_pin(self):
        with open(os.path.join(ROOT, "scripts/install_snowflake_sdk.sh"), encoding="utf-8") as file:
            pinned = file.read()
        sdk = next(package for package in self.document()["packages"] if package["name"] == "snowflake-sdk")
        self.assertIn(f"version={sdk['versionInfo']}\n", pinned)
        self.assertIn(f"sha256={sdk['checksums'][0]['checksumValue']}\n", pinned)

    def test_lists_what_npm_resolved(self):
        modules = "third_party/snowflake_sdk/node_modules/"
        self.write(modules + "@scope/a/package.json", '{"name": "@scope/a", "version": "1.0.0"}')
        self.write(modules + "@scope/a/node_modules/b/package.json", '{"name": "b", "version": "2.0.0"}')
        self.write(modules + "@scope/a/test/package.json", '{"name": "no-package", "version": "9.0.0"}')
        found = {(package["name"], package["versionInfo"]) for package in self.document()["packages"]}
        self.assertLessEqual({("@scope/a", "1.0.0"), ("b", "2.0.0")}, found)
        self.assertNotIn(("no-package", "9.0.0"), found)

    def test_finds_the_packages_of_the_libraries_that_a_binary_loads(self):
        os.makedirs(os.path.join(self.root, "bin"))
        shutil.copy("/usr/bin/openssl", os.path.join(self.root, "bin", "cdi"))
        document = self.document("--binaries", os.path.join(self.root, "bin"))
        linked = {related["relatedSpdxElement"] for related in document["relationships"] if related["relationshipType"] == "DEPENDS_ON"}
        self.assertLessEqual({"SPDXRef-deb-libssl3", "SPDXRef-deb-libc6"}, linked)
        versions = {package["SPDXID"]: package["versionInfo"] for package in document["packages"]}
        self.assertEqual(versions["SPDXRef-deb-libssl3"], installed_version("libssl3"))

    def test_says_the_same_twice_and_names_another_document_otherwise(self):
        first = self.run_it()
        self.assertEqual(first.stdout, self.run_it().stdout)
        self.assertNotEqual(json.loads(first.stdout)["documentNamespace"], json.loads(self.run_it(epoch="1700000001").stdout)["documentNamespace"])

    def test_refuses_a_list_with_holes(self):
        self.write("scripts/packages.txt", "openssl\nno-such-package\n")
        self.refused("not installed, so without a version: no-such-package")

    def test_refuses_binaries_that_are_not_there(self):
        self.refused("has neither of cdi-server, cdi", "--binaries", self.root)

    def test_refuses_to_invent_the_time(self):
        self.refused("set SOURCE_DATE_EPOCH", epoch=None)

    def test_refuses_a_copied_file_that_was_changed(self):
        self.write("proto/third_party/a.proto", "// B.\n")
        self.refused("proto/third_party/a.proto is not what SHA256SUMS pins")

    def test_refuses_a_script_that_it_no_longer_understands(self):
        self.write("scripts/install_snowflake_sdk.sh", "npm install snowflake-sdk\n")
        self.refused("scripts/install_snowflake_sdk.sh no longer says version=")


if __name__ == "__main__":
    unittest.main()
