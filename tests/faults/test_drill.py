"""The short drill: the most telling faults with real processes, few people each (docs/drill.md)."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.faults

# Under two minutes on two quiet cores; a busy machine may take long, a defect takes for ever.
PATIENCE = 500


@pytest.mark.timeout(PATIENCE + 30)
def test_nothing_is_lost_and_nothing_comes_twice(tmp_path: Path) -> None:
    found = tmp_path / "drill.json"
    # In a process of its own, as `make drill` runs it.
    drill = subprocess.run(  # noqa: S603  (our own module)
        [sys.executable, "-m", "tests.faults.drill", "--short", "--json", str(found)],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert drill.returncode == 0, drill.stdout + drill.stderr
    faults = json.loads(found.read_text())["faults"]
    assert len(faults) >= 6
    for each in faults:
        assert (each["runs"] == 1) != bool(each["not_here"]), each
        assert (each["lost"], each["doubled"], each["broken"]) == (0, 0, []), each
