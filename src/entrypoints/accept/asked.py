"""What every acceptance is about and is made with."""

import hashlib
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version


@dataclass(frozen=True, slots=True)
class SiteFile:
    """A site configuration in a file, by name and content."""

    file: str
    raw: bytes

    @property
    def digest(self) -> str:
        """The SHA-256 of the file, in hexadecimal."""
        return hashlib.sha256(self.raw).hexdigest()


def versions() -> Mapping[str, str]:
    """The versions of what it is made with, by name."""
    return {"busbar": version("busbar"), "python": platform.python_version()}
