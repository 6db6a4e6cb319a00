"""What columns are taken for, and what a line says about one person."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from funnel.domain.people_import import (
    Column,
    ImportedPerson,
    ImportOptions,
    LineNotTakenError,
    PersonState,
    Problem,
)
from funnel.domain.subscriber import ZoneSource
from funnel.intake.people_columns import guess_columns, state_of
from funnel.intake.people_rows import read_person

NOW = datetime(2026, 6, 1, tzinfo=UTC)
E, A, S, T, F, N = (
    Column.EMAIL,
    Column.AGREED_AT,
    Column.STATE,
    Column.TAGS,
    Column.FIELD,
    Column.NOTHING,
)


@pytest.mark.parametrize(
    ("tool", "header", "columns"),
    [
        ("Kit", "id,first_name,email,state,created_at,tags,shoe size",
         (N, Column.FIRST_NAME, E, S, A, T, F)),
        ("Kit", "email,first_name,created_at", (E, Column.FIRST_NAME, A)),
        ("Mailchimp",
         "Email Address,First Name,Last Name,MEMBER_RATING,OPTIN_TIME,OPTIN_IP,CONFIRM_TIME,"
         "CONFIRM_IP,GMTOFF,TIMEZONE,LAST_CHANGED,LEID,EUID,NOTES,TAGS",
         (E, Column.FIRST_NAME, Column.LAST_NAME, N, N, N, A, Column.IP, N, Column.ZONE, N, N, N,
          N, T)),
        ("Mailchimp", "Email Address,OPTIN_TIME,UNSUB_TIME,UNSUB_REASON,LEID,EUID",
         (E, A, Column.UNSUBSCRIBED_AT, N, N, N)),
        ("Mailchimp", "Email Address,CLEAN_TIME,LEID,EUID", (E, Column.BOUNCED_AT, N, N)),
        ("ActiveCampaign", "Contact ID,Email,First Name,Date Created,Date Subscribed,Status,Tags",
         (N, E, Column.FIRST_NAME, F, A, S, T)),
        ("MailerLite", "Subscriber,Name,Last name,Status,Subscribed,Opted-in,Sent,IP",
         (E, Column.FIRST_NAME, Column.LAST_NAME, S, F, A, N, Column.IP)),
        ("Brevo", "EMAIL,FIRSTNAME,LASTNAME,ADDED_TIME,EMAIL_BLACKLISTED,MODIFIED_TIME",
         (E, Column.FIRST_NAME, Column.LAST_NAME, A, Column.REFUSES, N)),
        ("a plain table", "E-Mail-Adresse;Vorname;Nachname;Zeitzone".replace(";", ","),
         (E, Column.FIRST_NAME, Column.LAST_NAME, Column.ZONE)),
        ("a plain table", "mail,Name,mail,", (E, Column.NAME, N, N)),
    ],
)  # fmt: skip
def test_a_header_says_which_tool_it_comes_from(
    tool: str, header: str, columns: tuple[Column, ...]
) -> None:
    found = guess_columns(header.split(","))
    assert (found.tool, found.columns) == (tool, columns)


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("", PersonState.ACTIVE),
        ("Active", PersonState.ACTIVE),
        ("cold", PersonState.ACTIVE),
        ("Cancelled", PersonState.UNSUBSCRIBED),
        ("hard_bounced", PersonState.BOUNCED),
        ("Marked as spam", PersonState.COMPLAINED),
        ("inactive", PersonState.UNCONFIRMED),
        ("perhaps", None),
    ],
)
def test_each_tool_has_its_word_for_how_somebody_stands(
    word: str, state: PersonState | None
) -> None:
    assert state_of(word) is state


def _read(cells: dict[Column, str], **changes: object) -> ImportedPerson:
    given = {Column.EMAIL: "ana@example.org", Column.AGREED_AT: "2025-03-01", **cells}
    options = replace(
        ImportOptions(columns=tuple(given)),
        **changes,  # type: ignore[arg-type]  # a test names its own
    )
    names = [str(each) for each in given]
    return read_person(list(given.values()), names, options, NOW)


@pytest.mark.parametrize(
    ("cell", "changes", "expected"),
    [
        ("2025-03-01 10:00:00 UTC", {}, "2025-03-01T10:00+00:00"),
        ("2025-03-01T10:00:00Z", {}, "2025-03-01T10:00+00:00"),
        ("2025-03-01T10:00:00.123+02:00", {}, "2025-03-01T08:00+00:00"),
        ("2025-03-01 10:00:00", {"zone": "Europe/Berlin"}, "2025-03-01T09:00+00:00"),
        ("03/04/2025", {}, "2025-03-04T00:00+00:00"),
        ("03/04/2025", {"is_day_first": True}, "2025-04-03T00:00+00:00"),
        ("25/04/2025 08:30", {}, "2025-04-25T08:30+00:00"),
        ("3/14/2025 5:06:07 PM", {}, "2025-03-14T17:06:07+00:00"),
        ("31.12.2024, 18:05", {"zone": "Europe/Berlin"}, "2024-12-31T17:05+00:00"),
        ("Mar 14, 2025", {}, "2025-03-14T00:00+00:00"),
        ("2026-06-01 20:00:00", {}, "2026-06-01T00:00+00:00"),  # a clock that is ahead
    ],
)
def test_dates_are_read_as_tools_write_them(
    cell: str, changes: dict[str, object], expected: str
) -> None:
    person = _read({Column.AGREED_AT: cell}, **changes)
    assert person.agreed_at == datetime.fromisoformat(expected)


@pytest.mark.parametrize(
    ("cells", "problem", "names"),
    [
        ({Column.EMAIL: " "}, Problem.NO_ADDRESS, ""),
        ({Column.EMAIL: "ana"}, Problem.WRONG_ADDRESS, "ana"),
        ({Column.EMAIL: "a@example.org\x0bb"}, Problem.WRONG_ADDRESS, "a@example.org b"),
        ({Column.AGREED_AT: ""}, Problem.NO_DATE, ""),
        ({Column.AGREED_AT: "soon"}, Problem.WRONG_DATE, "soon"),
        ({Column.AGREED_AT: "0001-01-01"}, Problem.WRONG_DATE, "0001-01-01"),
        ({Column.AGREED_AT: "2027-01-01"}, Problem.DATE_AHEAD, "2027-01-01"),
        ({Column.STATE: "perhaps"}, Problem.UNKNOWN_STATE, "perhaps"),
        ({Column.STATE: "inactive"}, Problem.UNCONFIRMED, "inactive"),
    ],
)
def test_a_line_that_says_nothing_of_use_says_why(
    cells: dict[Column, str], problem: Problem, names: str
) -> None:
    with pytest.raises(LineNotTakenError) as caught:
        _read(cells)
    assert (caught.value.reason.problem, caught.value.reason.names) == (problem, names)


@pytest.mark.parametrize(
    ("cells", "state", "left_at"),
    [
        ({Column.STATE: "active"}, PersonState.ACTIVE, None),
        ({Column.STATE: "active", Column.UNSUBSCRIBED_AT: "2025-05-01"},
         PersonState.UNSUBSCRIBED, datetime(2025, 5, 1, tzinfo=UTC)),
        ({Column.BOUNCED_AT: "2025-05-01"},
         PersonState.BOUNCED, datetime(2025, 5, 1, tzinfo=UTC)),
        ({Column.STATE: "complained", Column.UNSUBSCRIBED_AT: "yes"},
         PersonState.COMPLAINED, None),
        ({Column.REFUSES: "True"}, PersonState.UNSUBSCRIBED, None),
        ({Column.REFUSES: "false", Column.UNSUBSCRIBED_AT: "--"}, PersonState.ACTIVE, None),
        ({Column.STATE: "unsubscribed", Column.AGREED_AT: ""}, PersonState.UNSUBSCRIBED, None),
    ],
    ids=["active", "a date of leaving", "a bounce", "worse", "listed", "not", "no day"],
)  # fmt: skip
def test_what_speaks_against_writing_wins(
    cells: dict[Column, str], state: PersonState, left_at: datetime | None
) -> None:
    person = _read(cells)
    assert (person.state, person.left_at) == (state, left_at)


@pytest.mark.parametrize(
    ("cells", "names"),
    [
        ({Column.NAME: "Ana Maria Muster"}, ("Ana", "Maria Muster")),
        ({Column.NAME: "Muster, Ana"}, ("Ana", "Muster")),
        ({Column.NAME: "Ana Muster", Column.LAST_NAME: "Muster"}, ("Ana", "Muster")),
        ({Column.FIRST_NAME: " A\u202ena ", Column.NAME: "Someone Else"}, ("Ana", "")),
        ({Column.FIRST_NAME: "<b>\nAna"}, ("<b> Ana", "")),
    ],
    ids=["whole", "turned", "both", "first wins", "one harmless line"],
)
def test_names_become_one_line_each(cells: dict[Column, str], names: tuple[str, str]) -> None:
    person = _read(cells)
    assert (person.first_name, person.last_name) == names


def test_the_rest_is_kept_where_it_means_something() -> None:
    person = _read(
        {
            Column.ZONE: "Berlin",
            Column.TAGS: '"vip","early"; old |vip',
            Column.LOCALE: "de_DE",
            Column.IP: "fe80::1%eth0",
            Column.FIELD: " City\u200b of Musterstadt ",
        }
    )
    assert (person.zone.name, person.zone.given) == (None, "Berlin")
    assert person.tags == ("vip", "early", "old")
    assert (person.locale, person.ip) == ("de-DE", None)
    assert person.fields == {"field": "City of Musterstadt"}
    known = _read({Column.ZONE: "europe/berlin", Column.IP: "192.0.2.1"})
    assert (known.zone.name, known.zone.source) == ("Europe/Berlin", ZoneSource.IMPORT)
    assert known.ip == "192.0.2.1"


def test_a_day_for_all_is_noon_there() -> None:
    person = _read({Column.AGREED_AT: ""}, agreed_on=date(2025, 1, 2), zone="Asia/Tokyo")
    assert person.agreed_at == datetime(2025, 1, 2, 3, tzinfo=UTC)
