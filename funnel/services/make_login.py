"""A way in for somebody who has just proved who they are."""

from funnel.domain.access import User
from funnel.domain.login import LASTS, Browser, NewLogin, login_digest, new_login_token
from funnel.storage import logins
from funnel.storage.transaction import Transaction


def make_login(tx: Transaction, user: User, browser: Browser) -> NewLogin:
    """Write a way in and return its token, within ``tx``.

    Always a new one: what the browser held before, perhaps planted by somebody, is worth nothing.
    """
    token = new_login_token()
    logins.add(tx, digest=login_digest(token), user_id=user.id, browser=browser, lasts=LASTS)
    return NewLogin(token=token, user=user)
