"""``funnel demo`` as a person starts it: real servers and processes, in a folder of their own."""

import json
import os
import re
import signal
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests

ROOT = Path(__file__).parents[2]
PATIENCE = 90.0  # seconds; a busy machine may take long, a defect takes for ever

pytestmark = pytest.mark.timeout(300)


def environment():
    ours = {key: value for key, value in os.environ.items() if not key.startswith("FUNNEL_")}
    return ours | {"PYTHONPATH": str(ROOT)}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Demo:
    """One run of the command; its output goes to a file, as a terminal would show it."""

    def __init__(self, folder, log, *options):
        self.log = log
        self.port = free_port()
        words = ["--data-folder", str(folder), "--port", str(self.port), *options]
        with log.open("wb") as sink:
            self.process = subprocess.Popen(  # noqa: S603  (our own module)
                [sys.executable, "-m", "funnel", "demo", *words],
                stdout=sink,
                stderr=subprocess.STDOUT,
                env=environment(),
                cwd=folder.parent,
                start_new_session=True,
            )

    @property
    def said(self):
        return self.log.read_text()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def until_it_runs(self):
        ends_at = time.monotonic() + PATIENCE
        while "The demo runs." not in self.said:
            assert self.process.poll() is None, self.said
            assert time.monotonic() < ends_at, self.said
            time.sleep(0.1)

    def interrupt(self):
        os.killpg(self.process.pid, signal.SIGINT)  # as Ctrl-C does: the whole group
        return self.process.wait(PATIENCE)


@pytest.fixture
def start(open_folder):
    demos = []

    def start_one(*options):
        folder = open_folder / "data"
        demos.append(Demo(folder, open_folder / f"demo-{len(demos)}.log", *options))
        return demos[-1]

    yield start_one
    for demo in demos:
        if demo.process.poll() is None:
            demo.process.terminate()
            demo.process.wait(PATIENCE)


def funnel(folder, *words):
    """Run a command beside a demo, in another terminal as it were."""
    return subprocess.run(  # noqa: S603  (our own module)
        [sys.executable, "-m", "funnel", *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
        cwd=folder.parent,
        env=environment() | {"FUNNEL_DATA_FOLDER": str(folder)},
    )


def get(url, **headers):
    with requests.Session() as http:
        http.trust_env = False
        return http.get(url, headers=headers, timeout=10)


def left_behind(folder):
    """Return the processes that still name the folder, in their words or their environment."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                words = (entry / "cmdline").read_bytes() + (entry / "environ").read_bytes()
            except OSError:
                continue
            if str(folder).encode() in words:
                found.append((entry / "cmdline").read_bytes() if entry.exists() else b"")
    return found


def is_private(path):
    return stat.S_IMODE(path.stat().st_mode) == 0o600


def dates_on(demo):
    return re.findall(r'value="([0-9a-f-]{36})"', get(f"{demo.url}/").text)


def check_pages(demo):
    assert f"Landing page  {demo.url}/" in demo.said
    assert get(f"{demo.url}/").status_code == 200
    assert get(f"{demo.url}/inbox").status_code == 200
    assert get(f"{demo.url}/", host="elsewhere.example").status_code == 400
    assert len(set(dates_on(demo))) >= 3


def check_studio(demo, folder):
    """The printed log-in lets in, and is kept for this account alone."""
    email, password = re.search(r"log in as (\S+) / (\S+)", demo.said).groups()
    assert is_private(folder / "studio-login.json")
    with requests.Session() as browser:
        browser.trust_env = False
        form = {"email": email, "password": password, "next": "/studio/users"}
        page = browser.post(f"{demo.url}/studio/login", data=form, timeout=10)
    assert page.status_code == 200
    assert "Who may log in" in page.text
    return password


def check_beside(folder):
    """The commands in another terminal speak of the demo; its workers come to life in seconds."""
    assert is_private(folder / "environment.json")
    ends_at = time.monotonic() + PATIENCE
    while (beside := funnel(folder, "status")).returncode != 0:
        assert time.monotonic() < ends_at, beside.stdout
        time.sleep(0.5)
    assert "On time: " in beside.stdout


def check_second(demo, second):
    assert second.process.wait(PATIENCE) == 1
    assert f"already at {demo.url}" in second.said
    assert demo.process.poll() is None


def check_stopped(demo, folder):
    assert demo.interrupt() == 0, demo.said
    assert "Everything has stopped." in demo.said
    assert left_behind(folder) == []
    assert funnel(folder, "status").returncode == 2  # no database is configured any more


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="looks at /proc")
def test_it_starts_answers_this_machine_stops_whole_and_goes_on(start, open_folder):
    folder = open_folder / "data"
    first = start()
    first.until_it_runs()
    check_pages(first)
    password = check_studio(first, folder)
    check_beside(folder)
    keys, dates = (folder / "link-keys.json").read_text(), dates_on(first)
    assert is_private(folder / "link-keys.json")
    assert len(json.loads(keys)[0]) >= 32
    check_second(first, start())
    check_stopped(first, folder)

    again = start()
    again.until_it_runs()
    assert (folder / "link-keys.json").read_text() == keys
    assert dates_on(again) == dates
    assert check_studio(again, folder) == password
    assert again.interrupt() == 0, again.said


def test_a_port_that_is_taken_is_said_before_anything_is_started(start, open_folder):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        demo = start("--port", str(port))
        assert demo.process.wait(PATIENCE) == 2
    assert f"Port {port} is taken by another program." in demo.said
    assert not (open_folder / "data" / "postgres").exists()
