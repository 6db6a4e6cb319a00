"""The facts webhook over real HTTP: a kit that every provider's preset passes."""

import json
import logging
from datetime import UTC, datetime, timedelta

import pytest
import requests
import structlog

from funnel.services import receive_facts
from funnel.services.add_fact_source import rotate_fact_secret
from funnel.services.match_facts import retry_waiting
from funnel.web import request_log
from tests.fixtures.fact_providers import PROVIDERS, Provider, Zoom
from tests.fixtures.facts import FactsHook, MakeFactsHook, add_fact_source

ANA = "ana@example.org"
MINUTE = timedelta(minutes=1)
UNREADABLE = [b"{", b"[]", b"", b"\xff", b'{"a": 1, "a": 2}', b'{"a": NaN}', b'{"a": "\\u0000"}']


def _ago(minutes: float) -> datetime:
    return datetime.now(UTC) - timedelta(minutes=minutes)


@pytest.fixture(params=PROVIDERS, ids=lambda provider: provider.preset)
def at(request: pytest.FixtureRequest, make_facts_hook: MakeFactsHook) -> FactsHook:
    """The running service with a source of each provider in turn."""
    provider: Provider = request.param
    return make_facts_hook(provider)


def _problem(answer: requests.Response, status: int, name: str) -> dict[str, object]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["type"] == f"/problems/{name}"
    assert problem["detail"]
    assert isinstance(problem, dict)
    return problem


def _kept_personal(at: FactsHook) -> object:
    """Return how many events hold anything but their id."""
    return at.world.ask(
        "select count(*) from received_facts "
        "where payload is not null or email_key is not null or reports <> '[]'"
    )


class TestTaken:
    def test_it_becomes_a_fact_and_leaves_nothing_personal_behind(self, at: FactsHook) -> None:
        at.seated()
        answer = at.send(at.provider.begun(ANA, _ago(3)))
        assert answer.status_code == 200, answer.text
        assert answer.json()["status"] == "applied"
        assert at.facts() == [(at.provider.kinds[0], at.provider.name)]
        assert _kept_personal(at) == 0

    def test_its_moment_is_real_time_and_becomes_plan_time(self, at: FactsHook) -> None:
        at.seated()
        at.send(at.provider.begun(ANA, _ago(3)))
        plan_now = at.world.ask("select plan_now()")
        assert isinstance(plan_now, datetime)
        (_, _, moment) = at.timed_facts()[0]
        assert timedelta(minutes=2.9) < plan_now - moment < timedelta(minutes=4)

    def test_an_address_in_another_spelling_is_the_same_person(self, at: FactsHook) -> None:
        at.seated()
        assert at.send(at.provider.begun("ANA@Example.ORG", _ago(3))).json()["status"] == "applied"

    def test_a_repeat_changes_nothing_and_is_answered_alike(self, at: FactsHook) -> None:
        at.seated()
        payload = at.provider.begun(ANA, _ago(3))
        answers = [at.send(payload, sent_at=_ago(minutes)) for minutes in (2, 1, 0)]
        assert [each.status_code for each in answers] == [200, 200, 200]
        assert answers[0].json() == answers[1].json() == answers[2].json()
        assert len(at.facts()) == 1
        assert at.statuses() == {"applied": 1}

    def test_both_orders_end_alike(self, at: FactsHook) -> None:
        at.seated()
        at.seated("bea@example.org")
        first, second = at.provider.begun(ANA, _ago(4)), at.provider.ended(ANA, _ago(2))
        at.send(first)
        at.send(second)
        forward = at.facts()
        bea = "bea@example.org"
        at.send(at.provider.ended(bea, _ago(2), number=2))
        at.send(at.provider.begun(bea, _ago(4), number=2))
        assert [kind for kind, _ in forward] == list(at.provider.kinds)
        assert sorted(at.facts()) == sorted([*forward, *forward])

    def test_another_kind_is_no_failure(self, at: FactsHook) -> None:
        answer = at.send(at.provider.unknown())
        assert answer.status_code == 200, answer.text
        assert answer.json()["status"] == "ignored"
        assert answer.json()["reason"]
        assert at.facts() == []
        assert _kept_personal(at) == 0


class TestBeforeItsPerson:
    def test_it_waits_and_is_taken_when_they_confirm(self, at: FactsHook) -> None:
        session = at.sitting(10 * MINUTE)
        answer = at.send(at.provider.begun(ANA, _ago(1)))
        assert answer.status_code == 202, answer.text
        assert answer.json()["status"] == "waiting"
        assert at.facts() == []
        at.door.seat(ANA, session)
        assert at.facts() == [(at.provider.kinds[0], at.provider.name)]
        assert at.statuses() == {"applied": 1}
        assert _kept_personal(at) == 0

    def test_who_has_not_confirmed_is_nobody_yet(self, at: FactsHook) -> None:
        signup = at.door.sign_up(ANA, at.sitting(10 * MINUTE))
        assert at.send(at.provider.begun(ANA, _ago(1))).json()["status"] == "waiting"
        assert at.facts() == []
        at.door.confirm(signup)
        assert len(at.facts()) == 1

    def test_a_repeat_while_it_waits_is_the_same_event(self, at: FactsHook) -> None:
        payload = at.provider.begun(ANA, _ago(1))
        assert [at.send(payload).status_code for _ in range(2)] == [202, 202]
        assert at.statuses() == {"waiting": 1}

    def test_nobody_ever_has_that_address(self, at: FactsHook) -> None:
        at.send(at.provider.begun("nobody@example.org", _ago(1)))
        at.world.execute("update received_facts set tried_at = tried_at - interval '61 minutes'")
        assert retry_waiting(at.world.transactions) == 0
        assert at.statuses() == {"waiting": 1}


