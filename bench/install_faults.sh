#!/usr/bin/env bash
# strace and a PostgreSQL server for the slow fault tests, from Debian's packages. Does nothing when they are there, says
# so when they cannot be had: the tests that need them are skipped then.
set -u
wanted=()
command -v strace >/dev/null || wanted+=(strace)
compgen -G "/usr/lib/postgresql/*/bin/initdb" >/dev/null || command -v initdb >/dev/null || wanted+=(postgresql)
[ ${#wanted[@]} = 0 ] && exit 0
if ! command -v apt-get >/dev/null || [ "$(id -u)" != 0 ]; then
  echo "Missing for the fault tests, which will be skipped: ${wanted[*]}. Install with: apt-get install ${wanted[*]}"
  exit 0
fi
apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${wanted[@]}" >/dev/null
