"""Our own form: people come in, machines believe that they did."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from funnel.domain.errors import InvalidInputError
from funnel.domain.signup import LettersOffer, LooksAutomatedError, SignupRequest, Source, Visitor
from funnel.domain.subscriber import ZoneSource
from funnel.intake.form import FormGate, read_form

NOW = datetime(2031, 3, 4, 11, 20, tzinfo=UTC)
KEY, OLD_KEY = b"k" * 32, b"o" * 32
GATE = FormGate([KEY, OLD_KEY], timedelta(seconds=2))
SOURCE = Source(id=uuid4(), slug="landing", sequence_id=uuid4())
SESSION = str(uuid4())


def post(
    gate: FormGate = GATE,
    *,
    after: timedelta = timedelta(seconds=20),
    source: Source = SOURCE,
    **changes: str,
) -> SignupRequest:
    given = {
        "stamp": gate.stamp(NOW),
        "website": "",
        "email": "ana@example.org",
        "first_name": "Ana",
        "session": SESSION,
        "time_zone": "Europe/Berlin",
    } | changes
    visitor = Visitor(ip="192.0.2.7")
    return read_form(list(given.items()), source, gate=GATE, visitor=visitor, now=NOW + after)


def test_a_person_comes_in() -> None:
    request = post()
    assert request.address.email == "ana@example.org"
    assert request.zone.source is ZoneSource.FORM
    assert str(request.session) == SESSION
    assert request.wants_letters
    assert request.fields == {}
    assert request.payload.startswith(b"email=ana%40example.org")
    assert b"stamp" not in request.payload


def test_a_page_may_stay_open_overnight_and_a_key_be_changed() -> None:
    post(after=timedelta(days=2))
    post(FormGate([OLD_KEY], timedelta(0)))


@pytest.mark.parametrize(
    "changes",
    [
        {"website": "https://spam.example"},
        {"stamp": ""},
        {"stamp": "AAAA"},
        {"stamp": "ünï"},
        {"stamp": FormGate([b"x" * 32], timedelta(0)).stamp(NOW)},
        {"stamp": GATE.stamp(NOW)[:-4] + "AAAA"},
        {"stamp": GATE.stamp(NOW + timedelta(hours=1))},
    ],
)
def test_a_machine_is_told_apart(changes: dict[str, str]) -> None:
    with pytest.raises(LooksAutomatedError):
        post(**changes)


@pytest.mark.parametrize(("seconds", "is_too_fast"), [(0, True), (1.9, True), (2.1, False)])
def test_filling_it_takes_a_person_some_time(
    seconds: float,
    is_too_fast: bool,  # noqa: FBT001  (a column of the table)
) -> None:
    if is_too_fast:
        with pytest.raises(LooksAutomatedError):
            post(after=timedelta(seconds=seconds))
    else:
        post(after=timedelta(seconds=seconds))


def test_pressed_twice_it_is_one_signup_and_corrected_it_is_another() -> None:
    stamp = GATE.stamp(NOW)
    first = post(stamp=stamp)
    assert post(stamp=stamp, after=timedelta(hours=30)).external_id == first.external_id
    assert post(stamp=stamp, email="bea@example.org").external_id != first.external_id
    assert post().external_id != first.external_id


def test_a_form_that_asks_for_the_letters_has_a_box() -> None:
    asks = Source(id=uuid4(), slug="l", sequence_id=uuid4(), letters=LettersOffer.ASKED)
    assert not post(source=asks).wants_letters
    assert post(source=asks, letters="yes").wants_letters
    with pytest.raises(InvalidInputError) as caught:
        post(source=asks, session="")
    assert caught.value.field == "session"


def test_no_key_no_forms() -> None:
    with pytest.raises(InvalidInputError):
        FormGate([], timedelta(0))
