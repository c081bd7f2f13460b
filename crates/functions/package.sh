#!/usr/bin/env bash
# package.sh ARCHITECTURE FUNCTION...: builds functions for Lambda (arm64 or x86_64) and zips each into
# target/package/ARCHITECTURE/FUNCTION.zip. The same sources give the same bytes, whatever folder they are in.
set -euo pipefail
cd "$(dirname "$0")/../.."
architecture=$1
shift
case $architecture in
  arm64) target=aarch64-unknown-linux-gnu ;;
  x86_64) target=x86_64-unknown-linux-gnu ;;
  *) echo "package.sh builds for arm64 or x86_64, not for $architecture" >&2; exit 2 ;;
esac
if [[ ! -d $(rustc --print sysroot)/lib/rustlib/$target/lib ]]; then
  rust=$PWD/target/tools/rust-arm64 version=$(rustc --version | cut -d' ' -f2)
  [[ $architecture == arm64 && -e $rust/.version-$version ]] || {
    echo "Rust's standard library for $target is missing: run \`rustup target add $target\` or \`make rust-arm64\`, or" \
      "build for the other architecture only (make package ARCHITECTURES=x86_64)" >&2
    exit 1
  }
  echo "this toolchain has no standard library for arm64: building with the one in target/tools/rust-arm64, $(<"$rust/origin")"
  export RUSTUP=$rust/rustup
  PATH="$rust/bin:$PATH"
  unset RUSTUP_TOOLCHAIN # it has cargo look for another rustc
fi

folder=target/package/$architecture
home=${CARGO_HOME:-$HOME/.cargo}
[[ $PWD$home != *' '* ]] || {
  echo "cargo splits RUSTFLAGS at spaces: build in a folder without one in its path ($PWD, $home)" >&2
  exit 1
}
export RUSTFLAGS="--remap-path-prefix=$PWD=/build --remap-path-prefix=$home=/cargo"
PATH="$PWD/target/tools/cargo-lambda/bin:$PATH" cargo lambda build --release --locked -p functions \
  "${@/#/--bin=}" --target "$target" --lambda-dir "$folder"

# A zip holds times, and what else the packer likes: here the time is always the first that a zip can hold.
python3 - "$folder" "$@" <<'END'
import sys, zipfile

folder, *functions = sys.argv[1:]
for function in functions:
    entry = zipfile.ZipInfo("bootstrap", (1980, 1, 1, 0, 0, 0))
    entry.create_system, entry.external_attr = 3, 0o100755 << 16
    with open(f"{folder}/{function}/bootstrap", "rb") as program, zipfile.ZipFile(f"{folder}/{function}.zip", "w") as zip:
        zip.writestr(entry, program.read(), zipfile.ZIP_DEFLATED, 9)
END
