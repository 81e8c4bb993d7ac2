"""A copy of src with one planted fault, imported beside the real one."""

import importlib
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from tests.property.mutants.planted import Mutant

SRC = Path(__file__).parents[3] / "src"
ROOTS = ("domain", "application", "adapters")


def copy_with(mutant: Mutant, folder: Path) -> Path:
    """Plant a mutant in a new copy of what the decision is made of."""
    shutil.copytree(SRC, folder, ignore=shutil.ignore_patterns("database", "simulation", "entrypoints", "__pycache__"))
    mutant.plant(folder)
    return folder


def import_from(src: Path, module: str) -> ModuleType:
    """A module of a copy. What it imported from there stays bound to it; everybody else keeps the real modules."""
    with _forgotten():
        sys.path.insert(0, str(src))
        try:
            importlib.invalidate_caches()
            return importlib.import_module(module)
        finally:
            sys.path.remove(str(src))


@contextmanager
def _forgotten() -> Iterator[None]:
    """Without the modules of src in memory, and afterwards with those there were."""
    real = _take_out()
    try:
        yield
    finally:
        _take_out()
        sys.modules.update(real)


def _take_out() -> dict[str, ModuleType]:
    return {name: sys.modules.pop(name) for name in list(sys.modules) if name.partition(".")[0] in ROOTS}
