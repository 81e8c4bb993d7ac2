"""A plugin of pytest (`-p tests.frozen`): values are frozen at run time too, not for the type checker alone.

What assigns to one where the type checker cannot see it fails there with FrozenInstanceError.
"""

from dataclasses import dataclass
from functools import partial

from domain import values

# Plugins are loaded first: no module of the domain has declared a value yet.
vars(values)["dataclass"] = partial(dataclass, frozen=True)
