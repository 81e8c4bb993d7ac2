"""`busbar rebalance`: any number of lines in one process, each answered, none of them its end."""

import copy
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.e2e.processes import COMMAND, PATIENCE_S, Ended, environment, run

EXAMPLES = [
    json.loads(line)
    for line in (Path(__file__).parents[1] / "examples" / "rebalance.jsonl").read_text("utf-8").splitlines()
]
BY_NAME = {example["name"]: example for example in EXAMPLES}
SMALLEST, NESTED = BY_NAME["smallest-depot"], BY_NAME["two-connections-nested-feeders"]
MIB = 2**20


def line_of(snapshot: Any) -> bytes:
    return json.dumps(snapshot).encode()


def changed(change: Callable[[dict[str, Any]], object], example: dict[str, Any] = NESTED) -> bytes:
    """The line of an example after a change of its configuration."""
    snapshot = copy.deepcopy(example["input"])
    change(snapshot["configuration"])
    return line_of(snapshot)


def in_a_circle(configuration: dict[str, Any]) -> None:
    child = next(circuit for circuit in configuration["circuits"] if circuit["parent_id"] is not None)
    parent = next(circuit for circuit in configuration["circuits"] if circuit["circuit_id"] == child["parent_id"])
    parent["parent_id"] = child["circuit_id"]


def forty_deep(configuration: dict[str, Any]) -> None:
    parent = configuration["circuits"][0]["circuit_id"]
    for number in range(40):
        circuit = {"circuit_id": f"deep-{number}", "parent_id": parent, "name": "", "default_capacity_w": 1}
        configuration["circuits"].append(circuit)
        parent = circuit["circuit_id"]


def twice_the_same_charger(configuration: dict[str, Any]) -> None:
    configuration["charge_points"].append(configuration["charge_points"][0])


GOOD = line_of(SMALLEST["input"])
BINARY = bytes(byte for byte in range(256) if byte != ord("\n")) * 20

