"""`make mutation`: plants every mutant of a module of the domain in turn and runs the tests that should notice.

`python -m tests.mutation [MODULE ...]`: modules by their path below the domain, all that have tests where none is
named. Prints the survivors, which docs/mutation.md answers for; exit 1 where one is not listed there below its module.
"""

import importlib
import importlib.util
import os
import resource
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import highspy  # noqa: F401  (loaded before the forks, not again for every mutant)
import hypothesis
import pytest

import domain
from tests.mutation.mutants import mutants

DOMAIN = Path(domain.__path__[0])
LISTED = Path(__file__).parents[2] / "docs" / "mutation.md"


ORACLE = ["tests/property/test_decision_equals_oracle.py"]
SPARE = ["tests/property/test_spare_room_equals_oracle.py"]
LINKS = ["tests/worlds/test_links.py"]
UNIT = "tests/unit/domain"
KNOWLEDGE = [f"{UNIT}/knowledge"]
TESTS = {
    "sharing.certificate": [
        "tests/unit/domain/sharing/test_certificate.py",
        "tests/property/test_certificate_on_corrupted_fills.py",
    ],
    "sharing.allocation": [
        "tests/property/test_allocation_properties.py",
        "tests/property/test_lexicographic_lp.py",
        *ORACLE,
    ],
    "sharing.targets": [f"{UNIT}/sharing/test_targets_spare_room.py", *SPARE, *ORACLE],
    "sharing.transition": [f"{UNIT}/sharing/test_transition.py", *SPARE, *ORACLE],
    "knowledge.ledger": [*KNOWLEDGE, *LINKS],
    "knowledge.lines": [*KNOWLEDGE, *LINKS, *ORACLE],
    "knowledge.holdings": [*KNOWLEDGE, *ORACLE],
    "knowledge.background": [*KNOWLEDGE, *ORACLE],
}
SIZES = {"BUSBAR_SNAPSHOTS": "300", "BUSBAR_LINK_HOURS": "10"}
"""How much the random tests draw for one mutant, unless the environment says otherwise."""

PLUGINS = ["_hypothesis_pytestplugin", "pytest_asyncio.plugin", "pytest_timeout"]
"""What the tests need of pytest: loading all that is installed would take longer than most of them."""

CPU_SECONDS = 120
MEMORY_BYTES = 4 * 2**30
"""A mutant that needs more than these runs for ever: noticed."""

OURS = frozenset({"domain", "application", "adapters", "entrypoints", "tests"})


def main() -> int:
    unlisted = 0
    _warm_up()
    for module in sys.argv[1:] or TESTS:
        original = DOMAIN.joinpath(*module.split(".")).with_suffix(".py").read_text("utf-8")
        if not _passes(module, original):
            print(f"{module}: its tests fail as it is")
            return 2
        found, known, survivors = mutants(original), _answered_for(module), 0
        for mutant in found:
            if not _passes(module, mutant.source):
                continue
            survivors += 1
            is_listed = f"`{mutant.change}`" in known
            unlisted += not is_listed
            print(f"  line {mutant.line}: {mutant.change}" + ("" if is_listed else "  (not listed)"), flush=True)
        print(f"{module}: {len(found) - survivors} of {len(found)} mutants are noticed", flush=True)
    return 1 if unlisted else 0


def _warm_up() -> None:
    """Load what the tests import of others, once; what is ours is loaded again by every mutant's process."""
    phases = [hypothesis.Phase.explicit, hypothesis.Phase.generate]
    hypothesis.settings.register_profile("mutation", phases=phases, database=None, deadline=None)
    for name in ("tests.conftest", "adapters.messages.snapshot", *PLUGINS):
        importlib.import_module(name)
    for name in [name for name in sys.modules if name.partition(".")[0] in OURS]:
        del sys.modules[name]


def _answered_for(module: str) -> str:
    """What docs/mutation.md says of a module."""
    _, _, section = LISTED.read_text("utf-8").partition(f"## `{module}`")
    return section.partition("\n## ")[0]


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
        plugins = [option for plugin in PLUGINS for option in ("-p", plugin)]
        options = ["-x", "-q", "-p", "no:cacheprovider", "--hypothesis-seed=0", "--hypothesis-profile=mutation"]
        return int(pytest.main([*options, *plugins, *TESTS[module]]))
    except BaseException:  # whatever a mutant does while it is imported
        return 1


def _plant(name: str, source: str) -> None:
    """Make a text the module that everybody imports by this name."""
    package, _, own_name = name.rpartition(".")
    spec = importlib.util.find_spec(name)
    assert spec is not None
    assert spec.origin is not None
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    exec(compile(source, spec.origin, "exec"), vars(module))
    setattr(importlib.import_module(package), own_name, module)


if __name__ == "__main__":
    with TemporaryDirectory() as examples:
        os.environ |= {"HYPOTHESIS_STORAGE_DIRECTORY": examples, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
        for variable, size in SIZES.items():
            os.environ.setdefault(variable, size)
        sys.exit(main())
