"""Another time zone for a person, by their word or by hand: everything that is to come follows."""

from uuid import UUID

from funnel.domain.errors import InvalidInputError, NotFoundError
from funnel.domain.speech import say
from funnel.domain.subscriber import ZoneChoice, ZoneSource, known_zone
from funnel.domain.zone_names import nearest_zone
from funnel.domain.zones import listed_zone
from funnel.services.plan_enrollments import plan_enrollments
from funnel.storage import runs, subscribers
from funnel.storage.audit import write_audit
from funnel.storage.transaction import Transactions

_THE_PERSON = "the person"


class UnknownZoneError(InvalidInputError):
    """No such time zone; ``nearest`` is what was probably meant, if anything comes near."""

    def __init__(self, given: str) -> None:
        self.nearest = nearest_zone(given)
        meant = (
            say("Did you mean {nearest}?", nearest=self.nearest)
            if self.nearest
            else say("Write it like Europe/Berlin.")
        )
        problem = (
            say("“{given}” is no time zone", given=given)
            if given
            else say("No time zone was given")
        )
        super().__init__(problem, field="time_zone", remedy=meant)


def change_zone(
    subscriber_id: UUID, given: str, transactions: Transactions, *, by: str = _THE_PERSON
) -> bool:
    """Move a person to another zone and plan their runs anew; say whether anything changed.

    Letters keep their local hours, in the new zone. What has left stays; a day on which a letter
    left counts as that day where the person is now, so that no two come on one.

    Args:
        subscriber_id: The person.
        given: IANA name as somebody wrote it, in any case.
        transactions: One is opened.
        by: Who works here and wrote it down; without, it is the person's own word. Either gives
            way to whatever the person says later.

    Raises:
        NotFoundError: No such person, or one that is forgotten.
        UnknownZoneError: No such zone.
    """
    name = known_zone(given)
    if name is None:
        raise UnknownZoneError(given.strip())
    with transactions.begin() as tx:
        subscribers.lock(tx, [subscriber_id])
        person = subscribers.find(tx, subscriber_id)
        if person is None or not person.email:
            raise NotFoundError("no such person")
        # Also where it is the one that we had guessed: from now on it is known.
        source = ZoneSource.PERSON if by == _THE_PERSON else ZoneSource.STUDIO
        choice = ZoneChoice(name=name, source=source)
        subscribers.set_zone(tx, subscriber_id, choice)
        if listed_zone(person.zone) == name:
            return False
        write_audit(
            tx,
            by=by,
            action="zone changed",
            target=str(subscriber_id),
            detail={"from": person.zone, "to": name},
        )
        plan_enrollments(tx, runs.active_ids(tx, subscriber_id))
        return True
