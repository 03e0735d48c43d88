#!/usr/bin/env bash
# Brings DuckDB's C library and header into third_party/duckdb (not in git): the SQL engine of snowflake-mock.
# Debian has no package of it; the library lies in an npm package, the header in another. Both pinned by SHA-256.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
target=${CDI_DUCKDB_ROOT:-$root/third_party/duckdb}

library_version=1.5.6-r.1
header_version=1.4.4
header_sha256=5bb967dcbcd517670ba5f169f238fb9d6787e53752c60ebe24386169d76941ed
case $(uname -m) in
  x86_64) library_package=@duckdb/node-bindings-linux-x64
          library_sha256=1b9f82478539bb9a1d1df44bd103121a12ae52142c07158dc52b97d2ec1d69ff ;;
  aarch64) library_package=@duckdb/node-bindings-linux-arm64
           library_sha256= ;;  # not tried on this architecture: the version alone is pinned
  *) echo "snowflake-mock needs DuckDB, which has no package for $(uname -m)" >&2; exit 1 ;;
esac

stamp="$library_version $header_version"
if [[ -f $target/VERSION && $(cat "$target/VERSION") == "$stamp" ]]; then exit 0; fi

# One copy per machine, so that a fresh clone does not fetch it again.
cache=${XDG_CACHE_HOME:-$HOME/.cache}/cdi/duckdb-$library_version
if [[ ! -f $cache/VERSION ]]; then
  echo "fetching DuckDB $library_version from npm"
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  cd "$work"
  npm pack --silent "$library_package@$library_version" >library.name
  npm pack --silent "duckdb@$header_version" >header.name
  [[ -z $library_sha256 ]] || echo "$library_sha256  $(cat library.name)" | sha256sum --check --quiet
  echo "$header_sha256  $(cat header.name)" | sha256sum --check --quiet
  tar -xzf "$(cat library.name)" package/libduckdb.so package/LICENSE 2>/dev/null || tar -xzf "$(cat library.name)" package/libduckdb.so
  tar -xzf "$(cat header.name)" package/src/duckdb/src/include/duckdb.h
  mkdir -p "$cache"
  cp package/libduckdb.so package/src/duckdb/src/include/duckdb.h "$cache/"
  echo "$stamp" >"$cache/VERSION"
fi
mkdir -p "$target"
cp "$cache"/* "$target/"
