#!/usr/bin/env bash
# tried.sh NAME VERSION: says which version of a server was fetched, and whether the tests were ever run on it.
set -euo pipefail
cd "$(dirname "$0")"
tried=$(sed -n "s/^${1//./\\.} //p" tried-versions)
case " $tried " in
  *" $2 "*) echo "$1 is $2" ;;
  *) echo "$1 is $2, which nobody has tried (tried: ${tried:-none}, see tests/tools/tried-versions)" ;;
esac
