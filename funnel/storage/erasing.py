"""Forgetting a person in every table: what is about them goes, what the books count stays.

Rows that sums count (messages, runs, seats, signups) are emptied of what they say about the person
and stay; all else goes. tests/services/test_erase_person.py looks for what was forgotten in every
text of the database: a new table that holds something of people has to be added here.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote
from uuid import UUID

from sqlalchemy import text

from funnel.domain.subscriber import Subscriber
from funnel.storage import result_sums, signups
from funnel.storage.transaction import Transaction

_SHORTEST = 3  # characters: what is shorter stands by chance in many an id


@dataclass(frozen=True, slots=True, kw_only=True)
class Traces:
    """How a person may be named in texts whose form we do not know; all in lower case.

    Attributes:
        addresses: Their address, as it is written and as it is compared.
        words: Those, the part before the @-sign, and their names.
    """

    addresses: tuple[str, ...]
    words: tuple[str, ...]

    @property
    def posted(self) -> list[str]:
        """Their addresses as bytes that were posted have them: plain, in JSON, in a form."""
        plain = [_as_bytes(each.encode()) for each in self.addresses]
        in_json = [_as_bytes(json.dumps(each).strip('"').encode()) for each in self.addresses]
        in_form = [quote(each, safe="").lower() for each in self.addresses]
        return list(dict.fromkeys((*plain, *in_json, *in_form)))

    @classmethod
    def of(cls, person: Subscriber) -> "Traces":
        """Return how a person may be named."""
        addresses = dict.fromkeys((person.email.lower(), person.email_key))
        local = person.email_key.rpartition("@")[0]
        names = (person.first_name, person.last_name)
        words = [*addresses, *(each.lower() for each in (local, *names))]
        long = dict.fromkeys(each for each in words if len(each) >= _SHORTEST)
        return cls(addresses=tuple(addresses), words=tuple(long))


def is_in_hand(tx: Transaction, subscriber_id: UUID) -> bool:
    """Say whether a worker has an email to them in its hands at this moment."""
    found = tx.connection.execute(
        text(
            "select exists (select from messages"
            " where subscriber_id = :person and status = 'sending')"
        ),
        {"person": subscriber_id},
    )
    return bool(found.scalar_one())


def forget(tx: Transaction, person: Subscriber) -> None:
    """Empty or remove every row about a person; the caller holds their lock.

    Runs have ended and nothing is queued by then. The whole of a few tables is read, in which
    nothing else names a person: an erasure is rare.
    """
    traces = Traces.of(person)
    pending = signups.pending_of(tx, person.id)
    result_sums.keep_campaigns(tx, pending, named_by=traces.words)
    result_sums.forget(tx, person.id, named_by=traces.words)
    values = {
        "person": person.id,
        "key": person.email_key,
        "addresses": list(traces.addresses),
        "words": list(traces.words),
        "patterns": [f"%{_escaped(each)}%" for each in traces.addresses],
        "posted": [f"%{_escaped(each)}%" for each in traces.posted],
        "word_patterns": [f"%{_escaped(each)}%" for each in traces.words],
    }
    for statement in _STATEMENTS:
        wanted = {name: values[name] for name in _names(statement)}
        tx.connection.execute(text(statement), wanted)


def _as_bytes(text_: bytes) -> str:
    """Return bytes as PostgreSQL's ``encode(…, 'escape')`` writes them."""
    return "".join(_as_byte(each) for each in text_)


def _as_byte(byte: int) -> str:
    if byte == ord("\\"):
        return "\\\\"
    return chr(byte) if 0 < byte < 0x80 else f"\\{byte:03o}"


def _escaped(word: str) -> str:
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _names(statement: str) -> Sequence[str]:
    return list(text(statement).compile().params)


_OF_SIGNUPS: Final = "select id from signups where subscriber_id = :person"
_OF_RUNS: Final = "select id from enrollments where subscriber_id = :person"

