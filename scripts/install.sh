#!/usr/bin/env bash
# Installs what is missing: Debian packages of packages.txt, the embedded SQL engine of snowflake-mock, and Snowflake's Node driver,
# which its tests run.
# Quiet when nothing is missing; asks nothing. Runs as root or through sudo.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

as_root() { if [[ $(id -u) -eq 0 ]]; then "$@"; else sudo -n "$@"; fi; }

missing=()
while read -r package; do
  [[ -z $package || $package == \#* ]] && continue
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done <"$here/packages.txt"
# npm brings what Debian lacks, and node runs the tests with Snowflake's driver; any will do, Debian's are the last resort.
command -v npm >/dev/null 2>&1 || missing+=(npm)
command -v node >/dev/null 2>&1 || missing+=(nodejs)

if ((${#missing[@]})); then
  echo "installing ${#missing[@]} Debian packages: ${missing[*]}"
  export DEBIAN_FRONTEND=noninteractive
  as_root apt-get update -qq
  as_root apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi

"$here/install_duckdb.sh"
"$here/install_snowflake_sdk.sh"
