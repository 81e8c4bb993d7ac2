"""The kind of machine, without its name, and the CPU time that processes on it have taken (Linux)."""

import os
import platform
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")


def machine() -> dict[str, Any]:
    """Processor, cores, Python and system."""
    models = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    return {
        "processor": models[0] if models else platform.processor(),
        "cores": os.cpu_count(),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "system": platform.system(),
    }


def cpu_seconds(pid: int) -> float:
    """User and system time of a process and of all below it, those that have ended included."""
    taken, children = {}, defaultdict(list)
    for each, fields in _processes():
        children[int(fields[1])].append(each)
        taken[each] = sum(map(int, fields[11:15])) / TICKS_A_SECOND
    pending, total = [pid], 0.0
    while pending:
        each = pending.pop()
        total += taken.get(each, 0.0)
        pending += children[each]
    return total


def child_running(program: str) -> int | None:
    """The process that this one started with such a program, or class of Java; None where there is none."""
    for pid, fields in _processes():
        arguments = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
        if int(fields[1]) == os.getpid() and program in {Path(argument).name for argument in arguments}:
            return pid
    return None


def _processes() -> Iterator[tuple[int, list[str]]]:
    """Process ids, and what /proc/PID/stat says after the name: state, parent, ..."""
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            yield int(entry.name), (entry / "stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue  # it has just ended
