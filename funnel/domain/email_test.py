"""A test of an email: marked as one, and harmless to the person of whom it speaks."""

from dataclasses import dataclass
from datetime import timedelta

from funnel.domain.consent import SuppressionReason
from funnel.domain.errors import InvalidInputError
from funnel.domain.speech import say, say_many

MOST_AN_HOUR = 100  # by one person; a whole sequence is about twenty
BETWEEN = timedelta(seconds=3)  # so that a sequence arrives in its order
_MARK = "[Test] "

_SUPPRESSED = {
    SuppressionReason.UNSUBSCRIBED: "They unsubscribed from everything.",
    SuppressionReason.BOUNCED: "Its mail system refused an email for good.",
    SuppressionReason.COMPLAINED: "They reported an email as spam.",
    SuppressionReason.ERASED: "They asked to be forgotten.",
    SuppressionReason.BY_HAND: "Somebody put it there by hand.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteOnTop:
    """What stands on top of a test: which email it is, and as whom it was made.

    Attributes:
        reader: The name, or the address where there is none; empty for somebody made up.
    """

    title: str
    reader: str

    def __str__(self) -> str:
        if not self.reader:
            return say(
                "This is a test of “{title}”, made for nobody real. Its links lead nowhere.",
                title=self.title,
            )
        return say(
            "This is a test of “{title}”, as {reader} would get it. Its links lead nowhere.",
            title=self.title,
            reader=self.reader,
        )


def marked_subject(subject: str) -> str:
    """Return a subject that says it is a test: in every language the same, so that it is found."""
    return f"{_MARK}{subject}"


def check_may_test(reason: SuppressionReason | None, *, asked: int, wanted: int) -> None:
    """Refuse tests to an address on the do-not-email list, and more in an hour than a person needs.

    Args:
        reason: Why nothing may be sent to the address; ``None``: it may.
        asked: Tests that the person asked for within the last hour.
        wanted: Tests that they ask for now.

    Raises:
        InvalidInputError: With what to do instead.
    """
    if reason is not None:
        raise InvalidInputError(
            say("This address is on the do-not-email list."),
            field="to",
            remedy=say("{why} Give another address.", why=say(_SUPPRESSED[reason])),
        )
    if asked + wanted > MOST_AN_HOUR:
        raise InvalidInputError(
            say_many(
                "{count} test in an hour is the most.",
                "{count} tests in an hour are the most.",
                MOST_AN_HOUR,
            ),
            field="to",
            remedy=say("Read the ones that have arrived, and go on in an hour."),
        )
