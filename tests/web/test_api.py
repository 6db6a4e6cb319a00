"""Programs at the door: who is let in, what they read, and how they are refused."""

import re
from uuid import uuid4

import pytest
import requests

from funnel.domain.api_token import Scope
from funnel.services.add_token import add_token, revoke_token
from tests.web.served import Served


@pytest.fixture(scope="module")
def token(served: Served) -> str:
    return add_token(f"reader {uuid4()}", {Scope.READ}, served.deps.transactions, by="test")


def ask(served: Served, person: object, token: str | None = None) -> requests.Response:
    headers = {"accept": "*/*"}
    if token is not None:
        headers["authorization"] = f"Bearer {token}"
    return served.get(f"/api/subscribers/{person}/calendar", headers=headers)


def test_a_calendar_is_read_with_a_token(served: Served, address: str, token: str) -> None:
    person = served.seat_of(address)
    answer = ask(served, person.id, token)

    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert "set-cookie" not in answer.headers
    body = answer.json()
    assert body["subscriber_id"] == str(person.id)
    (calendar,) = body["calendars"]
    assert calendar["enrollment_id"] == str(person.run_id)
    assert set(calendar) == {
        "enrollment_id",
        "sequence_id",
        "zone",
        "now",
        "is_complete",
        "letters_paused_until",
        "session",
        "emails",
    }
    emails = {each["key"]: each for each in calendar["emails"]}
    assert emails["one-hour"]["why"] == "1 hour before the masterclass"
    assert emails["one-hour"]["kind"] == "service"
    assert emails["confirm"]["kind"] == "notice"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", emails["one-hour"]["at"])
    assert emails["one-hour"]["local"].endswith(("+01:00", "+02:00"))
    assert address not in answer.text


def test_a_token_says_when_it_was_used_and_no_oftener_than_a_minute(
    served: Served, address: str
) -> None:
    name = f"used {uuid4()}"
    token = add_token(name, {Scope.READ}, served.deps.transactions, by="test")
    person = served.seat_of(address)
    used = "select last_used_at from api_tokens where name = :name"
    assert served.ask(used, name=name) == (None,)
    ask(served, person.id, token)
    first = served.ask(used, name=name)
    assert first != (None,)
    ask(served, person.id, token)
    assert served.ask(used, name=name) == first
    served.execute(
        "update api_tokens set last_used_at = last_used_at - interval '61 seconds'"
        " where name = :name",
        name=name,
    )
    ask(served, person.id, token)
    assert served.ask(used, name=name) >= first


@pytest.mark.parametrize("wrong", ["", "funnel_no-such-token", "x" * 1000, "ümläut"])
def test_without_a_token_that_works_nothing_is_read(
    served: Served, address: str, wrong: str
) -> None:
    person = served.seat_of(address)
    answer = ask(served, person.id, wrong.encode().decode("latin-1") or None)

    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["www-authenticate"].startswith('Bearer realm="funnel"')
    assert answer.json()["type"] == "/problems/no-token"
    assert "calendars" not in answer.text


def test_a_token_in_the_address_is_no_token(served: Served, address: str, token: str) -> None:
    person = served.seat_of(address)
    answer = served.get(f"/api/subscribers/{person.id}/calendar?token={token}")
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Bearer realm="funnel"'


def test_a_token_without_the_scope_is_refused(served: Served, address: str) -> None:
    name = f"elsewhere {uuid4()}"
    token = add_token(name, {Scope.READ}, served.deps.transactions, by="test")
    served.execute("update api_tokens set scopes = '{}' where name = :name", name=name)
    answer = ask(served, served.seat_of(address).id, token)
    assert answer.status_code == 403
    assert 'error="insufficient_scope", scope="read"' in answer.headers["www-authenticate"]
    assert answer.json()["type"] == "/problems/missing-scope"


def test_a_revoked_token_works_no_more(served: Served, address: str) -> None:
    name = f"gone {uuid4()}"
    token = add_token(name, {Scope.READ}, served.deps.transactions, by="test")
    person = served.seat_of(address)
    assert ask(served, person.id, token).status_code == 200
    revoke_token(name, served.deps.transactions, by="test")
    assert ask(served, person.id, token).status_code == 401


@pytest.mark.parametrize("unknown", [uuid4(), "nobody", "ana@example.org"])
def test_an_unknown_person_is_a_problem(served: Served, token: str, unknown: object) -> None:
    answer = ask(served, unknown, token)
    assert answer.status_code == 404
    assert answer.json()["type"] == "/problems/no-such-person"


def test_other_addresses_and_methods_answer_programs_as_programs(
    served: Served, token: str
) -> None:
    headers = {"authorization": f"Bearer {token}"}
    assert served.get("/api/nothing", headers=headers).headers["content-type"] == (
        "application/problem+json"
    )
    answer = served.post(f"/api/subscribers/{uuid4()}/calendar", headers=headers)
    assert answer.status_code == 405
    assert answer.headers["content-type"] == "application/problem+json"


def test_who_tries_tokens_is_slowed_down(own_served: Served) -> None:
    answers = [ask(own_served, uuid4(), f"guess-{number}") for number in range(31)]
    assert [each.status_code for each in answers[:30]] == [401] * 30
    assert answers[-1].status_code == 429
    assert int(answers[-1].headers["retry-after"]) > 0


def test_only_the_digest_is_kept(served: Served) -> None:
    name = f"secret {uuid4()}"
    token = add_token(name, {Scope.READ}, served.deps.transactions, by="test")
    row = served.ask("select api_tokens::text from api_tokens where name = :name", name=name)
    assert token not in str(row)
    assert token.removeprefix("funnel_") not in str(row)
