"""A link that works once: somebody chooses a password by it, or the first admin comes to be."""

from dataclasses import dataclass, field

from funnel.domain.access import Role, User
from funnel.domain.login import (
    LINK_LASTS,
    LONGEST_TOKEN,
    Browser,
    LinkUnusableError,
    NewLogin,
    login_digest,
    new_login_token,
)
from funnel.domain.password import check_password, hash_password
from funnel.domain.speech import mark, say
from funnel.domain.subscriber import Address, normalise_address
from funnel.domain.text import clean_text
from funnel.services.make_login import make_login
from funnel.storage import logins, one_time_links, users
from funnel.storage.audit import write_audit
from funnel.storage.one_time_links import OneTimeLink
from funnel.storage.transaction import Transaction, Transactions
from funnel.storage.users import Account

_NAME_LIMIT = 80  # characters
_UNUSABLE = mark("this link was used already, is too old, or is cut off at its end")


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """What was typed on the link's page; ``email`` counts for the first admin only."""

    password: str = field(repr=False)
    email: str = ""
    name: str = ""


def offer_first_admin(transactions: Transactions) -> str | None:
    """Return the token of a link for the first admin; ``None`` where somebody has an account."""
    with transactions.begin() as tx:
        if users.is_there_any(tx):
            return None
        token = new_login_token()
        one_time_links.add(tx, digest=login_digest(token), user_id=None, lasts=LINK_LASTS)
        return token


def read_one_time_link(token: str, transactions: Transactions) -> User | None:
    """Return whose link it is, ``None`` for the first admin's; nothing is used up.

    Raises:
        LinkUnusableError: Unknown, used, too old, or there is an admin by now.
    """
    with transactions.begin_reading() as tx:
        return _user_of(tx, _usable(tx, token))


def use_one_time_link(
    token: str, chosen: Chosen, browser: Browser, transactions: Transactions
) -> NewLogin:
    """Keep the password that somebody chose, end every other way in, and let them in.

    Raises:
        LinkUnusableError: Unknown, used, too old, or there is an admin by now.
        InvalidInputError: The password may not be chosen, or the first admin's address is none.
    """
    user = read_one_time_link(token, transactions)
    address = normalise_address(user.email if user else chosen.email)
    name = clean_text(chosen.name, limit=_NAME_LIMIT)
    check_password(chosen.password, email=address.email, name=user.name if user else name)
    kept = hash_password(chosen.password)
    with transactions.begin() as tx:
        # Who is locked before the link: a change of roles and a use of a link take turns.
        users.lock_all(tx)
        link = _usable(tx, token, is_to_be_used=True)
        account = _account_of(tx, link, address, name)
        one_time_links.use(tx, link)
        users.set_password(tx, account.user.id, kept)
        ended = logins.end_all(tx, account.user.id)
        email = account.user.email
        action = "password chosen" if link.user_id else "first admin made"
        write_audit(tx, by=email, action=action, target=email, detail={"ended": ended})
        return make_login(tx, account.user, browser)


def _usable(tx: Transaction, token: str, *, is_to_be_used: bool = False) -> OneTimeLink:
    if not token or len(token) > LONGEST_TOKEN:
        raise LinkUnusableError(say(_UNUSABLE))
    link = one_time_links.find(tx, login_digest(token), is_to_be_used=is_to_be_used)
    if link is None or (link.user_id is None and users.is_there_any(tx)):
        raise LinkUnusableError(say(_UNUSABLE))
    return link


def _user_of(tx: Transaction, link: OneTimeLink) -> User | None:
    if link.user_id is None:
        return None
    user = users.find_by_id(tx, link.user_id)
    if user is None or user.is_disabled or user.is_demo:
        raise LinkUnusableError(say(_UNUSABLE))
    return user


def _account_of(tx: Transaction, link: OneTimeLink, address: Address, name: str) -> Account:
    if link.user_id is None:
        added = users.add(tx, address=address, name=name, role=Role.ADMIN)
        if added is None:  # the demo's own user has that address
            raise LinkUnusableError(say(_UNUSABLE))
        return Account(user=added, password_hash=None)
    account = users.lock(tx, link.user_id)
    if account is None or account.user.is_disabled:
        raise LinkUnusableError(say(_UNUSABLE))
    return account
