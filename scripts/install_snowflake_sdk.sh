#!/usr/bin/env bash
# Brings Snowflake's published Node driver into third_party/snowflake_sdk (not in git): the tests of tests/snowflake_sdk run it
# against snowflake-mock. The package is pinned by SHA-256; what it depends on is resolved as of a fixed day, so that every machine
# gets the same versions without a lock file. No script of any package is run. Works with Debian's node 18 and later.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
target=${CDI_SNOWFLAKE_SDK_ROOT:-$root/third_party/snowflake_sdk}

version=3.3.0
sha256=03da020c9ae8e8d7499dd5531cafa9f166dac9b0829b7faedb672ea1dce9f776
dependencies_as_of=2026-10-01

stamp="$version $dependencies_as_of"
if [[ -f $target/node_modules/snowflake-sdk/package.json && $(cat "$target/VERSION") == "$stamp" ]]; then exit 0; fi

# One copy per machine, so that a fresh clone does not fetch it again.
cache=${XDG_CACHE_HOME:-$HOME/.cache}/cdi/snowflake-sdk-$version-$dependencies_as_of
if [[ ! -f $cache/VERSION ]]; then
  echo "fetching snowflake-sdk $version from npm"
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  cd "$work"
  npm pack --silent "snowflake-sdk@$version" >package.name
  echo "$sha256  $(cat package.name)" | sha256sum --check --quiet
  echo '{"private": true}' >package.json
  npm install --silent --before="$dependencies_as_of" --ignore-scripts --no-package-lock --no-audit --no-fund "./$(cat package.name)"
  rm -f node_modules/.package-lock.json
  mkdir -p "$cache"
  cp -r node_modules "$cache/"
  echo "$stamp" >"$cache/VERSION"
fi
# Links to the copy, not 120 MB more; the version goes last.
mkdir -p "$target"
ln -sfn "$cache/node_modules" "$target/node_modules"
echo "$stamp" >"$target/VERSION"
