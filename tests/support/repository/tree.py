"""What is in the folders of the checkout, without what Python leaves there."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[3]
_NO_ENTRY = ("__init__.py", "__pycache__")


def entries(folder: Path) -> list[str]:
    """The names in a folder, sorted: files, and folders with a file in them, but for `__init__.py` and compiled modules."""
    return sorted(path.name for path in folder.iterdir() if path.name not in _NO_ENTRY and _kept(path))


def _kept(path: Path) -> bool:
    return path.is_file() or any(
        inner.is_file() and "__pycache__" not in inner.relative_to(path).parts for inner in path.rglob("*")
    )
