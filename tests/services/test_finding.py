"""Where tests find their services, and what becomes of a test that finds none."""

from pathlib import Path

import pytest

from tests.services import cargo, chromium, faketime, postgresql, small_disk
from tests.services.finding import missing
from tests.services.processes import DidNotStart, free_port, start, stop, wait_until


def test_a_service_that_is_missing_fails_where_ci_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="apt install postgresql"):
        missing(postgresql.MISSING)


def test_a_service_that_is_missing_skips_elsewhere_and_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="apt install postgresql"):
        missing(postgresql.MISSING)


def test_a_clock_that_cannot_be_set_is_named_with_what_installs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setattr(faketime, "FOLDERS", [tmp_path])
    with pytest.raises(pytest.skip.Exception, match="apt install libfaketime"):
        faketime.HostClock(tmp_path / "clock")


def test_a_disk_that_must_not_be_mounted_skips_and_fails_where_ci_is_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(small_disk, "MOUNT", "false")
    for ci, outcome in (("", pytest.skip.Exception), ("true", pytest.fail.Exception)):
        monkeypatch.setenv("CI", ci)
        with pytest.raises(outcome, match="as root"), small_disk.a_small_disk(tmp_path / f"disk-{ci}", mib=1):
            pass


def test_a_compiler_that_is_missing_fails_where_ci_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    monkeypatch.setenv("PATH", "")
    with pytest.raises(pytest.fail.Exception, match="A station needs cargo"):
        cargo.program("ocppsim", "0.0.0", "A station needs")


async def test_a_browser_that_is_missing_is_named_with_what_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    monkeypatch.setenv("PATH", "")
    with pytest.raises(pytest.fail.Exception, match="apt install chromium"):
        await chromium.a_browser().__aenter__()


def test_the_server_that_the_environment_names_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"postgresql://somebody@127.0.0.1:{free_port()}/theirs"
    monkeypatch.setenv(postgresql.VARIABLE, url)
    with postgresql.a_server_url() as found:
        assert found.render_as_string() == url


def test_a_process_that_ends_before_it_answers_says_why(tmp_path: Path) -> None:
    process = start(["sh", "-c", "echo no room on the disk; exit 3"], tmp_path / "log")
    with pytest.raises(DidNotStart, match="no room on the disk"):
        wait_until(lambda: False, process, tmp_path / "log")


def test_a_process_is_stopped_by_its_id_and_once_is_enough(tmp_path: Path) -> None:
    process = start(["sleep", "600"], tmp_path / "log")
    stop(process)
    stop(process)
    assert process.returncode == -15
