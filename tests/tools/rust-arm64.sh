#!/usr/bin/env bash
# rust-arm64.sh SUITE: if the toolchain has no standard library for arm64, creates target/tools/rust-arm64, a copy of the
# toolchain that has it. The toolchain itself does not change.
#
# The library is Rust's own, checked by the SHA-256 in tests/tools/pins/rust-std.txt. If Rust's server cannot be reached, it
# is built from the sources of exactly this version in the Debian suite SUITE.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/tools/apt.sh
suite=$1 folder=target/tools/rust-arm64 target=aarch64-unknown-linux-gnu pins=tests/tools/pins/rust-std.txt

fail() {
  printf '%s\n' "$1" "or run \`rustup target add $target\`, which makes this script unnecessary" >&2
  exit 1
}
sysroot=$(rustc --print sysroot) || fail "rustc is missing or does not run: install Rust (https://rustup.rs),"
[[ ! -d $sysroot/lib/rustlib/$target/lib ]] || exit 0
read -r _ version _ < <(rustc --version)
host=$(rustc -vV | sed -n 's/^host: //p')
[[ $sysroot != /usr && $sysroot != /usr/local ]] ||
  fail "this Rust shares its folder with other programs ($sysroot): install Rust by rustup (https://rustup.rs),"

tool_begin ".version-$version"

copy=$half/new
mkdir -p "$copy/lib/rustlib"
for file in "$sysroot"/{bin,libexec,lib/*.so*,lib/rustlib/"$host"}; do
  part=${file#"$sysroot"/}
  cp -alT "$file" "$copy/$part" 2>/dev/null || cp -aT "$file" "$copy/$part"
done
library=$copy/lib/rustlib/$target

# Fetches the library. Returns 1 if Rust's server cannot be reached.
fetch() {
  local name=rust-std-$version-$target server=${RUSTUP_DIST_SERVER:-https://static.rust-lang.org} pin found
  pin=$(sed -n "s/^${version//./\\.} //p" "$pins")
  [[ $pin ]] || fail "$pins has no SHA-256 for Rust $version: add it from $server/dist/$name.tar.xz.sha256,"
  echo "fetching $name (28 MB) into $folder"
  curl --fail --silent --show-error --location --connect-timeout 10 --max-time 300 --output "$half/std.tar.xz" \
    "$server/dist/$name.tar.xz" || {
    echo "cannot fetch $server/dist/$name.tar.xz: see above; the library is built from its sources instead" >&2
    return 1
  }
  found=$(sha256sum <"$half/std.tar.xz")
  [[ ${found%% *} == "$pin" ]] ||
    fail "$server has another $name than $pins (${found%% *}): do not use it, find out who replaced it,"
  tar -xJf "$half/std.tar.xz" -C "$half" || fail "$name cannot be unpacked: see above,"
  mv "$half/$name/rust-std-$target/lib/rustlib/$target" "$library" || fail "$name has another layout than expected: see above,"
  echo "Rust's own" >"$copy/origin"
}

build() {
  local versions found source
  apt_needs "the source of Rust's library"
  apt_read "$suite" amd64
  versions=$(apt_versions rust-src)
  found=$(grep -m 1 "^${version//./\\.}+" <<<"$versions") ||
    fail "Debian $suite has no source of Rust $version (it has: ${versions//$'\n'/, }): set RUST_SOURCE in the Makefile to a \
suite that has it, or a version that is there in rust-toolchain.toml,"
  apt_unpack "$suite" "$half/debian" "rust-src=$found"
  source=$half/debian/usr/src/rustc-$version
  mkdir "$copy/lib/rustlib/src"
  ln -s "$source" "$copy/lib/rustlib/src/rust"

  mkdir -p "$half/empty/src"
  : >"$half/empty/src/lib.rs"
  printf '[package]\nname = "empty"\n[workspace]\n[profile.release]\npanic = "unwind"\n' >"$half/empty/Cargo.toml"
  echo "building Rust's library for arm64"
  # Built as Rust's own: with bitcode for LTO, and unwind tables.
  (cd "$half/empty" && unset RUSTUP_TOOLCHAIN && RUSTC_BOOTSTRAP=1 PATH="$copy/bin:$PATH" CARGO_TARGET_DIR=$half/built \
    RUSTFLAGS="-Cembed-bitcode=yes -Cforce-unwind-tables=yes --remap-path-prefix=$source=/rustc/$version" \
    cargo build --quiet --release --target "$target" -Zbuild-std=std,panic_unwind,proc_macro) ||
    fail "Rust's library does not build: see above,"
  mkdir -p "$library/lib"
  cp "$half/built/$target/release/deps"/*.rlib "$library/lib"
  rm "$library/lib"/libempty-*.rlib
  rm -r "$copy/lib/rustlib/src"
  echo "built from Debian's rust-src $found" >"$copy/origin"
}

fetch || build
# cargo-lambda asks `rustup` for the installed targets, and would otherwise add one to a toolchain of this machine.
printf '#!/bin/sh\necho %s\n' "$target" >"$copy/rustup"
chmod +x "$copy/rustup"
# cargo tells toolchains apart by their version only, and would mix files compiled with two libraries.
rm -rf "target/$target"
tool_end "$copy" ".version-$version"
echo "Rust $version for arm64: the standard library is $(<"$folder/origin")"
