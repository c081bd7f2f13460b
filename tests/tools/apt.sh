# To be sourced: unpacks packages of a Debian suite, with their dependencies, as a tool in target/tools. Nothing is
# installed, and apt's own state does not change. The caller defines `folder`, the tool's folder, and `fail`, which prints
# what is wrong and exits.

apt_keyring=/usr/share/keyrings/debian-archive-keyring.gpg

# apt_needs WHAT: fails if this machine cannot unpack WHAT, which comes from Debian's packages.
apt_needs() {
  local program
  for program in apt-get apt-cache dpkg-deb flock; do
    command -v "$program" >/dev/null || fail "$program is missing ($1 comes from Debian's packages): run this on Debian,"
  done
  [[ -r $apt_keyring ]] || fail "$apt_keyring is missing: install it (apt-get install debian-archive-keyring),"
}

# tool_begin STAMP: exits if the tool has this stamp. Otherwise `half` is a folder to prepare it in.
tool_begin() {
  mkdir -p target/tools
  # Of two processes that prepare the same tool, one waits, and then finds the stamp.
  exec {lock}>"target/tools/.lock-${folder##*/}"
  flock "$lock"
  [[ ! -e $folder/$1 ]] || exit 0
  half=$(mktemp -d "$PWD/target/tools/.half-XXXXXX") # an incomplete tool never gets its name
  trap 'rm -rf "$half"' EXIT
}

# tool_end FOLDER STAMP: makes this folder the tool's.
tool_end() {
  touch "$1/$2"
  rm -rf "$folder"
  mv --no-target-directory "$1" "$folder"
}

# The mirror in this machine's apt sources, in either format, then Debian's own.
apt_mirrors() {
  local own debian=http://deb.debian.org/debian
  own=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/debian.sources /etc/apt/sources.list.d/*.{list,sources} 2>/dev/null |
    sed -nE 's,^(URIs:|deb([[:space:]]+\[[^]]*\])?)[[:space:]]+(https?://[^[:space:]]+/debian)/?([[:space:]].*)?$,\3,p' |
    head -n 1) || true
  echo ${own#"$debian"} "$debian"
}

# apt_read SUITE ARCHITECTURE: reads a suite's packages for an architecture, such as amd64. Sets `mirror` to where they are.
apt_read() {
  local suite=$1 architecture=$2
  rm -rf "$half/apt"
  mkdir -p "$half"/apt/{lists,archives}/partial "$half/apt/log"
  : >"$half/apt/status" # empty, so that apt fetches every library, not only those that this machine lacks
  # Read after the machine's own settings. Its proxies stay. Its pins, hooks and further architectures are reset, and so is
  # a permission to use unsigned packages.
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
    ! apt_get update >>"$half/apt/output" 2>&1 || return 0
  done
  cat "$half/apt/output" >&2
  ! grep -qE 'NO_PUBKEY|EXPKEYSIG|Missing key' "$half/apt/output" ||
    fail "$apt_keyring is too old for Debian $suite: install a newer debian-archive-keyring,"
  fail "apt cannot read Debian $suite from any of: $(apt_mirrors); see above, check the network and apt's proxy,"
}

apt_get() { apt-get --config-file "$half/apt/apt.conf" -qq --no-install-recommends "$@" </dev/null; }

# The suite's versions of a package, newest first.
apt_versions() { apt-cache --config-file "$half/apt/apt.conf" madison "$1" | awk -F ' *[|] *' '{ print $2 }'; }

# apt_unpack SUITE FOLDER PACKAGE...: fetches packages of the suite that was read, with their dependencies, and unpacks them
# into a folder. No maintainer script runs.
apt_unpack() {
  local suite=$1 into=$2 files size archive
  shift 2
  files=$(apt_get --print-uris install "$@") || fail "apt cannot resolve $* of Debian $suite: see above,"
  size=$(awk '{ bytes += $3 } END { printf "%d packages, %.0f MB", NR, bytes / 1e6 }' <<<"$files")
  echo "fetching $* of Debian $suite ($size) into $folder"
  apt_get --yes --download-only install "$@" >&2 || fail "apt cannot fetch $* of Debian $suite from $mirror: see above, check the network and apt's proxy,"
  mkdir -p "$into"
  for archive in "$half"/apt/archives/*.deb; do
    dpkg-deb -x "$archive" "$into"
  done
}
