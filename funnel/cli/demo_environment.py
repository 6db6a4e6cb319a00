"""The settings of a demo that runs, kept beside its data: so that other commands find it.

``funnel status`` or ``funnel facts add`` in another terminal then speak of the demo, without
anybody copying addresses of servers that are new at each start.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path

from funnel.embedded.processes import is_alive

_FILE = "environment.json"


def keep_environment(folder: Path, environment: Mapping[str, str]) -> None:
    """Write the settings for this account's eyes only: keys and passwords are among them."""
    write_private(folder / _FILE, json.dumps({"process": os.getpid(), **environment}, indent=1))


def forget_environment(folder: Path) -> None:
    """Take them away: the demo has stopped."""
    (folder / _FILE).unlink(missing_ok=True)


def running_environment(folder: Path) -> dict[str, str]:
    """Return the settings of the demo that runs on a folder, nothing where none does."""
    try:
        kept = json.loads((folder / _FILE).read_text())
        process_id = int(kept.pop("process"))
    except (OSError, ValueError, LookupError):
        return {}
    return kept if is_alive(process_id) else {}


def write_private(path: Path, text: str) -> None:
    """Write a file that only this account may read, whole or not at all."""
    draft = path.with_name(f".{path.name}.draft")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as sink:
        sink.write(text)
    draft.replace(path)
