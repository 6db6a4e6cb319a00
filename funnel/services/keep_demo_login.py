"""The ready log-in of the demo: an admin who exists for nobody but a demo."""

from funnel.domain.access import Role
from funnel.domain.password import hash_password, verify_password
from funnel.domain.subscriber import normalise_address
from funnel.storage import logins, users
from funnel.storage.transaction import Transactions

DEMO_EMAIL = "demo@example.com"


def keep_demo_login(password: str, transactions: Transactions) -> str:
    """Make sure that the demo's user has that password, and return their address.

    Outside demo mode they are let in nowhere: not at the log-in, and not by a way in that is kept.
    """
    address = normalise_address(DEMO_EMAIL)
    with transactions.begin() as tx:
        users.lock_all(tx)
        users.add(tx, address=address, name="Demo", role=Role.ADMIN, is_demo=True)
        account = users.find(tx, address.key)
        assert account is not None  # noqa: S101 # it has just been added
        if account.user.is_demo and not verify_password(password, account.password_hash).is_right:
            users.set_password(tx, account.user.id, hash_password(password))
            logins.end_all(tx, account.user.id)
    return account.user.email
