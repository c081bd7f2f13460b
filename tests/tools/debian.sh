#!/usr/bin/env bash
# debian.sh NAME SUITE: unpacks a server from the packages of a Debian suite, with every library that it needs, into
# target/tools/NAME; for example debian.sh mariadb-10.11 bookworm. Nothing is installed, and apt's own state does not change.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/tools/apt.sh
name=$1 suite=${2:-} kind=${1%%-*} asked=${1#*-} folder=target/tools/$1
package=$kind-server-core stamp=.version-$suite-$asked
variable=TESTBED_$(tr 'a-z.-' 'A-Z__' <<<"$name")

fail() {
  printf '%s\n' "$1" "or set $variable to the folder of an unpacked $name, with usr/sbin in it" >&2
  exit 1
}
[[ $suite ]] || {
  known=$(sed -n 's/^\(m[^ ]*\) .*/\1/p' tests/tools/tried-versions | paste -sd,)
  echo "TESTBED_MYSQL names $name, for which the Makefile has no Debian suite: choose among $known" >&2
  exit 1
}
[[ $(uname -sm) == "Linux x86_64" ]] ||
  fail "$name cannot be fetched for $(uname -sm), only for Linux x86_64: run this there,"
apt_needs "$name"

tool_begin "$stamp"
apt_read "$suite" amd64
apt_unpack "$suite" "$half/unpacked" "$package"

# Suites get new versions, so the server is asked for its own. It runs by the loader of its suite, not by this machine's.
for libraries in "$half"/unpacked/{usr/,}lib/x86_64-linux-gnu; do
  [[ ! -x $libraries/ld-linux-x86-64.so.2 ]] || break
done
server=$half/unpacked/usr/sbin/${kind}d
output=$("$libraries/ld-linux-x86-64.so.2" --library-path \
  "$half/unpacked/usr/lib/x86_64-linux-gnu:$half/unpacked/lib/x86_64-linux-gnu" "$server" --no-defaults --version) ||
  fail "the server in $package of Debian $suite does not run: see above,"
found=$(sed -nE 's/.* Ver ([0-9]+\.[^ ]+).*/\1/p' <<<"$output")
[[ ${found%%.*} == "${asked%%.*}" ]] ||
  fail "Debian $suite has $kind ${found:-in an unknown version} now, not $asked: name another suite in the Makefile,"
[[ $found == "$asked".* ]] || echo "Debian $suite no longer has $kind $asked; the tests use $found"
tests/tools/tried.sh "$name" "${found%%-*}"

# If root runs the tests, the server runs as another user, who must be able to read it.
chmod -R u+rwX,go+rX,ug-s "$half/unpacked"
tool_end "$half/unpacked" "$stamp"
