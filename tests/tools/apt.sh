# To be sourced: packages of a Debian suite, with all that they need, as a tool in target/tools. Nothing is installed, and
# apt's own state is not touched. The caller has `folder`, the tool's, and `fail`, which says what is wrong and ends.

apt_keyring=/usr/share/keyrings/debian-archive-keyring.gpg

# apt_needs WHAT: whether this machine can unpack WHAT.
apt_needs() {
  local program
  for program in apt-get apt-cache dpkg-deb flock; do
    command -v "$program" >/dev/null || fail "$program is missing ($1 comes from Debian's packages): run this on Debian,"
  done
  [[ -r $apt_keyring ]] || fail "$apt_keyring is missing: install it (apt-get install debian-archive-keyring),"
}

# tool_begin STAMP: ends where the tool is there with this stamp. Else `half` is a folder for what is incomplete.
tool_begin() {
  mkdir -p target/tools
  # Of two that want the same folder, one waits, and then has nothing left to do.
  exec {lock}>"target/tools/.lock-${folder##*/}"
  flock "$lock"
  [[ ! -e $folder/$1 ]] || exit 0
  half=$(mktemp -d "$PWD/target/tools/.half-XXXXXX") # what stays incomplete is never taken for complete
  trap 'rm -rf "$half"' EXIT
}

# tool_end COMPLETE STAMP: puts a folder in the tool's place.
tool_end() {
  touch "$1/$2"
  rm -rf "$folder"
  mv --no-target-directory "$1" "$folder"
}

# The mirror of this machine, in either form of its sources, and then Debian's own.
apt_mirrors() {
  local own debian=http://deb.debian.org/debian
  own=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/debian.sources /etc/apt/sources.list.d/*.{list,sources} 2>/dev/null |
    sed -nE 's,^(URIs:|deb([[:space:]]+\[[^]]*\])?)[[:space:]]+(https?://[^[:space:]]+/debian)/?([[:space:]].*)?$,\3,p' |
    head -n 1) || true
  echo ${own#"$debian"} "$debian"
}

# apt_read SUITE ARCHITECTURE: reads what a suite has for an architecture, in Debian's name for it.
apt_read() {
  local suite=$1 architecture=$2 mirror
  rm -rf "$half/apt"
  mkdir -p "$half"/apt/{lists,archives}/partial "$half/apt/log"
  : >"$half/apt/status" # empty, so that apt resolves every library and not only those that this machine lacks
  # Read after the machine's own settings: its proxies stay; its pins, hooks, further architectures and leave to use what
  # nobody has signed do not.
  cat >"$half/apt/apt.conf" <<END
Dir::Etc::sourcelist "$half/apt/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Dir::State::lists "$half/apt/lists";
Dir::State::status "$half/apt/status";
Dir::State::extended_states "$half/apt/extended_states";
Dir::Cache::archives "$half/apt/archives";
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
Dir::Log "$half/apt/log";
#clear APT::Architectures;
#clear APT::Default-Release;
#clear APT::Update;
APT::Architecture "$architecture";
APT::Architectures { "$architecture"; };
APT::Update::Error-Mode "any";
APT::Sandbox::User "root";
APT::Get::AllowUnauthenticated "false";
Acquire::AllowInsecureRepositories "false";
Acquire::AllowWeakRepositories "false";
Acquire::AllowDowngradeToInsecureRepositories "false";
Acquire::Retries "3";
Debug::NoLocking "true";
END
  for mirror in $(apt_mirrors); do
    echo "deb [arch=$architecture lang=none target=Packages signed-by=$apt_keyring] $mirror $suite main" \
      >"$half/apt/sources.list"
    ! apt_get update >>"$half/apt/said" 2>&1 || return 0
  done
  cat "$half/apt/said" >&2
  ! grep -qE 'NO_PUBKEY|EXPKEYSIG|Missing key' "$half/apt/said" ||
    fail "$apt_keyring is too old for Debian $suite: install a newer debian-archive-keyring,"
  fail "apt cannot read Debian $suite: see above,"
}

apt_get() { apt-get --config-file "$half/apt/apt.conf" -qq --no-install-recommends "$@" </dev/null; }

# The versions of a package that the suite has, newest first.
apt_versions() { apt-cache --config-file "$half/apt/apt.conf" madison "$1" | awk -F ' *[|] *' '{ print $2 }'; }

# apt_unpack SUITE FOLDER PACKAGE...: fetches packages of the suite that was read, with all that they need, and unpacks them
# into a folder. No maintainer script runs.
apt_unpack() {
  local suite=$1 into=$2 files size archive
  shift 2
  files=$(apt_get --print-uris install "$@") || fail "Debian $suite has no $* that apt can take: see above,"
  size=$(awk '{ bytes += $3 } END { printf "%d packages, %.0f MB", NR, bytes / 1e6 }' <<<"$files")
  echo "fetching $* of Debian $suite ($size) into $folder"
  apt_get --yes --download-only install "$@" >&2 || fail "apt cannot fetch $* of Debian $suite: see above,"
  mkdir -p "$into"
  for archive in "$half"/apt/archives/*.deb; do
    dpkg-deb -x "$archive" "$into"
  done
}
