#!/usr/bin/env bash
# reproducible.sh FUNCTION: builds a function again (x86_64), from a copy of the sources in another folder, and
# compares the zip with that of target/package.
set -euo pipefail
cd "$(dirname "$0")/../.."
function=$1 first=target/package/x86_64/$1.zip
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
mkdir "$copy/target"
git ls-files -z --cached --others --exclude-standard -- Cargo.toml Cargo.lock rust-toolchain.toml crates tests | xargs -0 cp --parents -t "$copy"
ln -s "$PWD/target/tools" "$copy/target/tools"
"$copy/crates/functions/package.sh" x86_64 "$function"
sha256sum "$first" "$copy/$first"
cmp "$first" "$copy/$first" || {
  echo "the same sources gave other bytes in another folder: compare the two programs (unzip, then cmp -l)" >&2
  exit 1
}
echo "$function: the same bytes from two folders"
