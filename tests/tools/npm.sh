#!/usr/bin/env bash
# npm.sh NAME: installs the packages of tests/tools/pins/NAME.package.json from npm into target/tools/NAME, if each has the
# integrity in NAME.package-lock.json. No script of a package runs, and nothing is written elsewhere, not even npm's cache.
set -euo pipefail
cd "$(dirname "$0")/../.."
name=$1 folder=target/tools/$1 pins=tests/tools/pins/$1

fail() {
  printf '%s\n' "$@" >&2
  exit 1
}
for program in npm node; do
  command -v "$program" >/dev/null || fail "$program is missing (it fetches and runs $name): install it (Debian: apt-get install npm)"
done
version=$(node -p process.versions.node)
((${version%%.*} >= 18)) || fail "node is $version, but $name needs 18 or later: install that (Debian 12 or later: apt-get install npm)"
for file in "$pins.package.json" "$pins.package-lock.json"; do
  [[ -e $file ]] || fail "$file does not exist: name the packages of $name in $pins.package.json, and run \`make pins\`"
done
# npm compares an integrity only if there is one, and needs none for a link or a git repository.
node - "$pins.package-lock.json" <<'END' || fail "do not use $pins.package-lock.json as it is: run \`make pins\`, and commit what changes"
const { packages } = JSON.parse(require("fs").readFileSync(process.argv[2]));
for (const [path, { inBundle, integrity, link, resolved }] of Object.entries(packages)) {
  if (path === "") continue;
  // Comes in the tarball of the package around it, which has an integrity. npm leaves it out if it does not.
  const around = packages[path.split("/node_modules/")[0]];
  if (inBundle && !link && !resolved && around?.integrity && around.bundleDependencies) continue;
  if (link || resolved || !/^sha512-[A-Za-z0-9+/]{86}==$/.test(integrity)) {
    console.error(`${path} has no sha512 integrity, or is not from the registry`);
    process.exit(1);
  }
}
END

echo "fetching $name from npm into $folder"
mkdir -p target/tools
half=$(mktemp -d target/tools/.half-XXXXXX) # an incomplete tool never gets its name
trap 'rm -rf "$half"' EXIT
mkdir "$half/tool"
cp "$pins.package.json" "$half/tool/package.json"
cp "$pins.package-lock.json" "$half/tool/package-lock.json"
npm ci --prefix "$half/tool" --cache "$half/cache" --logs-max 0 --loglevel error --ignore-scripts --no-bin-links --no-audit \
  --no-fund --no-update-notifier >"$half/printed" 2>"$half/errors" || {
  # Without the stack trace and the fields of the error, which repeat it.
  sed '/^npm error *$/d; /^npm error  /d' "$half/errors" | tail -n 10 >&2
  registry=$(npm config get registry 2>/dev/null) || registry="its registry"
  fail "npm cannot install $name from $registry by the integrities in $pins.package-lock.json: see above" \
    "check the network and npm's settings (npm config list); if an integrity differs, do not use the package"
}
rm -rf "$folder"
mv "$half/tool" "$folder"
