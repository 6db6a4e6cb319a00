"""The examples of docs/connect-a-form.md, as they stand there, against the running webhook."""

import os
import re
import shutil
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from tests.fixtures.webhook import Hook
from tests.fixtures.world import TUESDAY_NOON

PAGE = Path(__file__).parents[2] / "docs" / "connect-a-form.md"


def _example(language: str) -> str:
    found = re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert len(found) == 1
    return str(found[0])


def _run(command: list[str], hook: Hook) -> str:
    hook.world.add_session(TUESDAY_NOON + timedelta(days=3))
    environment = {
        "PATH": os.environ["PATH"],
        "SIGNUP_ADDRESS": f"{hook.base_url}/webhooks/signup/site",
        "SIGNUP_SECRET": hook.source.secrets[0],
    }
    done = subprocess.run(  # noqa: S603  (our own example)
        command, env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_python_example_signs_up(hook: Hook) -> None:
    assert "202" in _run([sys.executable, "-c", _example("python")], hook)
    assert hook.world.ask("select first_name from signups") == "Jane"


@pytest.mark.skipif(
    not (shutil.which("curl") and shutil.which("openssl")), reason="needs curl and openssl"
)
def test_the_shell_example_signs_up(hook: Hook) -> None:
    assert '{"id":"' in _run(["sh", "-c", _example("sh")], hook)
    assert hook.world.ask("select first_name from signups") == "Jane"