_STATEMENTS: Final = (
    f"""
    delete from evidence where subscriber_id = :person
       or enrollment_id in ({_OF_RUNS}) or signup_id in ({_OF_SIGNUPS})
    """,  # noqa: S608  (of our own words alone)
    "delete from facts where subscriber_id = :person",
    "delete from notes where subscriber_id = :person",
    "delete from consents where subscriber_id = :person",
    # The code that a server gave stays; what it said may name the address.
    """
    update messages set context = null, data = '{}', provider_id = null, delivery_reason = null,
        reason = case when status in ('failed', 'unknown') or lower(reason) like any(:word_patterns)
            then coalesce(substring(reason from '^[0-9]{3}(?: [0-9.]+)?'), 'erased') else reason end
    where subscriber_id = :person
    """,
    """
    update registrations set join_url = '', join_url_at = null
    where subscriber_id = :person and join_url <> ''
    """,
    """
    update registrations set status = 'cancelled', ended_at = plan_now()
    where subscriber_id = :person and status = 'registered' and exists (
        select from sessions s where s.id = session_id and s.starts_at > plan_now())
    """,
    """
    update enrollments e set session_id = null where subscriber_id = :person
    and not exists (select from registrations r
                    where r.enrollment_id = e.id and r.status = 'registered')
    """,
    """
    update signups set first_name = '', last_name = '', zone = null, zone_given = null,
        locale = null, utm = '{}', fields = '{}', payload = null, ip = null, user_agent = null,
        address_hash = '', next_at = null,
        status = case when status in ('pending', 'merged') then 'expired' else status end,
        external_id = case when lower(external_id) like any(:word_patterns)
                           then 'erased:' || id else external_id end
    where subscriber_id = :person
    """,
    # Reports of other systems: those about them, and those that name them among others.
    """
    update received_facts set email_key = null, reports = '[]', payload = null, reason = '',
        status = case when status = 'waiting' then 'ignored' else status end,
        event_id = case when lower(event_id) like any(:word_patterns)
                        then 'erased:' || id else event_id end
    where email_key = :key or lower(reports::text) like any(:patterns)
       or lower(event_id) like any(:patterns) or lower(reason) like any(:patterns)
       or lower(encode(payload, 'escape')) like any(:posted)
    """,
    # What providers said of their emails: that it was said stays, so that it is known if it comes
    # again; nothing of what was said. Nor does a request that was not understood and names them.
    """
    update delivery_events set detail = '{}', provider_id = null, note = ''
    where message_id in (select id from messages where subscriber_id = :person)
       or lower(detail::text) like any(:word_patterns)
    """,
    """
    delete from delivery_payloads
    where lower(body) like any(:patterns) or lower(body) like any(:posted)
       or lower(reason) like any(:patterns)
    """,
    """
    delete from refused_signups
    where lower(encode(payload, 'escape')) like any(:posted)
       or lower(reason) like any(:patterns)
    """,
    # Tests that were written as if to them: to a colleague, and counted nowhere.
    """
    delete from test_emails
    where subscriber_id = :person or lower(email::text) like any(:patterns)
       or lower(to_address) = any(:addresses)
    """,
    """
    update import_lines set cells = '{}', email_key = null, subscriber_id = null, reason = ''
    where subscriber_id = :person or email_key = :key
       or lower(array_to_string(cells, ' ')) like any(:patterns)
    """,
    # Who did what to them and when stays; of what it was, nothing that could name them.
    "update audit set detail = '{}' where target = cast(:person as text)",
    """
    update subscribers set email = '', email_key = 'erased:' || id, first_name = '',
        last_name = '', zone = 'UTC', zone_source = 'default', zone_given = null,
        -- The days of their letters were another zone's; the ledger counts each by its own.
        zone_since = plan_now(), locale = 'en', fields = '{}', wants_letters = false,
        wants_seat_emails = false, letters_paused_until = null
    where id = :person
    """,
)
