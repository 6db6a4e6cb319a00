"""The container files, read: they were written where no container engine could start them."""

import os
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic_settings import SettingsConfigDict

from funnel.settings import Settings

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if "build" in service}
EXAMPLE = (ROOT / ".env.example").read_text()
SETTINGS = {f"FUNNEL_{name.upper()}" for name in Settings.model_fields}
# What only the owner of an installation can know.
WITHOUT_DEFAULT = {
    "FUNNEL_BASE_URL",
    "FUNNEL_LINK_KEYS",
    "FUNNEL_DATABASE_URL",
    "FUNNEL_BROKER_URL",
}


class _NoFile(Settings):
    model_config = SettingsConfigDict(env_file=None)


def _example() -> dict[str, str]:
    return dict(re.findall(r"^(?:# )?([A-Z_]+)=(.*)$", EXAMPLE, re.MULTILINE))


def test_all_processes_and_their_servers_are_there() -> None:
    assert set(SERVICES) == {
        "web", "worker-deliver", "worker-dispatch", "scheduler", "migrate", "postgres", "redis"
    }  # fmt: skip


def test_the_example_names_every_setting_and_nothing_else() -> None:
    assert {name for name in _example() if name.startswith("FUNNEL_")} == SETTINGS


def test_the_example_shows_the_true_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("FUNNEL_")]:
        monkeypatch.delenv(name)
    defaults = _NoFile()
    for name, value in _example().items():
        # An empty folder would be the current one, and is not what the line says.
        if name in SETTINGS - WITHOUT_DEFAULT and not (name.endswith("_FOLDER") and not value):
            monkeypatch.setenv(name, value)
    assert _NoFile() == defaults


def test_every_variable_in_compose_is_a_setting_or_in_the_example() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    assert set(re.findall(r"FUNNEL_[A-Z_]+", text)) <= SETTINGS
    assert set(re.findall(r"\$\{([A-Z_]+)", text)) <= _example().keys()


def test_every_setting_in_the_dockerfile_is_one() -> None:
    found = set(re.findall(r"FUNNEL_[A-Z_]+", (ROOT / "Dockerfile").read_text()))
    assert found
    assert found <= SETTINGS


@pytest.mark.parametrize("name", OURS)
def test_every_command_exists(name: str) -> None:
    from typer.main import get_command

    from funnel.cli.main import app

    python, flag, module, *words = OURS[name]["command"]
    assert (python, flag) == ("python", "-m")
    assert (ROOT / module / "__main__.py").is_file()
    if module == "funnel":
        command: Any = get_command(app)
        while words and hasattr(command, "commands"):
            command = command.commands[words.pop(0)]
        options = {option for each in command.params for option in each.opts}
        assert {word for word in words if word.startswith("--")} <= options


def test_the_workers_take_every_queue_once() -> None:
    from funnel.tasks.app import QUEUES

    taken = [
        queue
        for service in OURS.values()
        if service["command"][2] == "workers"
        for queue in service["command"][3].split(",")
    ]
    assert sorted(taken) == sorted(QUEUES)


@pytest.mark.parametrize("name", sorted(OURS.keys() - {"web", "migrate"}))
def test_a_worker_is_asked_by_its_own_command(name: str) -> None:
    command, check = OURS[name]["command"], OURS[name]["healthcheck"]["test"]
    assert check == ["CMD", *command[:3], "check", *command[3:]]


def test_the_path_that_web_is_asked_for_is_a_route() -> None:
    from funnel.web.health import router

    (path,) = re.findall(r"http://127\.0\.0\.1:8000(/\w+)", OURS["web"]["healthcheck"]["test"][-1])
    assert path in {getattr(route, "path", None) for route in router.routes}


def test_the_check_of_web_is_python() -> None:
    compile(OURS["web"]["healthcheck"]["test"][-1], "healthcheck", "exec")


@pytest.mark.parametrize("name", sorted(SERVICES.keys() - {"migrate"}))
def test_every_lasting_service_is_checked_and_comes_back(name: str) -> None:
    assert SERVICES[name]["healthcheck"]["test"]
    assert SERVICES[name]["restart"] == "unless-stopped"


@pytest.mark.parametrize("name", sorted(OURS.keys() - {"migrate"}))
def test_every_process_waits_for_the_migration_and_gets_time_to_end(name: str) -> None:
    assert OURS[name]["depends_on"] == {
        "migrate": {"condition": "service_completed_successfully"},
        "postgres": {"condition": "service_healthy"},
        "redis": {"condition": "service_healthy"},
    }
    assert OURS[name]["stop_grace_period"] == "30s"


def test_the_migration_runs_once() -> None:
    assert SERVICES["migrate"]["restart"] == "no"


def test_the_broker_never_evicts_and_keeps_a_log() -> None:
    command = " ".join(SERVICES["redis"]["command"])
    assert command.startswith("redis-server ")
    assert "--maxmemory-policy noeviction" in command
    assert "--appendonly yes" in command


def test_no_password_is_written_down() -> None:
    secret = re.compile("PASSWORD|AUTH|KEYS|_URL")
    for service in SERVICES.values():
        for key, value in service.get("environment", {}).items():
            if secret.search(key):
                assert "${" in value, key
    assert all(not value for key, value in _example().items() if key.endswith("_PASSWORD"))


def test_only_web_is_published_and_only_to_this_machine() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert published.keys() == {"web"}
    assert all(port.startswith("127.0.0.1:") for port in published["web"])


def test_images_have_plain_names_and_a_version() -> None:
    images = [service["image"] for service in SERVICES.values() if "build" not in service]
    images += re.findall(r"^FROM (\S+)", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    for image in images:
        assert re.fullmatch(r"[a-z]+:\d[\w.-]*", image), image


def test_data_lie_in_named_volumes() -> None:
    named = {
        each.split(":")[0] for service in SERVICES.values() for each in service.get("volumes", [])
    }
    assert named == set(COMPOSE["volumes"])


def test_the_image_is_not_run_by_root_and_installs_only_what_is_pinned() -> None:
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    last_stage = lines[max(i for i, line in enumerate(lines) if line.startswith("FROM")) :]
    assert "USER 10001" in last_stage
    installs = [line for line in lines if "pip install" in line]
    assert len(installs) == 2
    assert all("--require-hashes" in line or "--no-deps" in line for line in installs)


def test_what_the_dockerfile_copies_is_let_in_and_exists() -> None:
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    copied = [
        source
        for line in (ROOT / "Dockerfile").read_text().splitlines()
        if line.startswith("COPY") and "--from" not in line
        for source in line.split()[1:-1]
    ]
    for source in copied:
        assert (ROOT / source).exists()
        assert f"!{source}" in ignored
