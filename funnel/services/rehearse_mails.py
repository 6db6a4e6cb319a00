"""The emails of a rehearsal, rendered as strictly as real ones; what fails is a finding."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid5

from funnel.domain.brand import Brand
from funnel.domain.consent import Topic
from funnel.domain.errors import FunnelError, RenderError
from funnel.domain.links import Links
from funnel.domain.message import Lane, MessageKind, lane_of
from funnel.domain.rehearsal import (
    RehearsalFinding,
    RehearsedEmail,
    RehearsedLife,
    RehearsedPerson,
    Scene,
    Severity,
)
from funnel.domain.rehearsal_text import email_label
from funnel.domain.sequence import StepKind
from funnel.domain.session import Session
from funnel.domain.signing import LinkTokens
from funnel.domain.speech import say
from funnel.rendering.compiled import CompiledTemplate
from funnel.rendering.lint import Severity as LintSeverity
from funnel.rendering.lint import lint
from funnel.rendering.renderer import Renderer
from funnel.sending.mailer import OutgoingEmail
from funnel.services.build_email import EmailBuilder, build_email, email_context
from funnel.storage.merge_data import MergeData, OpenDate

# What odd data can make of building an email, as in delivering.
_UNFIT = (FunnelError, ValueError, TypeError, LookupError)
_MOST_DATES = 3
# Not the installation's own key: a link out of a rehearsal must open nobody's page.
_NO_KEY = b"a rehearsal's links lead nowhere, on purpose"
_SEVERITIES = {LintSeverity.ERROR: Severity.ERROR, LintSeverity.WARNING: Severity.WARNING}


@dataclass(frozen=True, slots=True, kw_only=True)
class RehearsedMail:
    """One finished email of a rehearsal; its links are signed with a key that opens nothing."""

    person: RehearsedPerson
    email: RehearsedEmail
    built: OutgoingEmail


class RehearsedMails:
    """Builds the emails of lives, and collects what is wrong with them.

    Attributes:
        findings: What was found so far: what cannot be rendered, for whom and why; and for each
            email once what its author should weigh.
    """

    def __init__(
        self,
        slug: str,
        brand: Brand,
        emails: Mapping[str, CompiledTemplate],
        sessions: Sequence[Session],
        base_url: str,
    ) -> None:
        """Keep what all emails share.

        Args:
            slug: Of the sequence.
            brand: For which it speaks.
            emails: Compiled templates by key.
            sessions: From which the next dates are taken.
            base_url: Where links begin.
        """
        self.findings: list[RehearsalFinding] = []
        self._slug = slug
        self._brand = brand
        self._emails = emails
        self._sessions = sorted(sessions, key=_start)
        self._builder = EmailBuilder(
            links=Links(base_url=base_url, tokens=LinkTokens([_NO_KEY])), renderer=Renderer()
        )
        self._linted: set[str] = set()

    def build(self, lives: Sequence[RehearsedLife]) -> Iterator[RehearsedMail]:
        """Yield every email that leaves in these lives and that can be rendered."""
        for life in lives:
            for number, email in enumerate(life.emails):
                built = self._build(life.person, email, number) if email.has_left else None
                if built is not None:
                    yield RehearsedMail(person=life.person, email=email, built=built)

    def _build(
        self, person: RehearsedPerson, email: RehearsedEmail, number: int
    ) -> OutgoingEmail | None:
        key = f"notices/{email.key}" if email.kind is None else f"{self._slug}/{email.key}"
        compiled = self._emails.get(key)
        if compiled is None or email.scene is None:
            self._note_missing(key, email)
            return None
        data = self._data(person, email, email.scene, key, number)
        names_dates = "next_dates" in compiled.variables
        dates = self._open_dates(email.moment) if names_dates else []
        try:
            built = build_email(data, compiled, dates, self._builder)
        except _UNFIT as error:
            self._note_broken(person, email, error)
            return None
        self._lint(key, compiled, data, dates)
        return built

    def _data(
        self, person: RehearsedPerson, email: RehearsedEmail, scene: Scene, key: str, number: int
    ) -> MergeData:
        is_notice = email.kind is None
        topics = {StepKind.LETTER: Topic.LETTERS, StepKind.SERVICE: Topic.SEAT}
        at = email.settled_at or email.moment
        return MergeData(
            message_id=uuid5(person.id, f"{key} {number}"),
            kind=MessageKind.NOTICE if is_notice else MessageKind.SEQUENCE,
            sequence_slug=self._slug,
            template_key=key,
            topic=topics[email.kind] if email.kind else None,
            lane=Lane.NOTICES if is_notice else lane_of(person.email),
            due_at=email.moment,
            real_now=at,
            plan_now=at,
            subscriber_id=person.id,
            enrollment_id=scene.run_id if email.run else None,
            signup_id=None if email.run else uuid5(person.id, "signup"),
            email=person.email,
            email_key=person.email,
            first_name=person.first_name,
            last_name=person.last_name,
            zone=person.zone.key,
            wants_letters=scene.wants_letters,
            brand=self._brand,
            session=scene.session,
            former=_former(scene.former),
            holds_seat=scene.holds_seat,
            calendar_revision=scene.calendar_revision,
            live_version_id=None,
            pinned_version_id=None,
            kept=None,
        )

    def _open_dates(self, now: datetime) -> list[OpenDate]:
        ahead = [each for each in self._sessions if each.starts_at > now]
        return [
            OpenDate(session=each, seats_left=each.seats)
            for each in ahead[:_MOST_DATES]
            if each.cancelled_at is None
        ]

    def _lint(
        self, key: str, compiled: CompiledTemplate, data: MergeData, dates: Sequence[OpenDate]
    ) -> None:
        """Look at an email as its first reader gets it; the others differ in values only."""
        if key in self._linted:
            return
        self._linted.add(key)
        found = lint(
            compiled,
            email_context(data, dates, self._builder.links),
            renderer=self._builder.renderer,
            is_notice=data.topic is None,
        )
        self.findings += [
            RehearsalFinding(
                severity=_SEVERITIES[each.severity],
                message=each.message,
                remedy=each.remedy,
                step_key=key.rpartition("/")[2],
            )
            for each in found
        ]

    def _note_missing(self, key: str, email: RehearsedEmail) -> None:
        if key not in self._linted:
            self._linted.add(key)
            self.findings.append(
                RehearsalFinding(
                    severity=Severity.ERROR,
                    message=say("there is no such email"),
                    remedy=say("Write the text of {key} and publish it.", key=key),
                    step_key=email.key,
                )
            )

    def _note_broken(
        self, person: RehearsedPerson, email: RehearsedEmail, error: Exception
    ) -> None:
        variable = error.variable or "" if isinstance(error, RenderError) else ""
        self.findings.append(
            RehearsalFinding(
                severity=Severity.ERROR,
                message=say("cannot be rendered: {reason}", reason=error),
                remedy=say("Give it a value, or ask for it: {% if … %}."),
                person=person.name,
                step_key=email_label(email),
                variable=variable,
            )
        )


def mail_name(mail: RehearsedMail) -> str:
    """Return a file name for it, without an ending: when, to whom, what; only plain characters."""
    local = mail.email.moment.astimezone(mail.person.zone)
    words = f"{local:%Y-%m-%d %H%M} {mail.person.name} {email_label(mail.email)}"
    plain = "".join(each if each.isascii() and each.isalnum() else "-" for each in words)
    return "-".join(part for part in plain.split("-") if part)


def brand_problem(slug: str) -> RehearsalFinding:
    """Return the finding that a sequence's brand is not there, so that nothing is rendered."""
    return RehearsalFinding(
        severity=Severity.ERROR,
        message=say("there is no brand “{slug}”", slug=slug),
        remedy=say("Write brands/{slug}.yaml.", slug=slug),
    )


def _former(session: Session | None) -> dict[str, str] | None:
    if session is None:
        return None
    return {
        "title": session.title,
        "starts_at": session.starts_at.isoformat(),
        "ends_at": session.ends_at.isoformat(),
        "zone": session.zone,
    }


def _start(session: Session) -> datetime:
    return session.starts_at
