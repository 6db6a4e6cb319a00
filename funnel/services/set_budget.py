"""Say how much may leave, by whom and in which lane; every change is written down."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Final

from funnel.domain.allowance import PlacedBudget
from funnel.domain.budget import ALL, Budget
from funnel.domain.budget_presets import preset_of
from funnel.domain.errors import InvalidInputError
from funnel.domain.message import Lane, lane_of
from funnel.domain.speech import say
from funnel.storage import audit, budgets, lane_domains
from funnel.storage.transaction import Transaction, Transactions

PROVIDERS: Final = ("smtp", "postmark", "ses", "mailbox")


def set_budget(
    transactions: Transactions,
    budget: Budget,
    *,
    by: str,
    provider: str = ALL,
    lane: str = ALL,
    preset: str = "",
) -> None:
    """Set the limits of a provider, a lane or both; those that were set before are replaced.

    Args:
        transactions: On the database whose dispatcher heeds it from its next claim.
        budget: Without a warm-up, the one that runs goes on.
        by: Who sets it.
        provider: Its name in the settings, or ``*`` for all together.
        lane: A lane, or ``*`` for all together.
        preset: The preset that the limits come from.

    Raises:
        InvalidInputError: There is no such provider or lane, or there is no limit.
    """
    _check_place(provider, lane)
    with transactions.begin() as tx:
        kept = _kept(tx, provider, lane)
        if kept is not None and budget.warm_up_from is None:
            budget = replace(budget, warm_up_from=kept.warm_up_from, warm_up=kept.warm_up)
        if budget == Budget():
            raise InvalidInputError(
                say("a budget needs at least one limit"),
                field="per_hour",
                remedy=say("Write how many emails may leave in an hour, or remove the budget."),
            )
        placed = PlacedBudget(provider=provider, lane=lane, budget=budget)
        budgets.save_budget(tx, placed, preset=preset, by=by)
        _write_down(tx, placed, by=by, preset=preset)


def use_preset(
    transactions: Transactions, key: str, *, by: str, provider: str = ALL, lane: str = ALL
) -> None:
    """Set the limits that a kind of provider is known for.

    Raises:
        InvalidInputError: There is no such preset, provider or lane.
    """
    budget = preset_of(key).budget
    set_budget(transactions, budget, by=by, provider=provider, lane=lane, preset=key)


def warm_up(
    transactions: Transactions,
    days: Sequence[int],
    *,
    by: str,
    begins_on: date,
    provider: str = ALL,
    lane: str = ALL,
) -> None:
    """Let more leave each day until a sender is known; none: end the warm-up.

    Args:
        transactions: On the database whose dispatcher heeds it from its next claim.
        days: Emails in any 24 hours, on the first day, the second and so on.
        by: Who sets it.
        begins_on: The first day, UTC.
        provider: As in ``set_budget``.
        lane: As in ``set_budget``.

    Raises:
        InvalidInputError: There is no such provider or lane, or a day lets nothing leave.
    """
    _check_place(provider, lane)
    with transactions.begin() as tx:
        kept = _kept(tx, provider, lane) or Budget()
        grown = replace(kept, warm_up_from=begins_on if days else None, warm_up=tuple(days))
        placed = PlacedBudget(provider=provider, lane=lane, budget=grown)
        if grown == Budget():
            budgets.remove_budget(tx, provider=provider, lane=lane)
        else:
            budgets.save_budget(tx, placed, preset="", by=by)
        _write_down(tx, placed, by=by, preset="")


def remove_budget(
    transactions: Transactions, *, by: str, provider: str = ALL, lane: str = ALL
) -> bool:
    """Let go of the limits of one place; say whether there were any."""
    with transactions.begin() as tx:
        was_there = budgets.remove_budget(tx, provider=provider, lane=lane)
        if was_there:
            target = f"budget:{provider}:{lane}"
            audit.write_audit(tx, by=by, action="removed budget", target=target)
    return was_there


def set_lane(transactions: Transactions, domain: str, lane: str, *, by: str) -> None:
    """Put a recipient domain into a lane, for runs that begin and emails that are made from now on.

    Args:
        transactions: On the database that keeps the rule.
        domain: Of addresses; an "@" before it is let go.
        lane: A lane; empty: forget the rule.
        by: Who says so.

    Raises:
        InvalidInputError: It is not a domain, or there is no such lane.
    """
    name = domain.strip().casefold().rpartition("@")[2]
    if "." not in name or " " in name:
        raise InvalidInputError(
            say("“{domain}” is not a domain", domain=domain),
            field="domain",
            remedy=say("Write it like company.example."),
        )
    if lane:
        _check_lane(lane)
    with transactions.begin() as tx:
        if lane:
            lane_domains.save_lane_domain(tx, name, lane)
        else:
            lane_domains.remove_lane_domain(tx, name)
        audit.write_audit(
            tx, by=by, action="set lane", target=f"domain:{name}", detail={"lane": lane or None}
        )


def find_lane(transactions: Transactions, address: str) -> tuple[Lane, bool]:
    """Return the lane of an address or a domain, and whether a rule of one's own says so."""
    with transactions.begin() as tx:
        lane = lane_domains.lane_for(tx, address)
        domain = address.rpartition("@")[2].casefold()
        return lane, domain in lane_domains.list_lane_domains(tx) or lane is not lane_of(address)


def _kept(tx: Transaction, provider: str, lane: str) -> Budget | None:
    found = [each.placed for each in budgets.list_budgets(tx)]
    place = (provider, lane)
    return next((each.budget for each in found if (each.provider, each.lane) == place), None)


def _check_place(provider: str, lane: str) -> None:
    if provider not in (ALL, *PROVIDERS):
        raise InvalidInputError(
            say("there is no provider “{name}”", name=provider),
            field="provider",
            remedy=say("These are known: {keys}.", keys=", ".join((*PROVIDERS, ALL))),
        )
    if lane != ALL:
        _check_lane(lane)


def _check_lane(lane: str) -> None:
    if lane not in tuple(Lane):
        raise InvalidInputError(
            say("there is no lane “{name}”", name=lane),
            field="lane",
            remedy=say("These are known: {keys}.", keys=", ".join(Lane)),
        )


def _write_down(tx: Transaction, placed: PlacedBudget, *, by: str, preset: str) -> None:
    budget = placed.budget
    audit.write_audit(
        tx,
        by=by,
        action="set budget",
        target=f"budget:{placed.provider}:{placed.lane}",
        detail={
            "per_second": budget.per_second,
            "per_minute": budget.per_minute,
            "per_hour": budget.per_hour,
            "per_day": budget.per_day,
            "preset": preset or None,
            "warm_up_days": len(budget.warm_up) or None,
        },
    )
