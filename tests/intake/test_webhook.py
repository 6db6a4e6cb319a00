"""From bodies to signups, whatever the sender calls its fields."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from funnel.domain.errors import InvalidInputError, SignatureError
from funnel.domain.signup import (
    LettersOffer,
    SessionWish,
    SignupRequest,
    Source,
    Visitor,
)
from funnel.domain.subscriber import ZoneSource, clean_name
from funnel.intake.errors import MalformedBodyError
from funnel.intake.signup import Arrival
from funnel.intake.webhook import check_form_secret, read_webhook

NOW = datetime(2031, 3, 4, 11, 20, tzinfo=UTC)
SOURCE = Source(id=uuid4(), slug="site", sequence_id=uuid4())
ASKED = Source(id=uuid4(), slug="asks", sequence_id=uuid4(), letters=LettersOffer.ASKED)
SESSION = UUID("7b0f4c06-6d2a-4a52-9a6c-2f2f9f0b7f11")


def read(
    body: bytes,
    content_type: str = "application/json",
    *,
    source: Source = SOURCE,
    external_id: str = "",
    now: datetime = NOW,
) -> SignupRequest:
    arrival = Arrival(
        external_id=external_id,
        zone_source=ZoneSource.WEBHOOK,
        payload=body,
        received_at=now,
        visitor=Visitor(),
    )
    return read_webhook(content_type, source, arrival)


def read_json(source: Source = SOURCE, **fields: object) -> SignupRequest:
    body = json.dumps({"email": "ana@example.org"} | fields).encode()
    return read(body, source=source, external_id="msg_1")


def read_form(pairs: Mapping[str, str], source: Source = SOURCE) -> SignupRequest:
    return read(urlencode(pairs).encode(), "application/x-www-form-urlencoded", source=source)


def test_every_field_of_ours() -> None:
    request = read_json(
        first_name="Ana",
        last_name="Muster",
        time_zone="europe/berlin",
        locale="de_AT",
        session=str(SESSION),
        letters=True,
        utm_source="mail",
        utm={"medium": "post"},
        company="City",
        fields={"size": 12, "is_new": True, "note": "one\r\nline", "nothing": None},
    )
    assert request.external_id == "msg_1"
    assert request.address.email == "ana@example.org"
    assert (request.first_name, request.last_name) == ("Ana", "Muster")
    assert (request.zone.name, request.zone.source) == ("Europe/Berlin", ZoneSource.WEBHOOK)
    assert request.locale == "de-AT"
    assert request.session == SESSION
    assert request.wants_letters
    assert request.utm == {"source": "mail", "medium": "post"}
    assert request.fields == {
        "company": "City",
        "size": 12,
        "is_new": True,
        "note": "one line",
        "nothing": None,
    }
    assert request.payload.startswith(b'{"email"')


@pytest.mark.parametrize(
    ("builder", "pairs"),
    [
        ("plain", {"email": "ana@example.org", "first_name": "Ana", "last_name": "Muster"}),
        ("Contact Form 7", {"your-name": "Ana Muster", "your-email": "ana@example.org"}),
        (
            "Elementor",
            {
                "form[id]": "abc",
                "fields[email][id]": "email",
                "fields[email][value]": "ana@example.org",
                "fields[name][value]": "Ana Muster",
            },
        ),
        (
            "Elementor, simple",
            {"form_fields[email]": "ana@example.org", "form_fields[name]": "Ana Muster"},
        ),
        ("Mailchimp", {"EMAIL": "ana@example.org", "FNAME": "Ana", "LNAME": "Muster"}),
        ("labels", {"E-Mail": "ana@example.org", "First Name": "Ana", "Last name": "Muster"}),
        ("Squarespace", {"Email Address": "ana@example.org", "Full Name": "Ana Muster"}),
    ],
)
def test_forms_of_site_builders(builder: str, pairs: dict[str, str]) -> None:
    request = read_form(pairs)
    assert request.address.email == "ana@example.org", builder
    assert (request.first_name, request.last_name) == ("Ana", "Muster")


@pytest.mark.parametrize(
    ("builder", "payload"),
    [
        (
            "Typeform",
            {
                "event_id": "01H",
                "form_response": {
                    "token": "x",
                    "hidden": {"utm_source": "mail"},
                    "answers": [
                        {
                            "type": "email",
                            "email": "ana@example.org",
                            "field": {"id": "q1", "ref": "email", "type": "email"},
                        },
                        {
                            "type": "text",
                            "text": "Ana",
                            "field": {"id": "q2", "ref": "first_name", "type": "short_text"},
                        },
                    ],
                },
            },
        ),
        (
            "Tally",
            {
                "data": {
                    "fields": [
                        {"key": "q_1", "label": "Email", "value": "ana@example.org"},
                        {"key": "q_2", "label": "First name", "value": "Ana"},
                    ]
                }
            },
        ),
        ("Gravity", {"email": "ana@example.org", "name": {"first": "Ana", "last": "Muster"}}),
        ("Webflow", {"payload": {"data": {"Email": "ana@example.org", "First Name": "Ana"}}}),
    ],
)
def test_json_of_site_builders(builder: str, payload: dict[str, object]) -> None:
    request = read(json.dumps(payload).encode())
    assert (request.address.email, request.first_name) == ("ana@example.org", "Ana"), builder


def test_what_is_nested_elsewhere_or_named_otherwise_is_not_held_to_our_form() -> None:
    request = read_json(
        first_name={"id": "q2", "value": "Ana"},
        contact={"session": {"ip": "192.0.2.7"}},
        utm={},
        fields=[{"label": "Company", "value": "City"}],
        last_name=[],
    )
    assert (request.first_name, request.last_name, request.session) == ("Ana", "", None)
    assert request.fields["company"] == "City"
    mapped = Source(
        id=uuid4(),
        slug="m",
        sequence_id=uuid4(),
        field_mapping={"session": ("=next",), "first_name": ("first_name.0",)},
    )
    request = read_json(mapped, session={"ip": "192.0.2.7"}, first_name=["Ana"])
    assert (request.first_name, request.session) == ("Ana", SessionWish.NEXT)


def test_multipart() -> None:
    body = (
        b'--x\r\nContent-Disposition: form-data; name="email"\r\n\r\nana@example.org\r\n'
        b'--x\r\nContent-Disposition: form-data; name="photo"; filename="a.png"\r\n'
        b"Content-Type: image/png\r\n\r\n\x89PNG\r\n"
        b'--x\r\nContent-Disposition: form-data; name="name"\r\n\r\nZo\xc3\xab\r\n--x--\r\n'
    )
    request = read(body, "multipart/form-data; boundary=x")
    assert (request.address.email, request.first_name) == ("ana@example.org", "Zoë")


def test_a_source_names_its_own_fields() -> None:
    source = Source(
        id=uuid4(),
        slug="mapped",
        sequence_id=uuid4(),
        field_mapping={
            "email": ("kontakt.adresse", "Notfall"),
            "session": ("termin", "=next"),
            "time_zone": ("=Europe/Berlin",),
        },
    )
    request = read(
        b'{"kontakt": {"adresse": "ana@example.org"}, "email": "other@example.org"}', source=source
    )
    assert request.address.email == "ana@example.org"
    assert request.session is SessionWish.NEXT
    assert request.zone.name == "Europe/Berlin"
    assert request.fields == {"email": "other@example.org"}
    chosen = read_form({"Notfall": "bea@example.org", "termin": str(SESSION)}, source)
    assert (chosen.address.email, chosen.session) == ("bea@example.org", SESSION)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"email": None}, "email"),
        ({"email": "  "}, "email"),
        ({"email": 12}, "email"),
        ({"email": ["ana@example.org"]}, "email"),
        ({"email": {"a": {"b": "c"}}}, "email"),
        ({"email": "ana@example.org\r\nBcc: bea@example.org"}, "email"),
        ({"email": "ana\x00@example.org"}, "email"),
        ({"first_name": 5}, "first_name"),
        ({"first_name": ["a"]}, "first_name"),
        ({"first_name": {"a": 1}}, "first_name"),
        ({"Last-Name": ["a"]}, "last_name"),
        ({"time_zone": ["Europe/Berlin"]}, "time_zone"),
        ({"locale": {"tag": "de"}}, "locale"),
        ({"session": ["next"]}, "session"),
        ({"letters": [True]}, "letters"),
        ({"external_id": ["7"]}, "external_id"),
        ({"utm": "x"}, "utm"),
        ({"utm": ["x"]}, "utm"),
        ({"utm": {"source": ["x"]}}, "utm.source"),
        ({"utm_source": ["x"]}, "utm_source"),
        ({"fields": "x"}, "fields"),
        ({"fields": ["x"]}, "fields"),
        ({"first_name": True}, "first_name"),
        ({"first_name": "A\x00na"}, "first_name"),
        ({"last_name": "\ud83d"}, "last_name"),
        ({"time_zone": 1}, "time_zone"),
        ({"session": "Thursday"}, "session"),
        ({"session": 3}, "session"),
        ({"letters": "perhaps"}, "letters"),
        ({"letters": 2}, "letters"),
        ({"fields": {"note": "\x00"}}, "fields.note"),
        ({"n\x00te": "x"}, "nte"),
    ],
)
def test_a_wrong_field_is_named_with_a_remedy(fields: dict[str, object], field: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        read_json(**fields)
    assert caught.value.field == field
    assert caught.value.remedy
    assert not isinstance(caught.value, MalformedBodyError)


def test_harmless_oddities_are_kept_or_mended() -> None:
    request = read_json(
        first_name='  Ana "Annie"\r\nBcc: x@example.org ',
        last_name="O'Neill, MBA 🌱",
        time_zone="Mars/Phobos",
        locale="German",
    )
    assert request.first_name == 'Ana "Annie" Bcc: x@example.org'
    assert request.last_name == "O'Neill, MBA 🌱"
    assert (request.zone.name, request.zone.given) == (None, "Mars/Phobos")
    assert request.locale is None


@pytest.mark.parametrize(
    ("source", "letters", "wants"),
    [
        (SOURCE, None, True),
        (SOURCE, "", True),
        (SOURCE, "no", False),
        (ASKED, None, False),
        (ASKED, "", False),
        (ASKED, False, False),
        (ASKED, "yes", True),
        (ASKED, "on", True),
        (ASKED, True, True),
    ],
)
def test_the_letters_are_asked_for_or_come_along(
    source: Source,
    letters: object,
    wants: bool,  # noqa: FBT001  (a column of the table)
) -> None:
    request = read_json(source, session="next", letters=letters)
    assert request.wants_letters is wants


def test_neither_a_date_nor_the_letters_is_refused() -> None:
    with pytest.raises(InvalidInputError) as caught:
        read_json(ASKED)
    assert caught.value.field == "session"


class TestIds:
    def test_a_signature_s_id_goes_before_all_others(self) -> None:
        assert read_json(submission_id="7").external_id == "msg_1"

    def test_the_sender_s_own(self) -> None:
        assert read_form({"email": "a@b.de", "submission_id": "7"}).external_id == "given:7"

    def test_a_derived_one_is_the_same_for_the_same_submission(self) -> None:
        body = b"email=a@b.de&name=Ana"
        form = "application/x-www-form-urlencoded"
        first = read(body, form).external_id
        assert read(body, form, now=NOW + timedelta(minutes=5)).external_id == first
        assert read(b"name=Ana&email=a@b.de", form).external_id == first
        assert read(b"email=a@b.de&name=Anna", form).external_id != first
        # Another day it is another signup, word for word.
        assert read(body, form, now=NOW + timedelta(days=1)).external_id != first

    def test_an_id_that_cannot_be_kept_is_refused(self) -> None:
        with pytest.raises(InvalidInputError) as caught:
            read_form({"email": "a@b.de", "submission_id": "x" * 256})
        assert caught.value.field == "external_id"


def test_two_addresses_are_refused_and_one_twice_is_not() -> None:
    form = "application/x-www-form-urlencoded"
    assert read(b"email=a@b.de&email=a@b.de", form).address.email == "a@b.de"
    with pytest.raises(InvalidInputError) as caught:
        read(b"email=a@b.de&email=c@d.de", form)
    assert caught.value.field == "email"


def test_internal_and_countless_fields_do_not_fill_the_row() -> None:
    pairs = {f"extra_{index}": "x" * 5000 for index in range(120)}
    request = read_form({"email": "a@b.de", "_wpnonce": "secret"} | pairs)
    assert len(request.fields) == 50
    assert "_wpnonce" not in request.fields
    assert {len(str(value)) for value in request.fields.values()} == {1000}


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("text/plain", b"email=a@b.de"),
        ("", b"{}"),
        ("application/x-www-form-urlencoded", b"email=%ff%fe"),
        ("application/x-www-form-urlencoded", b"email=\xff"),
        ("application/x-www-form-urlencoded", b"&".join(b"a%d=1" % n for n in range(300))),
        ("multipart/form-data", b"--x\r\n"),
        ("multipart/form-data; boundary=x", b"no boundary"),
        ("application/json", b'{"email": "a@b.de"'),
    ],
)
def test_a_body_that_cannot_be_read(content_type: str, body: bytes) -> None:
    with pytest.raises(MalformedBodyError):
        read(body, content_type)


_ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(st.sampled_from(["email", "name", "session", "fields", "x"]), _ANY))
def test_any_payload_is_a_signup_or_an_error_of_ours(payload: dict[str, object]) -> None:
    body = json.dumps({"email": "ana@example.org"} | payload).encode()
    try:
        request = read(body)
    except InvalidInputError:
        return
    json.dumps(dict(request.fields)).encode()
    assert clean_name(request.first_name) == request.first_name


class TestFormSecret:
    SECRET = Source(id=uuid4(), slug="s", sequence_id=uuid4(), form_secret="let me in")  # noqa: S106

    def test_the_right_one_opens(self) -> None:
        check_form_secret("let me in", self.SECRET)

    @pytest.mark.parametrize("given", ["", "let me", "Let me in", "let me in ", "lét"])
    def test_another_does_not(self, given: str) -> None:
        with pytest.raises(SignatureError):
            check_form_secret(given, self.SECRET)

    def test_no_secret_means_no_entry(self) -> None:
        with pytest.raises(SignatureError):
            check_form_secret("", SOURCE)
