"""What goes live, and for whom: ``funnel sequence impact | publish | rollback``."""

import csv
import json
import sys
from collections.abc import Iterable
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from funnel.cli.console import new_table, progress, say, show
from funnel.cli.opening import opened, who
from funnel.cli.replanning import drive_replan
from funnel.cli.versions import SlugName

if TYPE_CHECKING:
    from funnel.bootstrap import Deps
    from funnel.domain.impact import StepChange
    from funnel.domain.version_switch import PublishPolicy
    from funnel.services.publish_draft import PublishOrder, PublishReport
    from funnel.services.read_impact import Candidate, Impact, PersonImpact


class Policy(StrEnum):
    """What becomes of whoever is in the sequence, as it is typed."""

    KEEP = "keep"
    MOVE = "move"
    CATCH_UP = "catch-up"
    SKIP = "skip"


_PolicyName = Annotated[
    Policy,
    typer.Option(
        help="For whoever is in the sequence: keep their version; move, without new emails whose "
        "moment has passed; catch-up, with those; skip what stands before where they are."
    ),
]
_Note = Annotated[str, typer.Option(help="Why, for whoever reads the list of versions.")]
_Yes = Annotated[bool, typer.Option("--yes", help="Do it without asking.")]


def impact(
    slug: SlugName,
    *,
    policy: _PolicyName,
    people: Annotated[bool, typer.Option("--people", help="A line for each change.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON; people one a line.")] = False,
    addresses: Annotated[
        bool, typer.Option("--addresses", help="Whole addresses, not a***@example.org.")
    ] = False,
) -> None:
    """Say what publishing the draft would mean for everybody in the sequence. Nothing changes."""
    from funnel.services.read_impact import draft_candidate, people_impact

    with opened() as deps:
        with deps.transactions.begin_reading() as tx:
            candidate = draft_candidate(tx, slug)
        if people:
            found = people_impact(candidate, _policy(policy), deps.transactions)
            _print_people(found, as_json=as_json, in_full=addresses)
            return
        sums = _asked(candidate, policy, deps)
    if as_json:
        say(json.dumps(_as_json(sums), ensure_ascii=False, indent=2))
    else:
        _print_impact(sums)


def publish(slug: SlugName, *, policy: _PolicyName, note: _Note = "", yes: _Yes = False) -> None:
    """Make the draft live: first its impact, then the question, then everybody follows."""
    from funnel.services.publish_draft import publish_draft
    from funnel.services.read_impact import draft_candidate

    with opened() as deps:
        with deps.transactions.begin_reading() as tx:
            candidate = draft_candidate(tx, slug)
        if not _is_wanted(candidate, policy, deps, yes=yes):
            return
        with progress(0) as told:
            report = publish_draft(
                slug, _order(policy, note), deps.builder, deps.transactions, progress=told
            )
        _finish(report, deps)


def rollback(
    slug: SlugName,
    number: Annotated[int, typer.Argument(help="The version to go back to.")],
    *,
    policy: _PolicyName,
    note: _Note = "",
    yes: _Yes = False,
) -> None:
    """Publish a former version once more, as a new one."""
    from funnel.services.roll_back import former_candidate, roll_back

    with opened() as deps:
        with deps.transactions.begin_reading() as tx:
            candidate = former_candidate(tx, slug, number)
        if not _is_wanted(candidate, policy, deps, yes=yes):
            return
        with progress(0) as told:
            report = roll_back(
                slug, number, _order(policy, note), deps.builder, deps.transactions, progress=told
            )
        _finish(report, deps)


def _is_wanted(candidate: "Candidate", policy: Policy, deps: "Deps", *, yes: bool) -> bool:
    _print_impact(_asked(candidate, policy, deps))
    if yes or typer.confirm(f"Publish it as version {candidate.number}?"):
        return True
    say("Nothing was changed.")
    return False


def _finish(report: "PublishReport", deps: "Deps") -> None:
    renders = report.renders
    if renders.emails:
        say(f"Rendered {renders.emails:,} emails for {renders.people:,} people: all are whole.")
    say(f"Version {report.number} is live.")
    if report.replan is not None and drive_replan(report.replan, deps.transactions):
        say("Everybody in the sequence follows it.")


def _asked(candidate: "Candidate", policy: Policy, deps: "Deps") -> "Impact":
    from funnel.services.read_impact import read_impact

    with progress(0) as told:
        return read_impact(candidate, _policy(policy), deps.transactions, progress=told)


def _policy(policy: Policy) -> "PublishPolicy":
    from funnel.domain.version_switch import PublishPolicy

    return PublishPolicy(policy.replace("-", " "))


def _order(policy: Policy, note: str) -> "PublishOrder":
    from funnel.services.publish_draft import PublishOrder

    return PublishOrder(policy=_policy(policy), by=who(), note=note)


def _print_impact(sums: "Impact") -> None:
    say(sums.sentence)
    if not sums.steps:
        return
    headings = (
        "get it today",
        "tomorrow",
        "later",
        "if it applies",
        "not",
        "had it",
        "moved",
        "not any more",
    )
    table = new_table("email", *headings, numbers=headings)
    for step in sums.steps:
        counts = (
            step.gets["today"],
            step.gets["tomorrow"],
            step.gets["later"],
            step.may_get,
            step.misses.total(),
            step.had,
            step.moves.total(),
            step.removed,
        )
        name = f"{step.name} (new)" if step.is_new else step.name
        table.add_row(name, *(f"{each:,}" if each else "" for each in counts))
    show(table)
    say(f"{sums.changed:,} of {sums.people:,} people in it see a change.")


def _print_people(people: "Iterable[PersonImpact]", *, as_json: bool, in_full: bool) -> None:
    """Write a line as each change is found: however many there are, none is kept."""
    table = csv.writer(sys.stdout)
    columns = ("person", "address", "email", "copy", "change", "before", "after", "why")
    if not as_json:
        table.writerow(columns)
    for person in people:
        address = person.email if in_full else _masked(person.email)
        for change in person.changes:
            if change.change == "unchanged":
                continue
            values = (str(person.subscriber_id), address, *_told(change))
            if as_json:
                line = json.dumps(dict(zip(columns, values, strict=True)), ensure_ascii=False)
                sys.stdout.write(line + "\n")
            else:
                table.writerow(values)


def _told(change: "StepChange") -> tuple[Any, ...]:
    skip = change.skip.value if change.skip else ""
    return (
        change.key,
        change.copy,
        change.change.value,
        change.before.isoformat() if change.before else "",
        change.after.isoformat() if change.after else "",
        skip or change.why,
    )


def _masked(address: str) -> str:
    name, _, domain = address.rpartition("@")
    return f"{name[:1]}***@{domain}"


def _as_json(sums: "Impact") -> dict[str, Any]:
    return {
        "version": sums.number,
        "policy": sums.policy.value,
        "people": sums.people,
        "changed": sums.changed,
        "sentence": sums.sentence,
        "at": sums.now.isoformat(),
        "emails": [
            {
                "key": step.key,
                "name": step.name,
                "is_new": step.is_new,
                "will_get": dict(step.gets),
                "may_get": step.may_get,
                "will_not_get": dict(step.misses),
                "had_it_already": step.had,
                "moves": dict(step.moves),
                "removed": step.removed,
                "other_reason": step.other_reasons,
            }
            for step in sums.steps
        ],
    }
