"""Why a process does not begin, in a sentence. Imports nothing: `busbar --help` is quick."""

OLDER_SCHEMA = "The database of BUSBAR_DATABASE_URL has not the schema of this release: run `busbar migrate` first."


class UnusableSetting(Exception):
    """A variable is missing or makes no sense; the message names it and holds no value."""


def unusable_database(error: Exception) -> UnusableSetting:
    """What is said of a database that cannot be used."""
    return UnusableSetting(f"The database of BUSBAR_DATABASE_URL cannot be used: {error}.")
