"""Recipient domains that belong to a lane by a rule of this installation."""

from sqlalchemy import text

from funnel.domain.message import Lane, lane_of
from funnel.storage.transaction import Transaction


def list_lane_domains(tx: Transaction) -> dict[str, str]:
    """Return the lane of each domain that has a rule of its own."""
    rows = tx.connection.execute(text("select domain, lane from lane_domains order by domain"))
    return {row.domain: row.lane for row in rows}


def lane_for(tx: Transaction, address: str) -> Lane:
    """Return the lane of an address: by a rule of this installation, or by the known domains."""
    statement = text("select lane from lane_domains where domain = :domain")
    domain = address.rpartition("@")[2].casefold()
    own = tx.connection.execute(statement, {"domain": domain}).scalar_one_or_none()
    return Lane(own) if own is not None else lane_of(address)


def save_lane_domain(tx: Transaction, domain: str, lane: str) -> None:
    """Put a domain (lower case) into a lane."""
    statement = text(
        """
        insert into lane_domains (domain, lane) values (:domain, :lane)
        on conflict (domain) do update set lane = excluded.lane
        """
    )
    tx.connection.execute(statement, {"domain": domain, "lane": lane})


def remove_lane_domain(tx: Transaction, domain: str) -> bool:
    """Forget a rule; say whether there was one."""
    statement = text("delete from lane_domains where domain = :domain")
    return tx.connection.execute(statement, {"domain": domain}).rowcount > 0
