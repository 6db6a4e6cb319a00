"""The processes of an installation under drill: several of a kind, to be hurt in every way."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

DELIVER = "deliver"
REST = "dispatch,notices,maintenance"
SCHEDULER = "scheduler"
_PATIENCE = 60.0
_LAST_WORDS_SECONDS = 0.5  # until they are in the log


@dataclass(slots=True, kw_only=True)
class Member:
    """One process, with its children."""

    role: str
    changes: Mapping[str, str]
    process: "subprocess.Popen[bytes]"

    @property
    def children(self) -> list[int]:
        """Ids of the processes that work for it."""
        pid = self.process.pid
        try:
            return [
                int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
            ]
        except OSError:
            return []


class Crew:
    """Starts processes under names of their own: several may have one role."""

    def __init__(self, environment: Mapping[str, str], folder: Path) -> None:
        self.environment = dict(environment)
        self._folder = folder
        self.members: dict[str, Member] = {}

    def start(self, name: str, role: str, **changes: str) -> Member:
        """Start one; ``changes`` of the environment are its own."""
        command = ["scheduler"] if role == SCHEDULER else ["workers", role]
        process = subprocess.Popen(  # noqa: S603  (our own modules)
            [sys.executable, "-m", "tests.faults.drill.launcher", *command],
            env=self.environment | changes,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # a group of its own, to be killed whole
        )
        # By a pipe: a limit on the size of its files must not concern what it says.
        keeper = threading.Thread(target=self._keep_log, args=(name, process), daemon=True)
        keeper.start()
        member = Member(role=role, changes=changes, process=process)
        self.members[name] = member
        return member

    def ensure(self, standard: Mapping[str, str]) -> None:
        """Leave exactly these running, name by role, each as it is usually started."""
        for name in [*self.members]:
            if name not in standard or self.members[name].changes:
                self.kill(name)
        for name, role in standard.items():
            if name not in self.members or self.members[name].process.poll() is not None:
                self.start(name, role)

    def of(self, role: str) -> list[str]:
        """Names of those of a role that run."""
        return [name for name, each in self.members.items() if each.role == role]

    def kill(self, name: str) -> Member:
        """End one and all its children at once, as a power cut would."""
        member = self.members.pop(name)
        with suppress(ProcessLookupError):
            os.killpg(member.process.pid, signal.SIGKILL)
        member.process.wait()
        return member

    def terminate(self, name: str) -> None:
        """Stop one in order."""
        member = self.members.pop(name)
        member.process.terminate()
        member.process.wait(_PATIENCE)

    def freeze(self, name: str) -> None:
        os.killpg(self.members[name].process.pid, signal.SIGSTOP)

    def thaw(self, name: str) -> None:
        os.killpg(self.members[name].process.pid, signal.SIGCONT)

    def end(self) -> None:
        for name in [*self.members]:
            self.kill(name)

    def assert_alive(self) -> None:
        """Fail at once, with what they said, where one of them has ended by itself."""
        ended = [name for name, each in self.members.items() if each.process.poll() is not None]
        if ended:
            time.sleep(_LAST_WORDS_SECONDS)
        assert not ended, f"ended by themselves: {ended}\n{self.logs()}"

    def logs(self) -> str:
        return "\n".join(
            f"--- {path.name}\n{path.read_text(errors='replace')[-3000:]}"
            for path in sorted(self._folder.glob("*.log"))
        )

    def _keep_log(self, name: str, process: "subprocess.Popen[bytes]") -> None:
        assert process.stdout is not None
        with (self._folder / f"{name}.log").open("ab") as log, process.stdout as said:
            for line in said:
                log.write(line)
                log.flush()
