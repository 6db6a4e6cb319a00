"""Whether a program may do what it asks for."""

from funnel.domain.api_token import (
    ApiToken,
    MissingScopeError,
    Scope,
    UnknownTokenError,
    token_digest,
)
from funnel.storage import api_tokens
from funnel.storage.transaction import Transactions

_LONGEST = 200  # characters; ours are shorter


def check_token(token: str, scope: Scope, transactions: Transactions) -> ApiToken:
    """Return whose token it is, and note that it is in use.

    Raises:
        UnknownTokenError: None was sent, or one that is not known or revoked.
        MissingScopeError: It is not good for ``scope``.
    """
    if not token or len(token) > _LONGEST:
        raise UnknownTokenError("no token of ours was sent")
    with transactions.begin() as tx:
        known = api_tokens.find(tx, token_digest(token))
        if known is None:
            raise UnknownTokenError("no token of ours was sent")
        if scope not in known.scopes:
            raise MissingScopeError(scope)
        api_tokens.touch(tx, known.id)
        return known
