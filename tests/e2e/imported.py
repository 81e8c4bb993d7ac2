"""All that `busbar` may import: a process that is forked after this begins at once."""

import importlib
import pkgutil

import entrypoints

for module in pkgutil.walk_packages(entrypoints.__path__, "entrypoints."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
