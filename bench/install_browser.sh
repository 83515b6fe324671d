#!/usr/bin/env bash
# Chromium for the page tests, from Debian's packages. Does nothing when it is there, says so when it cannot be had.
set -u
if command -v chromium >/dev/null; then exit 0; fi
if ! command -v apt-get >/dev/null || [ "$(id -u)" != 0 ]; then
  echo "Chromium is missing; the page tests will be skipped. Install it with: apt-get install chromium"
  exit 0
fi
apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core >/dev/null
