"""`make sbom`: what is pinned for the image, as a bill of materials that others' tools read."""

import json
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_the_bill_of_materials_lists_what_is_pinned_with_its_hashes() -> None:
    subprocess.run(["make", "sbom"], cwd=ROOT, check=True)
    bill = json.loads((ROOT / "build" / "sbom.json").read_text("utf-8"))
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    assert bill["metadata"]["component"]["name"] == "busbar"
    pinned = re.findall(r"^([a-z0-9._-]+)==([^ ]+)", (ROOT / "requirements.txt").read_text("utf-8"), re.MULTILINE)
    assert sorted((each["name"], each["version"]) for each in bill["components"]) == sorted(pinned)
    for component in bill["components"]:
        assert component["purl"].startswith(f"pkg:pypi/{component['name']}@{component['version']}")
        assert any(hashed for reference in component["externalReferences"] for hashed in reference["hashes"])
