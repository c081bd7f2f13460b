#!/usr/bin/env bash
# jq.sh SUITE: unpacks jq of a Debian suite, with every library that it needs, into target/tools/jq. Nothing is installed. The
# program is target/tools/jq/bin/jq.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/tools/apt.sh
suite=$1 folder=target/tools/jq

fail() {
  printf '%s\n' "$1" "or name a Debian suite that has it in the Makefile (JQ)" >&2
  exit 1
}
[[ $(uname -sm) == "Linux x86_64" ]] || fail "jq is fetched for Linux x86_64 only, not for $(uname -sm): run this there,"
apt_needs jq
tool_begin ".version-$suite"

apt_read "$suite" amd64
apt_unpack "$suite" "$half/new" jq
mkdir -p "$half/new/bin"
# It runs by the loader of its suite, not by this machine's.
cat >"$half/new/bin/jq" <<'END'
#!/bin/sh
root=$(dirname "$(dirname "$(readlink -f "$0")")")
for libraries in "$root/usr/lib/x86_64-linux-gnu" "$root/lib/x86_64-linux-gnu"; do
  [ ! -x "$libraries/ld-linux-x86-64.so.2" ] || break
done
exec "$libraries/ld-linux-x86-64.so.2" --library-path "$root/usr/lib/x86_64-linux-gnu:$root/lib/x86_64-linux-gnu" \
  "$root/usr/bin/jq" "$@"
END
chmod +x "$half/new/bin/jq"
"$half/new/bin/jq" --version || fail "the jq of Debian $suite does not run: see above,"
tool_end "$half/new" ".version-$suite"