class TestRefused:
    def test_a_wrong_signature_says_what_to_check(self, at: FactsHook) -> None:
        at.seated()
        answer = at.send(at.provider.begun(ANA, _ago(1)), secret=at.provider.other_secret)
        problem = _problem(answer, 401, "wrong-signature")
        assert problem["remedy"]
        assert at.statuses() == {}
        assert at.facts() == []

    def test_a_changed_body(self, at: FactsHook) -> None:
        body = at.provider.body(at.provider.begun(ANA, _ago(1)))
        headers = at.provider.sign(body, at.provider.secret, datetime.now(UTC))
        _problem(at.post(body + b" ", headers), 401, "wrong-signature")

    def test_no_signature(self, at: FactsHook) -> None:
        _problem(at.post(at.provider.body(at.provider.unknown()), {}), 401, "wrong-signature")

    def test_a_replay_and_one_from_the_future(self, at: FactsHook) -> None:
        at.seated()
        payload = at.provider.begun(ANA, _ago(1))
        for minutes in (-6, 6, 100_000):
            answer = at.send(payload, sent_at=_ago(minutes))
            if at.provider.signs_time:
                problem = _problem(answer, 401, "wrong-signature")
                assert "clock" in str(problem["remedy"])
            else:
                assert answer.status_code == 200  # a replay is a repeat
        assert len(at.facts()) == (0 if at.provider.signs_time else 1)

    def test_a_source_without_a_secret_is_closed(self, at: FactsHook) -> None:
        add_fact_source(at.world, at.provider, slug="closed", secrets=())
        body = at.provider.body(at.provider.unknown())
        for secret in (at.provider.secret, ""):
            if secret or at.provider.preset != "generic":
                headers = at.provider.sign(body, secret, datetime.now(UTC))
                _problem(at.post(body, headers, slug="closed"), 401, "wrong-signature")

    def test_a_source_that_is_off_or_is_none(self, at: FactsHook) -> None:
        add_fact_source(at.world, at.provider, slug="off", is_active=False)
        body = at.provider.body(at.provider.unknown())
        headers = at.provider.sign(body, at.provider.secret, datetime.now(UTC))
        for slug in ("off", "other", "%00"):
            _problem(at.post(body, headers, slug=slug), 404, "no-such-source")

    def test_what_cannot_be_read_is_kept_with_its_reason(self, at: FactsHook) -> None:
        for body in UNREADABLE:
            headers = at.provider.sign(body, at.provider.secret, datetime.now(UTC))
            for _ in range(2):  # sent again, it is the same event
                _problem(at.post(body, headers), 422, "unreadable-event")
            kept = "select reason from received_facts where payload = :body"
            assert at.world.ask(kept, body=body)
        assert at.statuses() == {"refused": len(UNREADABLE)}

    def test_a_payload_that_lacks_what_its_kind_has(self, at: FactsHook) -> None:
        problem = _problem(at.send(at.provider.incomplete()), 422, "unreadable-event")
        assert problem["field"]
        assert problem["remedy"]
        assert at.statuses() == {"refused": 1}

    def test_a_moment_that_cannot_be(self, at: FactsHook) -> None:
        at.seated()
        for moment in (_ago(-7), _ago(-60 * 24 * 400), datetime(1999, 1, 1, tzinfo=UTC)):
            _problem(at.send(at.provider.begun(ANA, moment)), 422, "unreadable-event")
        assert at.facts() == []
        assert at.statuses() == {"refused": 3}

    def test_a_body_that_is_too_large(self, at: FactsHook) -> None:
        body = at.provider.body({"x": "y" * (256 * 1024)})
        headers = at.provider.sign(body, at.provider.secret, datetime.now(UTC))
        _problem(at.post(body, headers), 413, "body-too-large")
        assert at.statuses() == {}


class TestSecrets:
    def test_a_new_secret_counts_while_the_former_one_is_in_use(self, at: FactsHook) -> None:
        new = at.provider.other_secret
        rotate_fact_secret(at.source.slug, new, at.world.transactions)
        payload = at.provider.unknown()
        assert at.wait_for_secret(payload, new).status_code == 200
        assert at.send(payload).status_code == 200


def test_a_source_s_limit_says_when_to_come_again(make_facts_hook: MakeFactsHook) -> None:
    at = make_facts_hook(Zoom())
    slow = add_fact_source(at.world, at.provider, slug="slow", per_minute=2)
    body = at.provider.body(at.provider.unknown())
    headers = at.provider.sign(body, at.provider.secret, datetime.now(UTC))
    answers = [at.post(body, headers, slug=slow.slug) for _ in range(3)]
    assert [each.status_code for each in answers] == [200, 200, 429]
    assert 1 <= int(answers[2].headers["retry-after"]) <= 60
    _problem(answers[2], 429, "too-many-events")
    assert at.send(at.provider.unknown()).status_code == 200  # another source goes on


def test_the_log_holds_neither_addresses_nor_bodies(
    make_facts_hook: MakeFactsHook, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = make_facts_hook(Zoom())
    lines: list[str] = []

    def keep(_logger: object, _name: str, event: structlog.typing.EventDict) -> str:
        lines.append(json.dumps(event, default=str))
        return ""

    structlog.configure(
        processors=[keep], wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG)
    )
    for module in (receive_facts, request_log):
        monkeypatch.setattr(module, "log", structlog.get_logger())
    at.seated()
    at.send(at.provider.begun(ANA, _ago(1)))
    at.send(at.provider.begun("nobody@example.org", _ago(1)))
    at.send({"event": "meeting.participant_joined", "payload": {"object": {"x": ANA}}})
    text = "\n".join(lines)
    assert "facts.received" in text
    assert "facts.refused" in text
    assert "example.org" not in text
