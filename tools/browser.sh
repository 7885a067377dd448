#!/usr/bin/env bash
# Prints the path of a Chromium for the browser tests; installs one where that is possible.
set -euo pipefail

find_browser() {
  local name found
  for name in "${CHROMIUM_PATH:-}" chromium chromium-browser google-chrome \
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome'; do
    [[ -n "$name" ]] || continue
    found=$(command -v "$name") || continue
    # Some systems ship a command that only says where to get the browser.
    if "$found" --version >/dev/null 2>&1; then
      echo "$found"
      return
    fi
  done
  return 1
}

if [[ -n "${CHROMIUM_PATH:-}" && ! -x "$CHROMIUM_PATH" ]]; then
  echo "CHROMIUM_PATH is set to $CHROMIUM_PATH, and there is no program there." >&2
  exit 1
fi

find_browser && exit

if [[ $EUID -eq 0 ]] && command -v apt-get >/dev/null; then
  echo 'Installing Chromium for the browser tests …' >&2
  {
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium
  } </dev/null >&2
  find_browser && exit
fi

echo 'The browser tests need Chromium or Chrome: install the package "chromium"' \
  '(as root: apt-get install chromium), or set CHROMIUM_PATH to one.' >&2
exit 1
