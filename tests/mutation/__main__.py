"""`make mutation`: plants every mutant of a module of the domain in turn and runs the tests that should notice.

`python -m tests.mutation [MODULE ...]`: certificate, allocation, targets, transition where none is named. Prints the
survivors, which docs/mutation.md answers for; exit 1 where one is not listed there.
"""

import importlib.util
import os
import resource
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import highspy  # noqa: F401  (loaded before the forks, not again for every mutant)
import hypothesis  # noqa: F401
import pytest

import domain
from tests.mutation.mutants import mutants

DOMAIN = Path(domain.__path__[0])
LISTED = Path(__file__).parents[2] / "docs" / "mutation.md"

FILLS = ["tests/property/test_allocation_properties.py", "tests/property/test_lexicographic_lp.py"]
DECISIONS = ["tests/unit/domain/test_lower_before_raise.py", "tests/property/test_decision_equals_oracle.py"]
TESTS = {
    "certificate": [
        "tests/unit/test_certificate.py",
        "tests/unit/test_certificate_mutants.py",
        "tests/property/test_certificate_on_corrupted_fills.py",
    ],
    "allocation": [*FILLS, *DECISIONS],
    "targets": DECISIONS,
    "transition": [*DECISIONS, "tests/unit/domain"],
}

CPU_SECONDS = 120
MEMORY_BYTES = 4 * 2**30
"""A mutant that needs more than these runs for ever: noticed."""


def main() -> int:
    unlisted = 0
    for module in sys.argv[1:] or TESTS:
        original = (DOMAIN / f"{module}.py").read_text("utf-8")
        if not _passes(module, original):
            print(f"{module}: its tests fail as it is")
            return 2
        found, known, survivors = mutants(original), LISTED.read_text("utf-8"), 0
        for mutant in found:
            if not _passes(module, mutant.source):
                continue
            survivors += 1
            is_listed = f"`{mutant.change}`" in known
            unlisted += not is_listed
            print(f"  line {mutant.line}: {mutant.change}" + ("" if is_listed else "  (not listed)"), flush=True)
        print(f"{module}: {len(found) - survivors} of {len(found)} mutants are noticed", flush=True)
    return 1 if unlisted else 0


def _passes(module: str, source: str) -> bool:
    """Whether the tests of a module pass with this text in its place, in a process of its own."""
    child = os.fork()
    if child == 0:
        os._exit(_run_tests(module, source))
    _, status = os.waitpid(child, 0)
    return status == 0


def _run_tests(module: str, source: str) -> int:
    """0 where the tests pass. Nothing of the domain has been imported before."""
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, sys.stdout.fileno())
    os.dup2(silence, sys.stderr.fileno())
    try:
        _plant(f"domain.{module}", source)
        return int(pytest.main(["-x", "-q", "-p", "no:cacheprovider", "--hypothesis-seed=0", *TESTS[module]]))
    except BaseException:  # whatever a mutant does while it is imported
        return 1


def _plant(name: str, source: str) -> None:
    """Make a text the module that everybody imports by this name."""
    spec = importlib.util.find_spec(name)
    assert spec is not None
    assert spec.origin is not None
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    exec(compile(source, spec.origin, "exec"), vars(module))
    setattr(domain, name.rpartition(".")[2], module)


if __name__ == "__main__":
    with TemporaryDirectory() as examples:
        os.environ["HYPOTHESIS_STORAGE_DIRECTORY"] = examples
        sys.exit(main())
