"""`python -m tests.scenes [NAME ...]`: plays the scenes whose names begin so, all where none is named.

Prints a line of figures for each, and what they miss of what they must keep; exit 1 where one misses something.
"""

import sys

from tests.scenes.table import SCENES


def main(beginnings: tuple[str, ...]) -> int:
    failed = False
    for name, scene in SCENES.items():
        if not name.startswith(beginnings or ("",)):
            continue
        figures = scene.play()
        print(f"{name}: {figures}", flush=True)
        for missed in scene.kept.missed(figures):
            print(f"    {missed}", flush=True)
            failed = True
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(tuple(sys.argv[1:])))
