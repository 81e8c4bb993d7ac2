"""`python -m entrypoints` does what `busbar` does."""

from entrypoints.cli import main

main()
