"""Prints each module of Parlour with the first line of its docstring: the map that cannot drift."""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGES = ("core/parlour", "bench", "tools")


def first_line(module: Path) -> str:
    """Return what a module says it is for."""
    said = ast.get_docstring(ast.parse(module.read_text(encoding="utf-8"))) or ""
    return said.partition("\n")[0]


def modules() -> list[tuple[str, str]]:
    """Return each module's path and purpose; a package speaks through its ``__init__.py``."""
    found: list[tuple[str, str]] = []
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            shown = path.parent if path.name == "__init__.py" else path
            name = f"{shown.relative_to(ROOT)}/" if shown.is_dir() else f"{shown.relative_to(ROOT)}"
            if said := first_line(path):
                found.append((name, said))
    return sorted(found)


def main() -> None:
    """Print the tour."""
    tour = modules()
    width = max(len(name) for name, _ in tour)
    for name, said in tour:
        print(f"{name:<{width}}  {said}")


if __name__ == "__main__":
    main()
