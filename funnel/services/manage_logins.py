"""Somebody's own ways in: see them, end them, change the password and with it end all of them."""

from uuid import UUID

from funnel.domain.errors import InvalidInputError, NotFoundError
from funnel.domain.login import Browser, Login, NewLogin, WrongPasswordError
from funnel.domain.password import check_password, hash_password, verify_password
from funnel.domain.speech import say
from funnel.domain.text import clean_text
from funnel.domain.throttle import (
    BY_ACCOUNT,
    TooManyTriesError,
    failures_now,
    wait_left,
)
from funnel.services.make_login import make_login
from funnel.storage import log_in_tries, logins, one_time_links, users
from funnel.storage.audit import write_audit
from funnel.storage.transaction import Transactions
from funnel.storage.users import Account

NAME_LIMIT = 80  # characters


def list_logins(user_id: UUID, transactions: Transactions) -> list[Login]:
    """Return somebody's ways in that work, the latest seen first."""
    with transactions.begin_reading() as tx:
        return logins.list_open(tx, user_id)


def end_login(login: Login, which: UUID, transactions: Transactions) -> None:
    """End one of somebody's own ways in.

    Raises:
        NotFoundError: It is not theirs, or ended already.
    """
    with transactions.begin() as tx:
        if not logins.end(tx, which, user_id=login.user.id):
            raise NotFoundError("that log-in has ended already")
        write_audit(tx, by=login.user.email, action="log-in ended", target=login.user.email)


def end_other_logins(login: Login, transactions: Transactions) -> int:
    """End all of somebody's ways in but the one that they use; return how many."""
    with transactions.begin() as tx:
        ended = logins.end_all(tx, login.user.id, besides=login.id)
        email = login.user.email
        write_audit(tx, by=email, action="log-ins ended", target=email, detail={"ended": ended})
        return ended


def change_name(login: Login, name: str, transactions: Transactions) -> None:
    """Give somebody the name that they want to be called by; empty: their address."""
    cleaned = clean_text(name, limit=NAME_LIMIT)
    with transactions.begin() as tx:
        users.set_name(tx, login.user.id, cleaned)
        write_audit(tx, by=login.user.email, action="name changed", target=login.user.email)


def change_language(login: Login, language: str, transactions: Transactions) -> None:
    """Let somebody's pages speak a language; empty: the one that each browser asks for."""
    with transactions.begin() as tx:
        users.set_language(tx, login.user.id, language)
        email = login.user.email
        write_audit(tx, by=email, action="language changed", target=email, detail={"to": language})


def change_password(
    login: Login, old: str, new: str, browser: Browser, transactions: Transactions
) -> NewLogin:
    """Keep another password, end every way in, and return a new one for this browser.

    Wrong old passwords are counted like those of a log-in: whoever found an open browser must not
    be able to guess here instead.

    Raises:
        InvalidInputError: The new one may not be chosen, or is the old one; field ``password``.
        WrongPasswordError: The old one is wrong.
        TooManyTriesError: It was wrong too often.
    """
    check_password(new, email=login.user.email, name=login.user.name)
    account = _count_try(login, transactions)
    if not verify_password(old, account.password_hash).is_right:
        raise WrongPasswordError(say("that is not your password of today"))
    if old == new:
        raise InvalidInputError(
            say("that is the password that you have"),
            field="password",
            remedy=say("Take another one."),
        )
    kept = hash_password(new)
    with transactions.begin() as tx:
        now = users.lock(tx, login.user.id)
        if now is None or now.password_hash != account.password_hash:
            raise WrongPasswordError(say("that is not your password of today"))
        log_in_tries.forget(tx, _key(login))
        users.set_password(tx, login.user.id, kept)
        one_time_links.drop_of(tx, login.user.id)
        ended = logins.end_all(tx, login.user.id)
        email = login.user.email
        write_audit(tx, by=email, action="password changed", target=email, detail={"ended": ended})
        return make_login(tx, now.user, browser)


def _count_try(login: Login, transactions: Transactions) -> Account:
    with transactions.begin() as tx:
        log_in_tries.lock(tx, [_key(login)])
        tries = log_in_tries.read(tx, _key(login))
        wait = wait_left(tries, BY_ACCOUNT, tx.real_now)
        if wait:
            raise TooManyTriesError(wait)
        log_in_tries.write(tx, _key(login), failures_now(tries, tx.real_now) + 1)
        account = users.lock(tx, login.user.id)
        if account is None:
            raise NotFoundError("this account is gone")
        return account


def _key(login: Login) -> str:
    return f"change {login.user.id}"
