#!/usr/bin/env bash
# Runs a command of node_modules with the Node that `make setup` provided.
set -euo pipefail
cd "$(dirname "$0")/.."
PATH="$PWD/.tools/bin:$PATH" exec npx --no-install "$@"
