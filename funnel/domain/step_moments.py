"""From anchors to moments: what a step's time counts from, and when that makes it due."""

from collections.abc import Mapping
from datetime import datetime

from funnel.domain.enrollment import Enrollment, PassedStep
from funnel.domain.message import MessageStatus
from funnel.domain.plan import SkipReason
from funnel.domain.prepared import PreparedTiming
from funnel.domain.sequence import Anchor, AnchorKind, Step, Timing
from funnel.domain.session import Registration


def timing_for(step: Step, registration: Registration | None) -> Timing | None:
    """Return the timing that applies: the one for people without a seat, where they have none.

    ``None``: the step counts from something that this person does not have.
    """
    if registration is not None:
        return step.timing
    if step.without_session is not None:
        return step.without_session
    return None if step.timing.anchor.kind.needs_session else step.timing


def anchor_at(
    anchor: Anchor,
    enrollment: Enrollment,
    registration: Registration | None,
    counted_from: Mapping[str, datetime],
) -> datetime | None:
    """Return the moment that an anchor names, or ``None`` where this person has no such moment.

    Args:
        anchor: What to count from.
        enrollment: The run.
        registration: The seat now held.
        counted_from: For each earlier step, the moment that others count from.
    """
    if anchor.kind is AnchorKind.STEP:
        return counted_from.get(anchor.step_key)
    if anchor.kind is AnchorKind.ENROLLMENT:
        return enrollment.enrolled_at
    if anchor.kind is AnchorKind.FIXED:
        return anchor.fixed_at
    return None if registration is None else _seat_moment(anchor.kind, registration)


def _seat_moment(kind: AnchorKind, registration: Registration) -> datetime:
    session = registration.session
    if kind is AnchorKind.SESSION_START:
        return session.starts_at
    if kind is AnchorKind.SESSION_END:
        return session.ends_at
    if kind is AnchorKind.REPLAY_END:
        return session.replay_closes_at
    return registration.registered_at


def anchor_moments(
    enrollment: Enrollment, registration: Registration | None
) -> tuple[datetime | None, ...]:
    """Return the moments of all anchors that a person has one of, in the order of ``AnchorKind``.

    By number, because a plan asks for one at every step, and hashing their names took longer than
    counting from them. A step and a fixed moment are none of these.
    """
    if registration is None:
        return (enrollment.enrolled_at, None, None, None, None, None, None)
    session = registration.session
    return (
        enrollment.enrolled_at,
        registration.registered_at,
        None,
        session.starts_at,
        session.ends_at,
        session.replay_closes_at,
        None,
    )


def step_due_at(timing: Timing, counted_at: datetime, enrollment: Enrollment) -> datetime:
    """Return when a timing makes its step due, given the moment that its anchor names (UTC).

    A step never comes before what it counts from, even where its local hour ("09:00 of that day")
    does; only sessions, replays and fixed moments have a time before them.
    """
    return PreparedTiming(timing).due_at(counted_at, enrollment.zone)


def settled_moment(row: PassedStep) -> datetime:
    """Return the moment that other steps count from, for a step that is settled.

    Accepted, failed or unknown: when that happened. Skipped: its planned moment, or when it was
    skipped if that is later. Skipped because it was added to the sequence after its moment: its
    moment, as if it had always been there.
    """
    if row.settled_at is None or row.skip is SkipReason.ADDED_LATER:
        return row.moment
    if row.status is MessageStatus.SKIPPED:
        return max(row.moment, row.settled_at)
    return row.settled_at
