"""Add, list and revoke tokens of programs. A token is shown once, when it is made."""

from collections.abc import Collection

from funnel.domain.api_token import ApiToken, Scope, new_token, token_digest
from funnel.domain.errors import InvalidInputError, NotFoundError
from funnel.domain.speech import say
from funnel.domain.text import clean_text
from funnel.storage import api_tokens
from funnel.storage.audit import write_audit
from funnel.storage.transaction import Transactions

_NAME_LIMIT = 80


def add_token(name: str, scopes: Collection[Scope], transactions: Transactions, *, by: str) -> str:
    """Make a token and return it; nobody can read it again.

    Args:
        name: What it is for; no other token may have it.
        scopes: What it is good for; at least one.
        transactions: One is opened.
        by: Who makes it.

    Raises:
        InvalidInputError: No name, no scope, or a name that is taken.
    """
    cleaned = clean_text(name, limit=_NAME_LIMIT)
    if not cleaned:
        raise InvalidInputError(
            say("a token needs a name"),
            field="name",
            remedy=say("Name the program that will use it."),
        )
    if not scopes:
        raise InvalidInputError(
            say("a token needs a scope"),
            field="scope",
            remedy=say("Give one of: {names}.", names=", ".join(Scope)),
        )
    token = new_token()
    with transactions.begin() as tx:
        if not api_tokens.add(tx, name=cleaned, digest=token_digest(token), scopes=scopes):
            raise InvalidInputError(
                say("there is a token “{cleaned}” already, or there was", cleaned=cleaned),
                field="name",
                remedy="Choose another name: what one of it did must stay known.",
            )
        detail = {"scopes": " ".join(sorted(scopes))}
        write_audit(tx, by=by, action="token added", target=cleaned, detail=detail)
    return token


def list_tokens(transactions: Transactions) -> list[ApiToken]:
    """Return every token, the revoked ones too, by name."""
    with transactions.begin() as tx:
        return api_tokens.list_all(tx)


def revoke_token(name: str, transactions: Transactions, *, by: str) -> None:
    """End a token for good, from the next request on.

    Raises:
        NotFoundError: No token of that name works.
    """
    with transactions.begin() as tx:
        if not api_tokens.revoke(tx, name):
            raise NotFoundError(f"no token “{name}” works; `funnel token list` shows them")
        write_audit(tx, by=by, action="token revoked", target=name)
