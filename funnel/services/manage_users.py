"""Who may log in: add, list, shut out, let in again, another role, a link for a new password."""

from dataclasses import dataclass, field
from uuid import UUID

from funnel.domain.access import Role, User
from funnel.domain.errors import InvalidInputError, NotFoundError
from funnel.domain.login import LINK_LASTS, login_digest, new_login_token
from funnel.domain.speech import say
from funnel.domain.subscriber import normalise_address
from funnel.domain.text import clean_text
from funnel.storage import log_in_tries, logins, one_time_links, users
from funnel.storage.audit import write_audit
from funnel.storage.transaction import Transaction, Transactions

_NAME_LIMIT = 80  # characters


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """Somebody, and the token of the link by which they choose a password; shown once."""

    user: User
    token: str = field(repr=False)


def add_user(
    email: str, role: Role, transactions: Transactions, *, by: str, name: str = ""
) -> Invitation:
    """Let somebody log in, once they have chosen a password by the link.

    Raises:
        InvalidInputError: Not an address, or one that has an account; field ``email``.
    """
    address = normalise_address(email)
    with transactions.begin() as tx:
        user = users.add(tx, address=address, name=clean_text(name, limit=_NAME_LIMIT), role=role)
        if user is None:
            raise InvalidInputError(
                say("{address} has an account already", address=address.email),
                field="email",
                remedy=say("Give it another role, let it in again, or send a new link."),
            )
        write_audit(tx, by=by, action="user added", target=user.email, detail={"role": role})
        return _invite(tx, user)


def list_users(transactions: Transactions) -> list[User]:
    """Return everybody with an account, those who are shut out last."""
    with transactions.begin_reading() as tx:
        return users.list_all(tx)


def find_user(email: str, transactions: Transactions) -> User:
    """Return the user of an address.

    Raises:
        InvalidInputError: Not an address.
        NotFoundError: Nobody has it.
    """
    with transactions.begin_reading() as tx:
        account = users.find(tx, normalise_address(email).key)
    if account is None:
        raise NotFoundError(f"nobody logs in as {email}; `funnel user list` shows who does")
    return account.user


def reset_user(user_id: UUID, transactions: Transactions, *, by: str) -> Invitation:
    """Make a link by which somebody chooses another password; the old one works until then.

    Raises:
        NotFoundError: There is nobody of that id.
        InvalidInputError: They are shut out, or are the demo's own user.
    """
    with transactions.begin() as tx:
        user = _locked(tx, user_id)
        if user.is_disabled:
            raise InvalidInputError(
                say("{address} is shut out", address=user.email),
                remedy=say("Let them in again first."),
                field="user",
            )
        log_in_tries.forget(tx, log_in_tries.account_key(normalise_address(user.email).key))
        write_audit(tx, by=by, action="password link made", target=user.email)
        return _invite(tx, user)


def change_role(user_id: UUID, role: Role, transactions: Transactions, *, by: str) -> User:
    """Give somebody another role; it counts from their next request on.

    Raises:
        NotFoundError: There is nobody of that id.
        InvalidInputError: They are the only admin, or are the demo's own user.
    """
    with transactions.begin() as tx:
        user = _locked(tx, user_id)
        if user.role is not role:
            _leave_somebody_in_charge(tx, user)
            users.set_role(tx, user.id, role)
            detail = {"from": user.role, "to": role}
            write_audit(tx, by=by, action="role changed", target=user.email, detail=detail)
        return user


def disable_user(user_id: UUID, transactions: Transactions, *, by: str) -> User:
    """Shut somebody out: every way in of theirs ends now.

    Raises:
        NotFoundError: There is nobody of that id.
        InvalidInputError: They are the only admin, or are the demo's own user.
    """
    with transactions.begin() as tx:
        user = _locked(tx, user_id)
        _leave_somebody_in_charge(tx, user)
        users.disable(tx, user.id)
        one_time_links.drop_of(tx, user.id)
        detail = {"ended": logins.end_all(tx, user.id)}
        write_audit(tx, by=by, action="user shut out", target=user.email, detail=detail)
        return user


def enable_user(user_id: UUID, transactions: Transactions, *, by: str) -> User:
    """Let somebody in again, with the password that they had.

    Raises:
        NotFoundError: There is nobody of that id.
    """
    with transactions.begin() as tx:
        user = _locked(tx, user_id)
        users.enable(tx, user.id)
        write_audit(tx, by=by, action="user let in again", target=user.email)
        return user


def _locked(tx: Transaction, user_id: UUID) -> User:
    users.lock_all(tx)  # two admins who shut each other out at once would leave nobody
    account = users.lock(tx, user_id)
    if account is None:
        raise NotFoundError("nobody has that id")
    if account.user.is_demo:
        raise InvalidInputError(
            say("the demo's own log-in stays as it is"),
            field="user",
            remedy=say("It works in demo mode alone; add a user to try this out."),
        )
    return account.user


def _leave_somebody_in_charge(tx: Transaction, user: User) -> None:
    is_in_charge = user.role is Role.ADMIN and not user.is_disabled
    if is_in_charge and not users.count_in_charge(tx, besides=user.id):
        raise InvalidInputError(
            say("{address} is the only admin", address=user.email),
            field="user",
            remedy=say("Make somebody else an admin first, who has chosen a password."),
        )


def _invite(tx: Transaction, user: User) -> Invitation:
    token = new_login_token()
    one_time_links.add(tx, digest=login_digest(token), user_id=user.id, lasts=LINK_LASTS)
    return Invitation(user=user, token=token)
