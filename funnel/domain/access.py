"""Who may do what on the pages: permissions, roles, and which role has which. The one place.

A route names the permission that it needs; nobody else asks for a role.
"""

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final
from uuid import UUID

from funnel.domain.errors import FunnelError
from funnel.domain.speech import mark, say


class Permission(StrEnum):
    """What a page or a button may need; the value is what a refusal says of it."""

    OWN_ACCOUNT = mark("see your own account")
    READ = mark("see sequences, dates, people and results")
    EDIT = mark("change sequences, dates, texts and people")
    OPERATE = mark("watch and control the delivery")
    ADMINISTER = mark("say who may log in")


class Role(StrEnum):
    """What somebody is here; each may do what those before it may."""

    VIEWER = "viewer"
    MARKETER = "marketer"
    OPS = "ops"
    ADMIN = "admin"


# What a role may do beyond the one before it.
_ADDED: Final = (
    (Role.VIEWER, {Permission.OWN_ACCOUNT, Permission.READ}),
    (Role.MARKETER, {Permission.EDIT}),
    (Role.OPS, {Permission.OPERATE}),
    (Role.ADMIN, {Permission.ADMINISTER}),
)


def _summed() -> dict[Role, frozenset[Permission]]:
    so_far: set[Permission] = set()
    summed = {}
    for role, added in _ADDED:
        so_far |= added
        summed[role] = frozenset(so_far)
    return summed


PERMISSIONS: Final = MappingProxyType(_summed())

ROLE_WORDS: Final = MappingProxyType(
    {
        Role.VIEWER: mark("sees everything, changes nothing"),
        Role.MARKETER: mark("changes dates, sequences, texts and people"),
        Role.OPS: mark("changes those too, and controls the delivery"),
        Role.ADMIN: mark("does everything, and says who may log in"),
    }
)

ROLE_NAMES: Final = MappingProxyType(
    {
        Role.VIEWER: mark("viewer"),
        Role.MARKETER: mark("marketer"),
        Role.OPS: mark("ops"),
        Role.ADMIN: mark("admin"),
    }
)


def may(role: Role, permission: Permission) -> bool:
    """Say whether a role has a permission."""
    return permission in PERMISSIONS[role]


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Somebody who may log in, as the row has them; ``email`` is their name in the audit log.

    Attributes:
        has_password: They chose one; before that only a one-time link lets them in.
        is_demo: The ready log-in of the demo; it works in demo mode alone.
        language: That their pages speak, "de"; empty: the one that their browser asks for.
    """

    id: UUID
    email: str
    name: str
    role: Role
    has_password: bool
    is_demo: bool
    is_disabled: bool
    language: str = ""

    @property
    def shown_name(self) -> str:
        """Their name, or their address where they gave none."""
        return self.name or self.email

    def may(self, permission: Permission) -> bool:
        """Say whether they have a permission."""
        return not self.is_disabled and may(self.role, permission)


class ForbiddenError(FunnelError):
    """Somebody who is logged in may not do this: answer 403; ``permission`` is what they lack."""

    def __init__(self, permission: Permission) -> None:
        super().__init__(say("this needs the permission to {act}", act=say(permission)))
        self.permission = permission
