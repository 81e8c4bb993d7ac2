"""`busbar dead-letters`: what nobody could read, one letter a line, for pipes (CLI-32)."""

from adapters.messages import letters
from application.ports.bus import Message
from entrypoints import settings as environment
from entrypoints.cli.printing import print_topic
from entrypoints.topics import Topics


def run(microgrid_id: str | None, *, follow: bool) -> int:
    """Print letters, the oldest that is kept first; returns the exit code."""
    settings = environment.kafka()

    def line_of(message: Message) -> bytes | None:
        letter = letters.read(message)
        return None if letter is None or not letter.is_of(microgrid_id) else letters.write_line(letter)

    topic = Topics.under(settings.topic_prefix).dead_letter
    print_topic(settings, topic, range, line_of, newest=None, follow=follow)
    return 0
