"""A password becomes a way in; wrong ones are counted before they are looked at."""

from dataclasses import dataclass, field

from funnel.domain.errors import InvalidInputError
from funnel.domain.login import Browser, NewLogin, WrongPasswordError
from funnel.domain.password import Verdict, hash_password, verify_password
from funnel.domain.speech import say
from funnel.domain.subscriber import normalise_address
from funnel.domain.throttle import (
    BY_ACCOUNT,
    BY_NETWORK,
    Limit,
    TooManyTriesError,
    failures_now,
    wait_left,
)
from funnel.services.make_login import make_login
from funnel.storage import log_in_tries, logins, users
from funnel.storage.audit import write_audit
from funnel.storage.transaction import Transaction, Transactions
from funnel.storage.users import Account


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What was typed."""

    email: str
    password: str = field(repr=False)


def log_in(
    given: Credentials, browser: Browser, transactions: Transactions, *, is_demo: bool
) -> NewLogin:
    """Make a way in for whoever knows the password.

    A new one each time: what the browser had before is worth nothing more. Three transactions, so
    that no lock is held while the password is hashed: count the try as a wrong one, look at the
    password, and take the count back where it was right.

    Args:
        given: The address and the password.
        browser: Where it comes from.
        transactions: Several are opened.
        is_demo: This installation is a demo; only then the demo's own user is let in.

    Raises:
        TooManyTriesError: Too many wrong ones; nothing was looked at.
        WrongPasswordError: Unknown address, wrong password, no password yet, or not let in.
    """
    key = _key_of(given.email)
    account = _count_try(key, browser.network, transactions)
    verdict = verify_password(given.password, account.password_hash if account else None)
    is_let_in = account is not None and not _is_kept_out(account, is_demo=is_demo)
    if account is None or not verdict.is_right or not is_let_in:
        _note_wrong(account, transactions)
        raise WrongPasswordError(say("the address or the password is wrong"))
    return _let_in(account, verdict, given.password, browser, transactions)


def _key_of(email: str) -> str:
    """Return the key of an address; what is none has one too, which nobody's account has."""
    try:
        return normalise_address(email).key
    except InvalidInputError:
        return ""


def _is_kept_out(account: Account, *, is_demo: bool) -> bool:
    return account.user.is_disabled or (account.user.is_demo and not is_demo)


def _count_try(email_key: str, network: str, transactions: Transactions) -> Account | None:
    """Count one more wrong try in advance; tries at once are counted one after another."""
    with transactions.begin() as tx:
        account = users.find(tx, email_key)
        counted = {log_in_tries.network_key(network): BY_NETWORK}
        # Whoever has come in from here before is slowed down by the network's limit alone: so
        # nobody elsewhere can lock them out by guessing.
        if account is None or not logins.has_come_from(tx, account.user.id, network):
            counted[log_in_tries.account_key(email_key)] = BY_ACCOUNT
        log_in_tries.lock(tx, counted)
        _refuse_if_too_many(tx, counted)
        for key in counted:
            log_in_tries.write(tx, key, failures_now(log_in_tries.read(tx, key), tx.real_now) + 1)
        log_in_tries.forget_old(tx)
        return account


def _refuse_if_too_many(tx: Transaction, counted: dict[str, Limit]) -> None:
    waits = [
        wait_left(log_in_tries.read(tx, key), limit, tx.real_now) for key, limit in counted.items()
    ]
    if any(waits):
        raise TooManyTriesError(max(waits))


def _let_in(
    account: Account,
    verdict: Verdict,
    password: str,
    browser: Browser,
    transactions: Transactions,
) -> NewLogin:
    with transactions.begin() as tx:
        now = users.lock(tx, account.user.id)
        # Changed or shut out while the password was hashed: those ways in have been ended.
        if now is None or now.password_hash != account.password_hash or now.user.is_disabled:
            raise WrongPasswordError(say("the address or the password is wrong"))
        if verdict.is_outdated:
            users.set_password(tx, account.user.id, hash_password(password))
        _take_back(tx, account, browser.network)
        write_audit(tx, by=account.user.email, action="logged in", target=account.user.email)
        return make_login(tx, now.user, browser)


def _take_back(tx: Transaction, account: Account, network: str) -> None:
    log_in_tries.forget(tx, log_in_tries.account_key(_key_of(account.user.email)))
    # Not forgotten: with one account of one's own, one could guess at all others without a wait.
    log_in_tries.give_back(tx, log_in_tries.network_key(network))


def _note_wrong(account: Account | None, transactions: Transactions) -> None:
    """Write down who was guessed at; as much work for an address that nobody has."""
    target = account.user.email if account else "an address without an account"
    with transactions.begin() as tx:
        write_audit(tx, by="somebody", action="log-in refused", target=target)
