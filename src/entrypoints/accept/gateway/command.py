"""`busbar accept gateway`, behind its options."""

import asyncio
import sys
from datetime import UTC, datetime

import click

from application.trial.checks import results
from entrypoints import settings as environment
from entrypoints.accept.asked import SiteFile
from entrypoints.accept.gateway.acceptance import Acceptance
from entrypoints.accept.gateway.playing import play
from entrypoints.service.refusals import quiet, refusing
from entrypoints.site_files import UnusableSite, read_valid


def accept(asked: SiteFile, topic_prefix: str) -> Acceptance:
    """Try the gateway under a prefix. Raises UsageError where the file is of no use, and UnusableSetting."""
    try:
        configuration = read_valid(asked.raw)
    except UnusableSite as error:
        raise click.UsageError(f"The site configuration {asked.file} cannot be used: {error}") from None
    settings = environment.kafka()
    quiet(settings)
    made_at = datetime.now(UTC)
    tell = _tell if sys.stdin.isatty() and sys.stderr.isatty() else None
    with refusing():
        record = asyncio.run(play(settings, topic_prefix, configuration, tell))
    return Acceptance(asked, configuration.microgrid_id, topic_prefix, made_at, results=results(record))


def _tell(sentence: str) -> None:
    click.echo(sentence, err=True)
