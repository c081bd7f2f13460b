#!/usr/bin/env bash
# debian.sh NAME SUITE: unpacks a server from the packages of a Debian suite, with every library it needs, into
# target/tools/NAME, as in debian.sh mariadb-10.11 bookworm. Nothing is installed, and apt's own state is not touched.
set -euo pipefail
cd "$(dirname "$0")/../.."
name=$1 suite=${2:-} kind=${1%%-*} asked=${1#*-} folder=target/tools/$1
package=$kind-server-core stamp=.version-$suite-$asked
variable=BED_$(tr 'a-z.-' 'A-Z__' <<<"$name")
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

fail() {
  printf '%s\n' "$1" "or set $variable to the folder of an unpacked $name, with usr/sbin in it" >&2
  exit 1
}
[[ $suite ]] || fail "the Makefile names no Debian suite that has $name: take one it has,"
[[ $(uname -sm) == "Linux x86_64" ]] ||
  fail "$name cannot be fetched for $(uname -sm), only for Linux x86_64: run this there,"
for program in apt-get dpkg-deb flock; do
  command -v "$program" >/dev/null || fail "$program is missing ($name comes from Debian's packages): run this on Debian,"
done
[[ -r $keyring ]] || fail "$keyring is missing: install it (apt-get install debian-archive-keyring),"

mkdir -p target/tools
# Of two that want the same folder, one waits, and then has nothing left to do.
exec {lock}>"target/tools/.lock-$name"
flock "$lock"
[[ ! -e $folder/$stamp ]] || exit 0
half=$(mktemp -d "$PWD/target/tools/.half-XXXXXX") # what stays incomplete is never taken for complete
trap 'rm -rf "$half"' EXIT

mkdir -p "$half"/{lists,archives}/partial "$half"/{log,unpacked}
: >"$half/status" # empty, so that apt resolves every library and not only those that this machine lacks
# Read after the machine's own settings: its proxies stay; its pins, hooks, further architectures and leave to use what
# nobody has signed do not.
cat >"$half/apt.conf" <<END
Dir::Etc::sourcelist "$half/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Dir::State::lists "$half/lists";
Dir::State::status "$half/status";
Dir::State::extended_states "$half/extended_states";
Dir::Cache::archives "$half/archives";
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
Dir::Log "$half/log";
#clear APT::Architectures;
#clear APT::Default-Release;
#clear APT::Update;
APT::Architecture "amd64";
APT::Architectures { "amd64"; };
APT::Update::Error-Mode "any";
APT::Sandbox::User "root";
APT::Get::AllowUnauthenticated "false";
Acquire::AllowInsecureRepositories "false";
Acquire::AllowWeakRepositories "false";
Acquire::AllowDowngradeToInsecureRepositories "false";
Acquire::Retries "3";
Debug::NoLocking "true";
END
get() { apt-get --config-file "$half/apt.conf" -qq --no-install-recommends "$@" </dev/null; }

# The mirror of this machine, in either form of its sources, and then Debian's own.
own=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/debian.sources /etc/apt/sources.list.d/*.{list,sources} 2>/dev/null |
  sed -nE 's,^(URIs:|deb([[:space:]]+\[[^]]*\])?)[[:space:]]+(https?://[^[:space:]]+/debian)/?([[:space:]].*)?$,\3,p' |
  head -n 1) || true
read_suite() {
  local mirror debian=http://deb.debian.org/debian
  for mirror in ${own#"$debian"} "$debian"; do
    echo "deb [arch=amd64 lang=none target=Packages signed-by=$keyring] $mirror $suite main" >"$half/sources.list"
    ! get update >>"$half/said" 2>&1 || return 0
  done
  cat "$half/said" >&2
  return 1
}
if ! read_suite; then
  ! grep -qE 'NO_PUBKEY|EXPKEYSIG|Missing key' "$half/said" ||
    fail "$keyring is too old for Debian $suite: install a newer debian-archive-keyring,"
  fail "apt cannot read Debian $suite: see above,"
fi

files=$(get --print-uris install "$package") || fail "Debian $suite has no $package that apt can take: see above,"
size=$(awk '{ bytes += $3 } END { printf "%d packages, %.0f MB", NR, bytes / 1e6 }' <<<"$files")
echo "fetching $package of Debian $suite ($size) into $folder"
get --yes --download-only install "$package" >&2 || fail "apt cannot fetch $package of Debian $suite: see above,"
# Unpacked only: no maintainer script runs.
for archive in "$half"/archives/*.deb; do
  dpkg-deb -x "$archive" "$half/unpacked"
done

# A suite moves on. The server runs by the loader it was built for, which need not be this machine's.
for libraries in "$half"/unpacked/{usr/,}lib/x86_64-linux-gnu; do
  [[ ! -x $libraries/ld-linux-x86-64.so.2 ]] || break
done
server=$half/unpacked/usr/sbin/${kind}d
said=$("$libraries/ld-linux-x86-64.so.2" --library-path \
  "$half/unpacked/usr/lib/x86_64-linux-gnu:$half/unpacked/lib/x86_64-linux-gnu" "$server" --no-defaults --version) ||
  fail "the server in $package of Debian $suite does not run: see above,"
found=$(sed -nE 's/.* Ver ([0-9]+\.[^ ]+).*/\1/p' <<<"$said")
[[ ${found%%.*} == "${asked%%.*}" ]] ||
  fail "Debian $suite has $kind ${found:-of no known version} by now, and not $asked: name another suite in the Makefile,"
[[ $found == "$asked".* ]] || echo "Debian $suite has moved on from $kind $asked; tests take what it has now"
tests/tools/tried.sh "$name" "${found%%-*}"

touch "$half/unpacked/$stamp"
# Root runs the server as another user, whatever our umask says.
chmod -R u+rwX,go+rX,ug-s "$half/unpacked"
rm -rf "$folder"
mv --no-target-directory "$half/unpacked" "$folder"
