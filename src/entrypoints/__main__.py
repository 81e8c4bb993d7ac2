"""`python -m entrypoints` does what `busbar` does."""

from entrypoints.cli.main import main

main()
