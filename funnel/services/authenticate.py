"""Whose way in a browser holds, and the end of it."""

from funnel.domain.login import (
    LONGEST_TOKEN,
    SEEN_EVERY,
    Login,
    NotLoggedInError,
    is_over,
    login_digest,
)
from funnel.storage import logins
from funnel.storage.audit import write_audit
from funnel.storage.transaction import Transactions


def authenticate(token: str, transactions: Transactions, *, is_demo: bool) -> Login:
    """Return the way in of a cookie's token, and note that it is in use, once a minute at most.

    Asked with each request: a way in that was ended, a user who is shut out or has another role
    since, count from the next one on.

    Args:
        token: The cookie's; "" where there is none.
        transactions: One is opened.
        is_demo: This installation is a demo; only then the demo's own user is let in.

    Raises:
        NotLoggedInError: There is none, or it is over.
    """
    if not token or len(token) > LONGEST_TOKEN:
        raise NotLoggedInError("no way in was shown")
    with transactions.begin() as tx:
        login = logins.find(tx, login_digest(token))
        if login is None or is_over(login, tx.real_now):
            raise NotLoggedInError("this way in is over")
        if login.user.is_disabled or (login.user.is_demo and not is_demo):
            raise NotLoggedInError("this way in is over")
        if tx.real_now - login.last_seen_at >= SEEN_EVERY:
            logins.touch(tx, login.id)
        return login


def log_out(login: Login, transactions: Transactions) -> None:
    """End a way in, for good."""
    with transactions.begin() as tx:
        if logins.end(tx, login.id, user_id=login.user.id):
            write_audit(tx, by=login.user.email, action="logged out", target=login.user.email)
