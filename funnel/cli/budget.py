"""``funnel budget``: how much may leave, by whom and in which lane."""

from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer

from funnel.cli.console import new_table, say, show
from funnel.cli.opening import opened, who

if TYPE_CHECKING:
    from funnel.domain.budget import Budget, Room
    from funnel.services.read_budgets import BudgetsView, ProviderLine

app = typer.Typer(no_args_is_help=True, help="How much may leave, by whom and in which lane.")

_Provider = Annotated[str, typer.Option(help="smtp, postmark, ses; * for all together.")]
_LaneName = Annotated[
    str, typer.Option(help="gmail, microsoft, yahoo, apple, other, notices; * for all together.")
]
_Limit = Annotated[int | None, typer.Option(min=1)]


@app.command("show")
def show_budgets() -> None:
    """Show the limits, what is left of them, the providers, and how long waiting letters take."""
    from funnel.domain.budget_words import drain_text
    from funnel.services.read_budgets import read_budgets

    with opened() as deps:
        found = read_budgets(deps.transactions, deps.dispatch_limits.claim_rules)
    _show_lines(found)
    for each in found.providers:
        for line in _about_provider(each):
            say(line)
    for domain, lane in found.own_lanes.items():
        say(f"{domain} is in the lane {lane}, by a rule of yours.")
    if found.letters_waiting:
        say(f"{drain_text(found.letters_waiting, found.letters, found.now)}.")


def _show_lines(found: "BudgetsView") -> None:
    from funnel.domain.budget_words import budget_text

    if not found.lines:
        say("No limit is set: emails leave as fast as the mail server takes them.")
        say("`funnel budget preset shared-host` (or another) sets the limits of a kind of host.")
        return
    table = new_table("provider", "lane", "limits", "left now", "for letters", "set by")
    for each in found.lines:
        by = f"{each.kept.updated_by} {each.kept.preset}".strip() if each.kept else "the settings"
        days = len(each.placed.budget.warm_up)
        table.add_row(
            each.placed.provider,
            each.placed.lane,
            budget_text(each.placed.budget, found.now)
            + (f" (warm-up, {days} days)" if days else ""),
            _left(each.room),
            _left(each.for_letters),
            by,
        )
    show(table)


def _left(room: "Room") -> str:
    if room.next_at is not None:
        return f"none until {room.next_at:%H:%M:%S} UTC"
    return "no limit" if room.number is None else f"{room.number:,}"


def _about_provider(line: "ProviderLine") -> list[str]:
    lines = []
    if line.retry_at is not None:
        lines.append(
            f"{line.name} is left alone ({line.reason or 'it did not answer'}) and tried again at "
            f"{line.retry_at:%H:%M:%S} UTC."
        )
    lines += [
        f"{line.name} asked to slow down: {lane} goes at {share:.0%} of its speed, and faster soon."
        for lane, share in line.slowed
    ]
    return lines


@app.command("set")
def set_limits(  # noqa: PLR0913  (one option a limit)
    *,
    per_second: _Limit = None,
    per_minute: _Limit = None,
    per_hour: _Limit = None,
    per_day: _Limit = None,
    provider: _Provider = "*",
    lane: _LaneName = "*",
    remove: Annotated[bool, typer.Option(help="Let go of the limits of this place.")] = False,
) -> None:
    """Set the limits of a provider, a lane or both: what was set there before is replaced."""
    from funnel.domain.budget import Budget
    from funnel.services.set_budget import remove_budget, set_budget

    with opened() as deps:
        if remove:
            was_there = remove_budget(deps.transactions, by=who(), provider=provider, lane=lane)
            say("These limits are gone." if was_there else "There were no limits.")
            return
        budget = Budget(
            per_second=per_second, per_minute=per_minute, per_hour=per_hour, per_day=per_day
        )
        set_budget(deps.transactions, budget, by=who(), provider=provider, lane=lane)
    _say_set(budget)


@app.command("preset")
def preset(
    key: Annotated[str, typer.Argument(help="Its name; without one, all are shown.")] = "",
    *,
    provider: _Provider = "*",
    lane: _LaneName = "*",
) -> None:
    """Set the limits that a kind of provider is known for."""
    from funnel.domain.budget_presets import preset_of
    from funnel.services.set_budget import use_preset

    if not key:
        _show_presets()
        return
    with opened() as deps:
        use_preset(deps.transactions, key, by=who(), provider=provider, lane=lane)
    _say_set(preset_of(key).budget)


def _show_presets() -> None:
    from datetime import UTC, datetime

    from funnel.domain.budget_presets import PRESETS
    from funnel.domain.budget_words import budget_text

    table = new_table("preset", "limits", "about", "source")
    for each in PRESETS:
        limits = budget_text(each.budget, datetime.min.replace(tzinfo=UTC))
        table.add_row(each.key, limits, each.about, each.source)
    show(table)


def _say_set(budget: "Budget") -> None:
    from funnel.domain.budget import drain
    from funnel.domain.budget_words import drain_text

    with opened() as deps, deps.transactions.begin() as tx:
        now = tx.real_now
    say(f"Set. {drain_text(1_000, drain([(budget, ())], 1_000, now), now)}.")


@app.command("warm-up")
def warm_up(
    days: Annotated[
        str, typer.Argument(help="Emails a day, in order: 50,100,200,400. none: end it.")
    ],
    *,
    begins_on: Annotated[str, typer.Option(help="Its first day, as 2031-03-04 (UTC).")] = "",
    provider: _Provider = "*",
    lane: _LaneName = "*",
) -> None:
    """Let more leave each day, until a new sender is known."""
    from funnel.domain.errors import InvalidInputError
    from funnel.services.set_budget import warm_up as set_warm_up

    try:
        numbers = [] if days == "none" else [int(each) for each in days.split(",")]
        first = date.fromisoformat(begins_on) if begins_on else None
    except ValueError as error:
        raise InvalidInputError(
            "the warm-up is not one",
            field="days",
            remedy='Write numbers like "50,100,200" and a day like 2031-03-04.',
        ) from error
    with opened() as deps:
        with deps.transactions.begin() as tx:
            first = first or tx.real_now.date()
        set_warm_up(
            deps.transactions, numbers, by=who(), begins_on=first, provider=provider, lane=lane
        )
    if not numbers:
        say("There is no warm-up any more.")
        return
    say(f"From {first} on, {len(numbers)} days: {', '.join(f'{each:,}' for each in numbers)}.")


@app.command("lane-of")
def lane_of(
    address: Annotated[str, typer.Argument(help="An address or a domain.")],
    *,
    lane: Annotated[str, typer.Option("--set", help="Put the domain into this lane.")] = "",
    forget: Annotated[bool, typer.Option(help="Forget the rule for this domain.")] = False,
) -> None:
    """Say in which lane an address is; with --set, put its domain into one."""
    from funnel.services.set_budget import find_lane, set_lane

    with opened() as deps:
        if lane or forget:
            set_lane(deps.transactions, address, "" if forget else lane, by=who())
        found, is_own = find_lane(deps.transactions, address)
    say(f"{address}: {found}{', by a rule of yours' if is_own else ''}.")
