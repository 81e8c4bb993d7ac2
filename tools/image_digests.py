"""Write behind each image's tag the digest that its registry names now: `python -m tools.image_digests`.

Docker asks the registries (`docker buildx imagetools`). None of these digests is in the repository: one that is not
renewed keeps an image with its known holes, so each deployment writes them for itself, when it builds.
"""

import re
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
FILES: Final = ("docker-compose.yml", "Dockerfile")
"""Where images of others are named; tests compare with these what else runs one."""

REFERENCE: Final = re.compile(
    r"^(?P<before>\s*image: |ARG \w+=)(?P<tagged>[a-z0-9./_-]+:[A-Za-z0-9._-]+)(?:@sha256:[0-9a-f]{64})?$", re.MULTILINE
)
DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")


class NoDigest(Exception):
    """No registry names one; the message says of which image, and why."""


def images(root: Path = ROOT) -> dict[str, list[str]]:
    """The images by file, with their tags."""
    return {name: [found["tagged"] for found in REFERENCE.finditer((root / name).read_text("utf-8"))] for name in FILES}


def write(digest_of: Callable[[str], str], root: Path = ROOT) -> Iterable[str]:
    """Write all digests or none; yield each image with its own. Raises NoDigest."""
    digests = {image: digest_of(image) for named in images(root).values() for image in named}
    for name in FILES:
        file = root / name
        file.write_text(
            REFERENCE.sub(
                lambda found: f"{found['before']}{found['tagged']}@{digests[found['tagged']]}", file.read_text()
            )
        )
    return (f"{image}@{digest}" for image, digest in digests.items())


def by_docker(image: str) -> str:
    """The digest of an image of all platforms, as its registry has it now. Raises NoDigest."""
    asked = ["docker", "buildx", "imagetools", "inspect", "--format", "{{.Manifest.Digest}}", image]
    try:
        ended = subprocess.run(asked, capture_output=True, text=True, check=False)
    except OSError as error:
        raise NoDigest(f"{image}: docker cannot be run: {error.strerror}") from None
    digest = ended.stdout.strip()
    if ended.returncode != 0 or not DIGEST.fullmatch(digest):
        raise NoDigest(f"{image}: {' '.join(ended.stderr.split()) or 'docker names no digest'}")
    return digest


def main() -> int:
    try:
        for image in write(by_docker):
            print(image)
    except NoDigest as error:
        print(f"Nothing was written. {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
