"""Writes what is derived from the code: API types, event types, reference pages.

With ``--check`` it writes nothing, and fails when a file differs from what it would write.
"""

import argparse
import os
import sys
from pathlib import Path

import reference
import typescript
import wire

ROOT = Path(__file__).parents[1]


def contents() -> dict[str, str]:
    """Return every generated file's content, by path."""
    document = wire.document()
    return {
        "dashboard/src/api/schema.gen.ts": typescript.rest(document),
        "dashboard/src/realtime/events.gen.ts": typescript.dashboard_events(),
        "widget/src/events.gen.ts": typescript.widget_wire(document),
        "docs/reference/settings.md": reference.settings(),
        "docs/reference/events.md": reference.events(),
    }


def is_current(path: Path, content: str) -> bool:
    """Tell whether a file says what it should."""
    return path.is_file() and path.read_text(encoding="utf-8") == content


def main() -> int:
    """Write or check; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail on a difference")
    check = parser.parse_args().check
    for name in [name for name in os.environ if name.startswith("PARLOUR_")]:
        del os.environ[name]  # the defaults are what is documented
    written = contents()
    stale = {name: text for name, text in written.items() if not is_current(ROOT / name, text)}
    for name, content in stale.items():
        if check:
            print(f"{name} is not what the code says: run `make generate`.", file=sys.stderr)
        else:
            (ROOT / name).parent.mkdir(parents=True, exist_ok=True)
            (ROOT / name).write_text(content, encoding="utf-8")
            print(f"wrote {name}")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
