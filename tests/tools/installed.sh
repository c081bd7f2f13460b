#!/usr/bin/env bash
# installed.sh NAME: checks the folder of a server that is not fetched because a variable names its folder, such as
# TESTBED_POSTGRES_18 for postgres-18, or TESTBED_MYSQL_9_7 for mysql-9.7.
set -euo pipefail
cd "$(dirname "$0")/../.."
variable=TESTBED_$(tr 'a-z.-' 'A-Z__' <<<"$1")
case $1 in
  postgres-*) program=bin/postgres ;;
  *) program=usr/sbin/${1%%-*}d ;;
esac
[[ -x ${!variable}/$program ]] || {
  echo "$variable names the folder ${!variable}, which has no $program: name the folder of an installed $1, or unset \
$variable, so that make fetches it" >&2
  exit 1
}
