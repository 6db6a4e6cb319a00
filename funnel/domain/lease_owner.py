"""Who has a message in hand: a process of a host, named so that nobody is taken for another."""

import re
from dataclasses import dataclass
from typing import Final, Self

_HOST: Final = re.compile(r"[0-9a-f]{32}")
_OWNER: Final = re.compile(r"([0-9a-f]{32}):(\d{1,10}):([0-9a-f]{16})")
_FILE: Final = re.compile(r"(\d{1,10})-([0-9a-f]{16})")


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseOwner:
    """A process as ``messages.lease_owner`` names it.

    Attributes:
        host_id: Of the folder in which the host keeps its journals.
        pid: For people; operating systems and containers use numbers again.
        random: Tells it from every other process with that number.
    """

    host_id: str
    pid: int
    random: str

    @classmethod
    def parse(cls, name: str) -> Self | None:
        """Return the owner that ``str`` named; ``None``: it is none of ours."""
        found = _OWNER.fullmatch(name)
        if found is None:
            return None
        return cls(host_id=found[1], pid=int(found[2]), random=found[3])

    @classmethod
    def of_file(cls, host_id: str, stem: str) -> Self | None:
        """Return the owner of a journal by its file's name; ``None``: it is no journal's."""
        found = _FILE.fullmatch(stem)
        if found is None:
            return None
        return cls(host_id=host_id, pid=int(found[1]), random=found[2])

    @property
    def file_name(self) -> str:
        """Name of its journal, without the ending."""
        return f"{self.pid}-{self.random}"

    def __str__(self) -> str:
        """Return it as rows keep it."""
        return f"{self.host_id}:{self.pid}:{self.random}"


def is_host_id(name: str) -> bool:
    """Say whether a name can be a host's."""
    return _HOST.fullmatch(name) is not None
