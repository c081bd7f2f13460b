#!/usr/bin/env bash
# tried.sh NAME VERSION: prints which version of a server was fetched, and whether all tests have passed on it.
set -euo pipefail
cd "$(dirname "$0")"
tried=$(sed -n "s/^${1//./\\.} //p" tried-versions)
case " $tried " in
  *" $2 "*) echo "$1 is $2" ;;
  *) echo "$1 is $2, which nobody has tried (tried: ${tried:-none}, see tests/tools/tried-versions)" ;;
esac
