#!/usr/bin/env bash
# qemu-arm64.sh SUITE LIBRARIES: unpacks into target/tools/qemu-arm64 an emulator of arm64: qemu-aarch64 of the Debian suite
# SUITE, and in root/ the C library for arm64 of the suite LIBRARIES. Nothing is installed.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/tools/apt.sh
suite=$1 libraries=$2 folder=target/tools/qemu-arm64

fail() {
  printf '%s\n' "$1" "or name a Debian suite that has it in the Makefile (QEMU, ARM64_LIBRARIES)" >&2
  exit 1
}
[[ $(uname -sm) == "Linux x86_64" ]] || fail "arm64 is emulated on Linux x86_64 only, not on $(uname -sm): run this there,"
apt_needs "the emulator of arm64"
tool_begin ".version-$suite-$libraries"

apt_read "$libraries" arm64
apt_unpack "$libraries" "$half/new/root" libc6 libgcc-s1
apt_read "$suite" amd64
# It is linked statically, so its dependencies are not fetched.
(cd "$half" && apt_get download qemu-user) || fail "apt cannot fetch qemu-user of Debian $suite from $mirror: see above, check the network and apt's proxy,"
dpkg-deb -x "$half"/qemu-user_*.deb "$half/qemu"
mv "$half/qemu/usr/bin/qemu-aarch64" "$half/new/"

output=$("$half/new/qemu-aarch64" --version) || fail "the emulator of Debian $suite does not run: see above,"
echo "${output%%$'\n'*}"
tool_end "$half/new" ".version-$suite-$libraries"
