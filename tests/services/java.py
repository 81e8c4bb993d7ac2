"""A JDK for the tests: it runs a program of one source file."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.services import processes
from tests.services.finding import missing
from tests.services.kafka import jars

INSTALL = "The sample in Java needs a JDK and Maven (Debian, Ubuntu: apt install openjdk-17-jdk-headless maven)."


@contextmanager
def java_program(source: Path, *arguments: str, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A program that runs, with Kafka's client and Jackson beside it. What it says goes into the log."""
    if not (shutil.which("javac") and shutil.which("mvn")):
        missing(INSTALL)
    options = ["-Xmx128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
    program = processes.start(["java", *options, "-cp", f"{jars()}/*", str(source), *arguments], log)
    try:
        yield program
    finally:
        processes.stop(program)
