"""What somebody tried and may not do is written down."""

from funnel.domain.login import Login
from funnel.storage.audit import write_audit
from funnel.storage.transaction import Transactions


def note_forbidden(login: Login, route: str, why: str, transactions: Transactions) -> None:
    """Note that a request of somebody who is logged in was refused.

    Args:
        login: Whose request it was.
        route: Its method and its route's pattern, not its address.
        why: What was missing.
        transactions: One is opened.
    """
    detail = {"why": why, "role": str(login.user.role)}
    with transactions.begin() as tx:
        write_audit(tx, by=login.user.email, action="refused", target=route, detail=detail)
