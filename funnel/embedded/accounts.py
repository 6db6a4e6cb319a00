"""Which account a server runs under: PostgreSQL refuses to run as root, and is right."""

import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from funnel.embedded.errors import EmbeddedServerError

# Root's servers keep here what an unprivileged account must reach but cannot under, say, /root.
SHARED_PLACE = Path("/var/lib/masterclass-funnel")


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An unprivileged account that a child of root changes to."""

    name: str
    user_id: int
    group_id: int

    def can_enter(self, folder: Path) -> bool:
        """Tell whether this account reaches ``folder``, asked of the kernel, not of mode bits."""
        return self.can_run(["/bin/sh", "-c", 'cd "$1"', "sh", str(folder)])

    def can_run(self, argv: list[str]) -> bool:
        """Tell whether this account may run ``argv`` and it ends well."""
        try:
            done = subprocess.run(  # noqa: S603 - our own words and paths, no shell text
                argv,
                check=False,
                capture_output=True,
                cwd="/",
                user=self.user_id,
                group=self.group_id,
                extra_groups=[],
            )
        except PermissionError:
            return False
        return done.returncode == 0

    def own(self, folder: Path) -> None:
        """Give ``folder`` and all that is in it to this account."""
        os.chown(folder, self.user_id, self.group_id)
        for inside, folders, files in os.walk(folder):
            for name in (*folders, *files):
                os.chown(Path(inside, name), self.user_id, self.group_id, follow_symlinks=False)


def server_account(data_folder: Path) -> Account | None:
    """Return the account to change to, ``None`` where the current one is fine.

    Root changes to whoever owns the existing data, so that a plain user can go on with them
    later; else to ``nobody``.
    """
    if os.geteuid() != 0:
        return None
    owner = data_folder.stat().st_uid if data_folder.exists() else 0
    try:
        entry = pwd.getpwuid(owner) if owner else pwd.getpwnam("nobody")
    except KeyError as error:
        raise EmbeddedServerError(
            "PostgreSQL does not run as root, and there is no account to change to.",
            remedy="Run this as a plain user.",
        ) from error
    return Account(name=entry.pw_name, user_id=entry.pw_uid, group_id=entry.pw_gid)


def private_folder(folder: Path, account: Account | None) -> None:
    """Make ``folder``, empty and readable only for the account its server runs under."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, mode=0o700)
    if account is not None:
        account.own(folder)
