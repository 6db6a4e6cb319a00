"""What may leave, and what did: budgets are rows, and so is what was spent of them."""

from collections.abc import Mapping

from sqlalchemy import text

from funnel.storage.rows import as_json
from funnel.storage.transaction import Transaction


def give_back(tx: Transaction, unspent: Mapping[tuple[str, str], int]) -> None:
    """Take back what was spent for messages that did not leave: skipped, given back, stale.

    The oldest spending of the last ten minutes shrinks first: which second a message was claimed
    in is not kept, and a window must not count less than really left within it.

    Args:
        tx: Call it last: nobody who holds these rows waits for a message.
        unspent: How many, by provider and lane.
    """
    rows = [
        {"provider": provider, "lane": lane, "number": number}
        for (provider, lane), number in unspent.items()
        if number > 0
    ]
    if rows:
        tx.connection.execute(_GIVE_BACK, {"rows": as_json(rows)})


# The locks in one order: several processes give back at once.
_GIVE_BACK = text(
    """
    with given as (
        select * from json_to_recordset(cast(:rows as json))
            as r(provider text, lane text, number int)
    ), held as materialized (
        select s.provider, s.lane, s.at, s.spent, g.number
        from budget_spending s join given g using (provider, lane)
        where s.at > now() - interval '10 minutes'
        order by s.provider, s.lane, s.at
        for no key update of s
    ), share as (
        select provider, lane, at, spent, number,
               sum(spent) over (partition by provider, lane order by at) - spent as before
        from held
    )
    update budget_spending b
    set spent = b.spent - greatest(0, least(share.spent, share.number - share.before))::int
    from share
    where b.provider = share.provider and b.lane = share.lane and b.at = share.at
      and share.before < share.number
    """
)
