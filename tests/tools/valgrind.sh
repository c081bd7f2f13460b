#!/usr/bin/env bash
# valgrind.sh SUITE: unpacks Valgrind of a Debian suite into target/tools/valgrind. Nothing is installed. To run it:
# VALGRIND_LIB=target/tools/valgrind/usr/libexec/valgrind target/tools/valgrind/usr/bin/valgrind.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/tools/apt.sh
suite=$1 folder=target/tools/valgrind

fail() {
  printf '%s\n' "$1" "or name a Debian suite that has it in the Makefile (VALGRIND)" >&2
  exit 1
}
[[ $(uname -sm) == "Linux x86_64" ]] || fail "Valgrind is fetched for Linux x86_64 only, not for $(uname -sm): run this there,"
apt_needs Valgrind
tool_begin ".version-$suite"

apt_read "$suite" amd64
# Its tools are linked statically and need only the C library, so its dependencies are not fetched.
(cd "$half" && apt_get download valgrind) || fail "apt cannot fetch valgrind of Debian $suite from $mirror: see above, check the network and apt's proxy,"
dpkg-deb -x "$half"/valgrind_*.deb "$half/new"
output=$(VALGRIND_LIB=$half/new/usr/libexec/valgrind "$half/new/usr/bin/valgrind" --version) ||
  fail "the Valgrind of Debian $suite does not run: see above,"
echo "$output"
tool_end "$half/new" ".version-$suite"