BAD_LINES: list[tuple[str, bytes, str, str | None]] = [
    ("NaN", GOOD.replace(b"120000", b"NaN"), "invalid_json", None),
    ("an infinite number", GOOD.replace(b"120000", b"1e999"), "invalid_snapshot", None),
    ("five megabytes of garbage", b"x" * 5_000_000, "invalid_json", None),
    ("five megabytes of brackets", b"[" * 5_000_000, "invalid_json", None),
    ("seventeen MiB", b'{"x": "' + b"x" * (17 * MIB) + b'"}', "line_too_long", None),
    ("one byte more than 16 MiB", GOOD + b" " * (16 * MIB + 1 - len(GOOD)), "line_too_long", None),
    ("binary", BINARY, "invalid_json", None),
    ("UTF-16", GOOD.decode().encode("utf-16-be"), "invalid_json", None),
    ("forty arrays", b"[" * 40 + b"]" * 40, "invalid_snapshot", None),
    ("100,000 arrays", b"[" * 100_000 + b"]" * 100_000, "invalid_json", None),
    ("100,000 objects", b'{"configuration":' * 100_000 + b"1" + b"}" * 100_000, "invalid_json", None),
    ("an empty line", b"", "invalid_json", None),
    ("an empty line that ends in CR LF", b"\r", "invalid_json", None),
    ("half a line", GOOD[: len(GOOD) // 2], "invalid_json", None),
    ("null", b"null", "invalid_snapshot", None),
    ("an empty object", b"{}", "invalid_snapshot", None),
    ("a string for watts", GOOD.replace(b"120000", b'"120000"'), "invalid_snapshot", None),
    ("a time without a zone", GOOD.replace(b"10:30:00Z", b"10:30:00"), "invalid_snapshot", None),
    ("circuits in a circle", changed(in_a_circle), "invalid_configuration", "circuit_cycle"),
    ("circuits forty deep", changed(forty_deep), "invalid_configuration", "too_deep"),
    ("an id that stands twice", changed(twice_the_same_charger), "invalid_configuration", "duplicate_id"),
]


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> tuple[Ended, list[Any]]:
    """The answers of one process to every bad line, each with a good one behind it."""
    stream = b"".join(line + b"\n" + GOOD + b"\n" for _, line, _, _ in BAD_LINES)
    ended = run(tmp_path_factory.mktemp("home"), "rebalance", "-", stdin=stream)
    return ended, [json.loads(answer) for answer in ended.out.splitlines()]


def test_the_worked_examples_are_answered_in_one_stream(home: Path) -> None:
    """Holds CLI-17."""
    ended = run(home, "rebalance", "-", stdin=b"".join(line_of(example["input"]) + b"\n" for example in EXAMPLES))

    assert ended.code == 2
    assert ended.complaints == []
    answers = ended.out.splitlines()
    assert len(answers) == len(EXAMPLES) == 18
    for answer, example in zip(answers, EXAMPLES, strict=True):
        read, expected = json.loads(answer), example["output"]
        if "error" in expected:
            assert list(read) == ["error"]
            assert read["error"]["code"] == expected["error"]["code"]
            found, named = (each["error"]["faults"] for each in (read, expected))
            if read["error"]["code"] == "invalid_configuration":
                assert sorted((fault["code"], fault["path"]) for fault in found) == sorted(
                    (fault["code"], fault["path"]) for fault in named
                )
            else:
                assert {fault["path"] for fault in named} <= {fault["path"] for fault in found}
        else:
            assert json.dumps(read) == json.dumps(expected), example["name"]


def test_a_stream_of_good_lines_ends_with_zero(home: Path) -> None:
    ended = run(home, "rebalance", "-", stdin=(GOOD + b"\n") * 3)
    assert (ended.code, ended.complaints) == (0, [])
    assert ended.out.splitlines() == [ended.out.splitlines()[0]] * 3


def test_a_stream_without_lines_ends_with_zero(home: Path) -> None:
    assert run(home, "rebalance", "-") == Ended(0, b"", b"")


def test_bad_lines_end_with_two_and_without_a_traceback(answers: tuple[Ended, list[Any]]) -> None:
    """Holds CLI-18."""
    ended, _ = answers
    assert (ended.code, ended.complaints) == (2, [])


def test_every_line_gets_one_answer_and_the_stream_goes_on(answers: tuple[Ended, list[Any]]) -> None:
    """Holds CLI-18."""
    _, found = answers
    assert len(found) == 2 * len(BAD_LINES)
    assert [
        name for (name, *_), answer in zip(BAD_LINES, found[1::2], strict=True) if answer != SMALLEST["output"]
    ] == []


@pytest.mark.parametrize("number", range(len(BAD_LINES)), ids=[name for name, *_ in BAD_LINES])
def test_a_bad_line_is_answered_with_its_code(answers: tuple[Ended, list[Any]], number: int) -> None:
    """Holds CLI-18."""
    _, _, code, fault_code = BAD_LINES[number]
    answer = answers[1][2 * number]

    assert list(answer) == ["error"]
    error = answer["error"]
    assert list(error) == ["code", "message", "faults"]
    assert error["code"] == code
    assert 0 < len(error["message"]) < 500
    assert all(list(fault) == ["code", "path", "message"] for fault in error["faults"])
    if fault_code is not None:
        assert fault_code in {fault["code"] for fault in error["faults"]}
        assert all(fault["path"].startswith("/configuration") for fault in error["faults"])


def test_lines_may_end_in_cr_lf_and_the_last_one_in_nothing(home: Path) -> None:
    ended = run(home, "rebalance", "-", stdin=GOOD + b"\r\n" + GOOD)
    assert ended.code == 0
    assert [json.loads(answer) for answer in ended.out.splitlines()] == [SMALLEST["output"]] * 2


def test_a_line_of_exactly_16_mib_is_answered(home: Path) -> None:
    ended = run(home, "rebalance", "-", stdin=GOOD + b" " * (16 * MIB - len(GOOD)) + b"\n")
    assert (ended.code, json.loads(ended.out)) == (0, SMALLEST["output"])


def test_keys_that_nobody_knows_are_passed_over_however_deep(home: Path) -> None:
    note: Any = 0
    for _ in range(40):
        note = {"note": [note]}
    ended = run(home, "rebalance", "-", stdin=line_of({**SMALLEST["input"], "note": note}))
    assert (ended.code, json.loads(ended.out)) == (0, SMALLEST["output"])


def test_shuffled_lists_give_the_same_bytes(home: Path) -> None:
    draw = Random(1)

    def shuffled(snapshot: Any) -> Any:
        if isinstance(snapshot, dict):
            return {key: shuffled(value) for key, value in snapshot.items()}
        if isinstance(snapshot, list):
            return [shuffled(value) for value in draw.sample(snapshot, len(snapshot))]
        return snapshot

    snapshots = [example["input"] for example in EXAMPLES if "error" not in example["output"]]
    copies = 4
    lines = [
        line_of(each) for snapshot in snapshots for each in (snapshot, *(shuffled(snapshot) for _ in range(copies)))
    ]
    assert len(set(lines)) > 2 * len(snapshots)
    answers = run(home, "rebalance", "-", stdin=b"\n".join(lines)).out.splitlines()
    assert len(answers) == len(lines)
    for first in range(0, len(answers), 1 + copies):
        assert len(set(answers[first : first + 1 + copies])) == 1


def test_a_file_is_read_like_standard_input(home: Path) -> None:
    (home / "snapshots.jsonl").write_bytes(GOOD + b"\n{}\n")
    from_file = run(home, "rebalance", "snapshots.jsonl")
    assert from_file.code == 2
    assert len(from_file.lines) == 2
    assert from_file == run(home, "rebalance", stdin=GOOD + b"\n{}\n")


@pytest.mark.parametrize("file", ["missing.jsonl", "."])
def test_a_file_that_cannot_be_read_is_answered_in_one_line(home: Path, file: str) -> None:
    ended = run(home, "rebalance", file)
    assert (ended.code, ended.lines) == (2, [])
    (complaint,) = ended.complaints
    assert f"'{file}'" in complaint


def test_an_answer_comes_as_soon_as_its_line_is_there(home: Path) -> None:
    with subprocess.Popen(
        [*COMMAND, "rebalance", "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=home, env=environment(home)
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for _ in range(2):
            process.stdin.write(GOOD + b"\n")
            process.stdin.flush()
            assert json.loads(process.stdout.readline()) == SMALLEST["output"]
        process.stdin.close()
        assert process.wait(PATIENCE_S) == 0


def test_a_reader_that_has_enough_ends_the_stream_quietly(home: Path) -> None:
    (home / "many.jsonl").write_bytes((line_of(NESTED["input"]) + b"\n") * 200)
    with subprocess.Popen(
        [*COMMAND, "rebalance", "many.jsonl"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=home,
        env=environment(home),
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert json.loads(process.stdout.readline()) == NESTED["output"]
        process.stdout.close()
        assert process.stderr.read() == b""
        process.wait(PATIENCE_S)
