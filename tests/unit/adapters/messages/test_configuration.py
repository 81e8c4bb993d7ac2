"""A site configuration from the wire and back: its shape alone."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from pydantic_core import to_json

from adapters.messages.configuration import configuration_to, read_configuration
from adapters.messages.parsing import faults, parse
from domain.site.configuration import ChargePoint, Circuit, Connector, Settings, SiteConfiguration, Strategy
from tests.unit.adapters.messages.examples import ABSENT, CONFIGURATION, Raw, changed, text

MINIMAL = {
    "microgrid_id": "m",
    "version": 1,
    "circuits": [{"circuit_id": "gc-1"}],
    "charge_points": [
        {
            "charge_point_id": "cp-1",
            "circuit_id": "gc-1",
            "max_power_w": 11_000,
            "connectors": [{"connector_id": 1, "max_power_w": 11_000}],
        }
    ],
}


def read(value: object) -> SiteConfiguration:
    return read_configuration(parse(text(value)))


def paths_of_faults(value: object) -> list[str | None]:
    with pytest.raises(ValidationError) as caught:
        read(value)
    found = faults(caught.value)
    assert {fault.code for fault in found} == {"malformed"}
    return [fault.path for fault in found]


def test_every_key_of_the_contract_is_read() -> None:
    """Holds SITE-2."""
    assert read(CONFIGURATION) == SiteConfiguration(
        microgrid_id="malaga",
        name="Malaga depot",
        version=7,
        workspace_id="pta",
        max_import_w=5_000_000,
        strategy=Strategy("charger", "priority"),
        settings=Settings(31, 91, 6, 2, 7, 41, 121, 21, 501, 11, 61, 122, 3001, 2701, 901),
        circuits=(
            Circuit("gc-1", None, "Grid connection 1", 4_000_000, 3_200_000, metered=True, generation=True),
            Circuit("f-1", "gc-1", "Feeder 1", 1_200_000, None, metered=False),
        ),
        charge_points=(ChargePoint("cp-001", "f-1", 180_000, (Connector(1, 150_000, 4_000, 300),), 20_000, "Bay 1"),),
        time_zone="Australia/Perth",
    )


def test_what_is_not_stated_has_the_value_the_contract_shows() -> None:
    """Holds SITE-2, SITE-3."""
    configuration = read(MINIMAL)
    assert configuration == SiteConfiguration(
        "m",
        "m",
        1,
        workspace_id=None,
        max_import_w=None,
        strategy=Strategy("connector", "equal_share"),
        settings=Settings(30, 90, 5, 1, 5, 40, 120, 20, 500, 10, 60, 120, 3000, 2700, 900),
        circuits=(Circuit("gc-1", None, "gc-1", None, None, metered=False, generation=False),),
        charge_points=(ChargePoint("cp-1", "gc-1", 11_000, (Connector(1, 11_000, 0, 0),), None, "cp-1"),),
        time_zone="UTC",
    )


@pytest.mark.parametrize(
    "path",
    [
        "/workspace_id",
        "/name",
        "/time_zone",
        "/max_import_w",
        "/strategy",
        "/strategy/unit",
        "/strategy/order",
        "/settings",
        *(f"/settings/{key}" for key in CONFIGURATION["settings"]),
        "/circuits/1/parent_id",
        "/circuits/0/default_capacity_w",
        "/circuits/0/safe_operating_capacity_w",
        "/circuits/0/metered",
        "/circuits/0/generation",
        "/circuits/1/name",
        "/charge_points/0/name",
        "/charge_points/0/fallback_power_w",
        "/charge_points/0/connectors/0/min_power_w",
        "/charge_points/0/connectors/0/idle_power_w",
    ],
)
def test_null_says_what_absence_says(path: str) -> None:
    without = read(changed(CONFIGURATION, path, ABSENT))
    assert read(changed(CONFIGURATION, path, None)) == without
    assert without != read(CONFIGURATION)


@pytest.mark.parametrize(
    "path",
    [
        "/microgrid_id",
        "/version",
        "/circuits",
        "/circuits/0/circuit_id",
        "/charge_points",
        "/charge_points/0/charge_point_id",
        "/charge_points/0/circuit_id",
        "/charge_points/0/max_power_w",
        "/charge_points/0/connectors",
        "/charge_points/0/connectors/0/connector_id",
        "/charge_points/0/connectors/0/max_power_w",
    ],
)
def test_a_required_key_can_be_neither_missing_nor_null(path: str) -> None:
    """Holds SITE-2."""
    assert paths_of_faults(changed(CONFIGURATION, path, ABSENT)) == [path]
    assert paths_of_faults(changed(CONFIGURATION, path, None)) == [path]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("", [CONFIGURATION]),
        ("", None),
        ("/microgrid_id", 7),
        ("/microgrid_id", ""),
        ("/microgrid_id", "a" * 65),
        ("/microgrid_id", "two words"),
        ("/microgrid_id", "malaga\n"),
        ("/microgrid_id", "málaga"),
        ("/workspace_id", "a/b"),
        ("/name", 7),
        ("/name", Raw(b'"\\ud800"')),
        ("/name", "a\x00b"),
        ("/name", "two\nlines"),
        ("/name", "a\x9b31m"),
        ("/name", "two\u2028lines"),
        ("/name", "Bay \u202e1"),
        ("/name", "a" * 201),
        ("/circuits/1/name", "a\tb"),
        ("/charge_points/0/name", "\u2067Bay"),
        ("/time_zone", 8),
        ("/version", "7"),
        ("/version", 7.5),
        ("/version", True),
        ("/version", 2**63),
        ("/max_import_w", 10**12 + 1),
        ("/max_import_w", -(10**12) - 1),
        ("/max_import_w", Raw(b"1e400")),
        ("/max_import_w", Raw(b"9" * 5000)),
        ("/max_import_w", Raw(b"1.0000000000001e12")),
        ("/strategy", "equal_share"),
        ("/strategy/unit", 1),
        ("/settings", []),
        ("/settings/refresh_interval_s", "40"),
        ("/settings/refresh_interval_s", 0.5),
        ("/settings/refresh_interval_s", 10**9 + 1),
        ("/settings/apply_tolerance_w", False),
        ("/circuits", {}),
        ("/circuits/0", None),
        ("/circuits/0/metered", 1),
        ("/circuits/0/metered", "true"),
        ("/circuits/1/parent_id", ""),
        ("/charge_points/0/charge_point_id", "cp-001/1"),
        ("/charge_points/0/max_power_w", "180000"),
        ("/charge_points/0/connectors", {"1": {}}),
        ("/charge_points/0/connectors/0/connector_id", 0),
        ("/charge_points/0/connectors/0/connector_id", 2**31),
        ("/charge_points/0/connectors/0/connector_id", "1"),
    ],
    ids=repr,
)
def test_a_wrong_type_or_range_is_malformed_at_its_place(path: str, value: Any) -> None:
    """Holds CONV-5, CONV-6, CONV-9."""
    assert paths_of_faults(changed(CONFIGURATION, path, value) if path else value) == [path]


@pytest.mark.parametrize("number", [b"4000", b"4000.0", b"4e3", b"40e2"])
def test_numbers_may_be_written_in_any_way_that_has_zero_fraction(number: bytes) -> None:
    """Holds CONV-5."""
    assert read(changed(CONFIGURATION, "/max_import_w", Raw(number))).max_import_w == 4000


@pytest.mark.parametrize("name", ["", "ü" * 200, "محطة 1", "Bay\u200f 7", "👩\u200d🔧"])
def test_a_name_is_any_line_of_text(name: str) -> None:
    """Holds CONV-9."""
    assert read(changed(CONFIGURATION, "/charge_points/0/name", name)).charge_points[0].name == name


@pytest.mark.parametrize("name", ["UTC", "Pacific/Auckland", "America/Argentina/Buenos_Aires"])
def test_a_time_zone_is_one_of_the_iana_database(name: str) -> None:
    assert read(changed(CONFIGURATION, "/time_zone", name)).time_zone == name


@pytest.mark.parametrize("name", ["", "australia/perth", "+08:00", "posix/UTC", "../UTC", "localtime"])
def test_what_names_no_time_zone_is_left_to_be_refused(name: str) -> None:
    assert read(changed(CONFIGURATION, "/time_zone", name)).time_zone is None


def test_the_largest_magnitude_is_accepted_with_either_sign() -> None:
    """Holds CONV-5."""
    assert read(changed(CONFIGURATION, "/max_import_w", 10**12)).max_import_w == 10**12
    assert read(changed(CONFIGURATION, "/max_import_w", -(10**12))).max_import_w == -(10**12)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("/time_zone", "Australia/Malaga"),
        ("/strategy/unit", "phase"),
        ("/strategy/order", ""),
        ("/settings/breach_hold_s", 0),
        ("/settings/breach_hold_s", -1),
        ("/settings/usage_margin_w", -1),
        ("/settings/refresh_interval_s", 500),
        ("/circuits", []),
        ("/circuits/0/default_capacity_w", None),
        ("/circuits/0/default_capacity_w", -5),
        ("/circuits/1/parent_id", "gc-9"),
        ("/circuits/1/parent_id", "f-1"),
        ("/circuits/1/circuit_id", "gc-1"),
        ("/charge_points", []),
        ("/charge_points/0/circuit_id", "f-9"),
        ("/charge_points/0/max_power_w", -1),
        ("/charge_points/0/connectors", []),
        ("/charge_points/0/connectors/0/min_power_w", 999_999),
    ],
    ids=repr,
)
def test_what_a_configuration_means_is_left_to_the_domain(path: str, value: Any) -> None:
    assert read(changed(CONFIGURATION, path, value)) != read(CONFIGURATION)


@pytest.mark.parametrize(
    "path",
    ["/x", "/strategy/x", "/settings/x", "/circuits/0/x", "/charge_points/0/x", "/charge_points/0/connectors/0/x"],
)
def test_unknown_keys_are_ignored(path: str) -> None:
    """Holds CONV-4."""
    assert read(changed(CONFIGURATION, path, {"deep": [Raw(b'"\\udc00"')]})) == read(CONFIGURATION)


def test_of_each_list_the_first_bad_entry_is_reported_with_all_its_faults() -> None:
    circuits = [{"circuit_id": 7, "name": 8}, {"circuit_id": 9, "name": 10}]
    assert paths_of_faults({**CONFIGURATION, "version": "7", "circuits": circuits}) == [
        "/version",
        "/circuits/0/circuit_id",
        "/circuits/0/name",
    ]


def test_a_configuration_is_written_with_the_keys_of_the_contract_in_order() -> None:
    assert to_json(configuration_to(read(CONFIGURATION))) == json.dumps(CONFIGURATION, separators=(",", ":")).encode()


def test_a_configuration_is_written_with_every_default_filled_in() -> None:
    written = json.loads(to_json(configuration_to(read(MINIMAL))))
    assert written == {
        "microgrid_id": "m",
        "workspace_id": None,
        "name": "m",
        "time_zone": "UTC",
        "version": 1,
        "max_import_w": None,
        "strategy": {"unit": "connector", "order": "equal_share"},
        "settings": {
            "meter_stale_after_s": 30,
            "connector_stale_after_s": 90,
            "breach_hold_s": 5,
            "min_cycle_interval_s": 1,
            "telemetry_cycle_interval_s": 5,
            "refresh_interval_s": 40,
            "setpoint_valid_for_s": 120,
            "apply_grace_s": 20,
            "apply_tolerance_w": 500,
            "background_confirm_s": 10,
            "background_hold_s": 60,
            "usage_window_s": 120,
            "usage_margin_w": 3000,
            "standby_retry_s": 2700,
            "rotation_quantum_s": 900,
        },
        "circuits": [
            {
                "circuit_id": "gc-1",
                "parent_id": None,
                "name": "gc-1",
                "default_capacity_w": None,
                "safe_operating_capacity_w": None,
                "metered": False,
                "generation": False,
            }
        ],
        "charge_points": [
            {
                "charge_point_id": "cp-1",
                "name": "cp-1",
                "circuit_id": "gc-1",
                "max_power_w": 11_000,
                "fallback_power_w": None,
                "connectors": [{"connector_id": 1, "max_power_w": 11_000, "min_power_w": 0, "idle_power_w": 0}],
            }
        ],
    }


IDS = st.from_regex(r"[A-Za-z0-9*=+@|._:-]{1,64}", fullmatch=True)
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=20)
NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc", "Cf", "Zl", "Zp"]), max_size=20)
FIGURES = st.integers(-(10**12), 10**12)
SECONDS = st.integers(-(10**9), 10**9)
MAYBE_FIGURES = st.none() | FIGURES
CONFIGURATIONS = st.builds(
    SiteConfiguration,
    microgrid_id=IDS,
    name=NAMES,
    version=st.integers(-(2**63), 2**63 - 1),
    workspace_id=st.none() | IDS,
    max_import_w=MAYBE_FIGURES,
    strategy=st.builds(Strategy, TEXTS, TEXTS),
    settings=st.builds(
        Settings,
        **{key: SECONDS if key.endswith("_s") else FIGURES for key in CONFIGURATION["settings"]},
    ),
    circuits=st.lists(
        st.builds(Circuit, IDS, st.none() | IDS, NAMES, MAYBE_FIGURES, MAYBE_FIGURES, st.booleans(), st.booleans()),
        max_size=3,
    ).map(tuple),
    charge_points=st.lists(
        st.builds(
            ChargePoint,
            IDS,
            IDS,
            FIGURES,
            st.lists(st.builds(Connector, st.integers(1, 2**31 - 1), FIGURES, FIGURES, FIGURES), max_size=3).map(tuple),
            MAYBE_FIGURES,
            NAMES,
        ),
        max_size=3,
    ).map(tuple),
    time_zone=st.sampled_from(["UTC", "Asia/Kathmandu"]),
)


@given(CONFIGURATIONS)
def test_a_configuration_survives_being_written_and_read(configuration: SiteConfiguration) -> None:
    assert read_configuration(parse(to_json(configuration_to(configuration)))) == configuration
