"""The commands and checks of docker-compose.yml, run as plain processes on real servers."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from funnel.embedded import processes

ROOT = Path(__file__).parents[2]
SERVICES: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
LASTING = ("web", "worker-deliver", "worker-dispatch", "scheduler")
PATIENCE = 60.0
GRACE = timedelta(seconds=int(SERVICES["web"]["stop_grace_period"].removesuffix("s")))


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def environment(empty_database_url: str, broker_url: str, tmp_path: Path) -> dict[str, str]:
    ours = {key: value for key, value in os.environ.items() if not key.startswith("FUNNEL_")}
    return ours | {
        "FUNNEL_DATABASE_URL": empty_database_url,
        "FUNNEL_BROKER_URL": broker_url,
        "FUNNEL_BASE_URL": "https://masterclass.example.com",
        "FUNNEL_LINK_KEYS": '["a key of thirty-two or more characters"]',
        "FUNNEL_DATA_FOLDER": str(tmp_path),
    }


@pytest.mark.broker
@pytest.mark.faults
def test_every_process_starts_is_well_and_ends_in_its_grace(
    environment: dict[str, str], port: int, tmp_path: Path
) -> None:
    migrated = _run(_here(SERVICES["migrate"]["command"], port), environment)
    assert migrated.returncode == 0, migrated.stderr
    with ExitStack() as stack:
        running = {
            name: stack.enter_context(_running(name, environment, port, tmp_path))
            for name in LASTING
        }
        for name, process in running.items():
            check = _here(SERVICES[name]["healthcheck"]["test"][1:], port)
            assert _in_time(lambda check=check: _run(check, environment).returncode == 0), (
                f"{name}: {_run(check, environment).stderr}"
                f"{processes.last_lines(tmp_path / f'{name}.log')}"
            )
            assert process.poll() is None
        for name, process in running.items():
            assert processes.stop(process, (signal.SIGTERM, GRACE)), f"{name} had to be killed"


def _here(command: list[str], port: int) -> list[str]:
    """Return a command as it is run here: this Python, this port."""
    assert command[0] == "python"
    return [sys.executable, *(word.replace("8000", str(port)) for word in command[1:])]


@contextmanager
def _running(
    name: str, environment: dict[str, str], port: int, folder: Path
) -> Iterator[subprocess.Popen[bytes]]:
    process = processes.spawn(
        _here(SERVICES[name]["command"], port),
        output=folder / f"{name}.log",
        environment=environment,
    )
    try:
        yield process
    finally:
        processes.stop(process)


def _run(command: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own commands
        command, env=environment, check=False, capture_output=True, text=True, timeout=PATIENCE
    )


def _in_time(happened: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + PATIENCE
    while not happened():
        if time.monotonic() > deadline:
            return False
        threading.Event().wait(0.2)
    return True
