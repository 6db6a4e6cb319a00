"""The whole service in one run: real processes, four people, all weeks."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.timeout(300)
def test_four_people_get_everything_once_in_order_and_in_its_window(tmp_path):
    ours = {key: value for key, value in os.environ.items() if not key.startswith("FUNNEL_")}
    done = subprocess.run(
        [sys.executable, "-m", "funnel", "demo", "--headless"],
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
        cwd=tmp_path,
        env=ours | {"PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    assert "Everything came once, in order, in its window" in done.stdout
    for name in ("Aroha, Auckland", "Bruno, Berlin", "Luz, Los Angeles", "Nia, Nairobi"):
        assert name in done.stdout
    assert "WRONG" not in done.stdout
