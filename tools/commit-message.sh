#!/usr/bin/env bash
# Checks the first line of a commit message: "area: Do the thing", at most 72 characters.
set -euo pipefail

IFS= read -r subject <"$1" || true
if [[ ! $subject =~ ^[a-z_]+:\ [A-Z].{2,}[^.]$ || ${#subject} -gt 72 ]]; then
  echo 'Write the first line as "area: Do the thing": a folder, the imperative, no full stop,' \
    'at most 72 characters.' >&2
  exit 1
fi
