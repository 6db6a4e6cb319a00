"""The signup webhook over real HTTP: who gets in, what is answered, and what is kept."""

import io
import json
import logging
import time
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
import requests
import structlog

from funnel.domain.signing import new_webhook_secret
from funnel.services import record_refusal
from funnel.services.add_source import NewSource, add_source, rotate_secret
from funnel.services.record_refusal import count_refusals
from funnel.web import request_log
from tests.fixtures.signups import add_source as write_source
from tests.fixtures.webhook import FIELDS, Hook

URL_ENCODED = "application/x-www-form-urlencoded"


def _problem(answer: requests.Response, status: int, name: str) -> dict[str, object]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == status
    assert problem["type"] == f"/problems/{name}"
    assert problem["title"]
    assert problem["detail"]
    assert isinstance(problem, dict)
    return problem


def _signups(hook: Hook) -> object:
    return hook.world.ask("select count(*) from signups")


class TestAccepted:
    def test_the_answer_is_the_signup_s_id(self, hook: Hook) -> None:
        answer = hook.post()
        assert answer.status_code == 202
        assert list(answer.json()) == ["id"]
        row = hook.world.ask(
            "select array[status, first_name, zone] from signups where id = :id",
            id=UUID(answer.json()["id"]),
        )
        assert row == ["pending", "Ana", "Europe/Berlin"]

    def test_the_body_is_kept_as_it_came(self, hook: Hook) -> None:
        body = b'{ "email":"ana@example.org",\n "extra": [1, {"deep": true}] }'
        assert hook.post(body).status_code == 202
        assert hook.world.ask("select payload from signups") == body

    def test_a_repeat_of_the_call_is_the_same_signup(self, hook: Hook) -> None:
        body = json.dumps(FIELDS).encode()
        headers = hook.signed(body, webhook_id="msg_1")
        later = hook.signed(
            body, webhook_id="msg_1", sent_at=datetime.now(UTC) - timedelta(minutes=2)
        )
        answers = [hook.post(body, headers=each).json() for each in (headers, headers, later)]
        assert answers[0] == answers[1] == answers[2]
        assert _signups(hook) == 1

    def test_new_known_suppressed_and_limited_look_alike(self, hook: Hook) -> None:
        hook.world.execute(
            "insert into suppressions (email_key, reason) values ('bea@example.org', 'bounced')"
        )
        answers = [
            hook.post({"email": email})
            for email in ("ana@example.org", "ANA@example.org", "bea@example.org")
        ]
        assert {each.status_code for each in answers} == {202}
        assert {tuple(each.json()) for each in answers} == {("id",)}
        assert {len(each.content) for each in answers} == {len(answers[0].content)}
        names = {frozenset(each.headers) for each in answers}
        assert len(names) == 1

    def test_a_new_secret_counts_while_the_former_one_is_in_use(self, hook: Hook) -> None:
        old = hook.source.secrets[0]
        new = rotate_secret("site", hook.world.transactions)
        time.sleep(0.1)
        body = json.dumps(FIELDS).encode()
        assert hook.post(body, headers=hook.signed(body, secret=old)).status_code == 202
        deadline = time.monotonic() + 15
        while hook.post(body, headers=hook.signed(body, secret=new)).status_code != 202:
            assert time.monotonic() < deadline, "the new secret never counted"
            time.sleep(0.3)
        assert hook.post(body, headers=hook.signed(body, secret=old)).status_code == 202


class TestRefused:
    @pytest.mark.parametrize(
        "change",
        [
            {"webhook-id": None},
            {"webhook-timestamp": None},
            {"webhook-signature": None},
            {"webhook-id": None, "webhook-timestamp": None, "webhook-signature": None},
            {"webhook-id": "msg_other"},
            {"webhook-timestamp": "soon"},
            {"webhook-signature": "v1,AAAA"},
            {"webhook-signature": ""},
        ],
    )
    def test_without_the_right_signature(self, hook: Hook, change: dict[str, str | None]) -> None:
        body = json.dumps(FIELDS).encode()
        signed = hook.signed(body) | change
        headers = {name: value for name, value in signed.items() if value is not None}
        problem = _problem(hook.post(body, headers=headers), 401, "wrong-signature")
        assert problem["remedy"]
        assert _signups(hook) == 0

    def test_a_changed_body(self, hook: Hook) -> None:
        headers = hook.signed(json.dumps(FIELDS).encode())
        changed = json.dumps(FIELDS | {"email": "mallory@example.org"}).encode()
        _problem(hook.post(changed, headers=headers), 401, "wrong-signature")

    def test_another_s_secret(self, hook: Hook) -> None:
        body = json.dumps(FIELDS).encode()
        headers = hook.signed(body, secret=new_webhook_secret())
        _problem(hook.post(body, headers=headers), 401, "wrong-signature")

    @pytest.mark.parametrize("minutes", [-6, 6, -100_000, 100_000])
    def test_a_replayed_or_future_dated_call(self, hook: Hook, minutes: int) -> None:
        body = json.dumps(FIELDS).encode()
        sent_at = datetime.now(UTC) + timedelta(minutes=minutes)
        problem = _problem(
            hook.post(body, headers=hook.signed(body, sent_at=sent_at)), 401, "wrong-signature"
        )
        assert "clock" in str(problem["remedy"])
        assert _signups(hook) == 0

    def test_a_source_that_does_not_exist_or_is_switched_off(self, hook: Hook) -> None:
        _problem(hook.post(slug="other"), 404, "no-such-source")
        _problem(hook.post(slug="%00"), 404, "no-such-source")
        off = write_source(hook.world, slug="off", is_active=False, secrets=hook.source.secrets)
        _problem(hook.post(slug=off.slug), 404, "no-such-source")

    def test_a_source_without_a_secret_opens_to_nobody(self, hook: Hook) -> None:
        write_source(hook.world, slug="closed")
        _problem(hook.post(slug="closed"), 401, "wrong-signature")
        _problem(hook.post(slug="closed", headers={}), 401, "wrong-signature")
        _problem(hook.post(slug="closed", headers={}, query="?secret="), 401, "wrong-signature")

    @pytest.mark.parametrize("size", [64 * 1024 + 1, 900_000, 2_000_000])
    def test_a_body_that_is_too_large(self, hook: Hook, size: int) -> None:
        body = json.dumps(FIELDS | {"x": "y" * size}).encode()
        answer = hook.post(body)
        assert answer.status_code == 413
        assert answer.headers["content-type"] == "application/problem+json"
        assert _signups(hook) == 0

    def test_a_body_of_just_the_size(self, hook: Hook) -> None:
        body = json.dumps(FIELDS).encode()
        assert hook.post(body + b" " * (64 * 1024 - len(body))).status_code == 202

    @pytest.mark.parametrize(
        "body",
        [
            b"{",
            b"[]",
            b"",
            b"\xff",
            b'{"email": "a@b.de", "email": "c@d.de"}',
            b'{"email": "a@b.de", "x": NaN}',
            b'{"x": ' + b"[" * 20_000,
        ],
    )
    def test_a_body_that_cannot_be_read(self, hook: Hook, body: bytes) -> None:
        _problem(hook.post(body, headers=hook.signed(body)), 400, "malformed-body")
        assert _signups(hook) == 0

    def test_a_kind_of_body_that_is_not_read(self, hook: Hook) -> None:
        body = b"<email>ana@example.org</email>"
        headers = hook.signed(body) | {"content-type": "text/xml"}
        problem = _problem(hook.post(body, headers=headers), 400, "malformed-body")
        assert problem["field"] == "Content-Type"

    @pytest.mark.parametrize(
        ("fields", "field"),
        [
            ({"first_name": "Ana"}, "email"),
            ({"email": "ana"}, "email"),
            ({"email": 5}, "email"),
            ({"email": "ana\x00@example.org"}, "email"),
            ({"email": "ana@example.org\r\nBcc: bea@example.org"}, "email"),
            ({"email": "ana@example.org", "last_name": "\x00"}, "last_name"),
            ({"email": "ana@example.org", "session": "soon"}, "session"),
            ({"email": "ana@example.org", "session": str(uuid4())}, "session"),
            ({"email": "ana@example.org", "session": "next"}, "session"),
        ],
    )
    def test_a_wrong_field(self, hook: Hook, fields: dict[str, object], field: str) -> None:
        problem = _problem(hook.post(fields), 422, "wrong-field")
        assert problem["field"] == field
        assert problem["remedy"]
        assert _signups(hook) == 0

    def test_other_methods(self, hook: Hook) -> None:
        answer = requests.get(f"{hook.base_url}/webhooks/signup/site", timeout=5)
        assert answer.status_code == 405


class TestKeptWhenRefused:
    def test_what_cannot_be_mapped_is_kept_as_it_came_with_the_reason(self, hook: Hook) -> None:
        body = b'{"Kontakt-Adresse": "ana@example.org"}'
        _problem(hook.post(body), 422, "wrong-field")
        assert hook.world.ask("select payload from refused_signups") == body
        row = hook.world.ask(
            "select array[s.slug, field, reason, host(ip), user_agent]"
            " from refused_signups join sources s on s.id = source_id"
        )
        assert isinstance(row, list)
        assert row[:4] == ["site", "email", "there is no email address", "127.0.0.1"]
        assert "requests" in row[4]

    @pytest.mark.parametrize("name", ["a", "\x00", "\ud800"])
    def test_so_is_what_cannot_be_read(self, hook: Hook, name: str) -> None:
        body = f"{{{json.dumps(name)}: 1, {json.dumps(name)}: 2}}".encode()
        _problem(hook.post(body), 400, "malformed-body")
        assert hook.world.ask("select payload from refused_signups") == body

    def test_a_stranger_fills_no_table(self, hook: Hook) -> None:
        body = b'{"x": 1}'
        _problem(hook.post(body, headers={}), 401, "wrong-signature")
        headers = hook.signed(body, secret=new_webhook_secret())
        _problem(hook.post(body, headers=headers), 401, "wrong-signature")
        assert hook.world.ask("select count(*) from refused_signups") == 0

    def test_the_oldest_of_a_source_fall_away(self, hook: Hook) -> None:
        other = write_source(hook.world, slug="other")
        for source, number in ((hook.source, 1000), (other, 2)):
            hook.world.execute(
                "insert into refused_signups (id, source_id, received_at, reason, payload)"
                " select gen_random_uuid(), :source, plan_now() - n * interval '1 minute',"
                " 'old ' || n, '' from generate_series(1, :number) n",
                source=source.id,
                number=number,
            )
        _problem(hook.post(b'{"x": 1}'), 422, "wrong-field")
        kept = "select count(*) from refused_signups where source_id = :source"
        assert hook.world.ask(kept, source=hook.source.id) == 1000
        assert hook.world.ask(kept, source=other.id) == 2
        gone = "select count(*) from refused_signups where reason = 'old 1000'"
        assert hook.world.ask(gone) == 0

    def test_the_last_day_s_are_counted_by_source(self, hook: Hook) -> None:
        hook.world.execute(
            "insert into refused_signups (id, source_id, received_at, reason, payload)"
            " values (gen_random_uuid(), :source, plan_now() - interval '25 hours', 'old', '')",
            source=hook.source.id,
        )
        assert count_refusals(hook.world.transactions) == {}
        hook.post(b'{"x": 1}')
        hook.post({"email": "ana@example.org", "session": "soon"})
        (found,) = count_refusals(hook.world.transactions).values()
        assert found.number == 2
        assert found.newest_reason in ("there is no email address", "the session is not an id")

    def test_one_line_is_logged_without_the_body(
        self, hook: Hook, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        written = io.StringIO()
        logger = structlog.wrap_logger(
            structlog.PrintLogger(written),
            processors=[structlog.processors.JSONRenderer()],
            wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        )
        for module in (record_refusal, request_log):
            monkeypatch.setattr(module, "log", logger)
        hook.post({"first_name": ["Secretive"], "email": "ana@example.org"})
        deadline = time.monotonic() + 10
        while "request.answered" not in written.getvalue() and time.monotonic() < deadline:
            time.sleep(0.01)  # it is written once the answer is on its way
        refused, answered = map(json.loads, written.getvalue().splitlines())
        assert refused == {
            "event": "signup.refused",
            "source": "site",
            "field": "first_name",
            "reason": "“first_name” must be one plain value",
        }
        assert answered["route"] == "POST /webhooks/signup/{source}"


class TestBuildersThatCannotSign:
    @pytest.fixture
    def secret(self, hook: Hook) -> str:
        new = NewSource(
            slug="builder", sequence_slug="short", is_signed=False, has_form_secret=True
        )
        source = add_source(new, hook.world.transactions)
        assert source.secrets == ()
        assert source.form_secret is not None
        return source.form_secret

    def test_the_secret_opens_as_a_bearer_token_or_in_the_address(
        self, hook: Hook, secret: str
    ) -> None:
        body = b"your-email=ana%40example.org&your-name=Ana+Muster"
        form = {"content-type": URL_ENCODED}
        bearer = form | {"authorization": f"Bearer {secret}"}
        first = hook.post(body, slug="builder", headers=bearer)
        again = hook.post(body, slug="builder", headers=form, query=f"?secret={secret}")
        assert (first.status_code, again.status_code) == (202, 202)
        # The same submission has the same derived id.
        assert first.json() == again.json()
        assert _signups(hook) == 1
        kept = hook.world.ask("select payload from signups")
        assert secret.encode() not in kept  # type: ignore[operator]

    @pytest.mark.parametrize("query", ["", "?secret=", "?secret=wrong"])
    def test_a_wrong_secret_does_not(self, hook: Hook, secret: str, query: str) -> None:
        body = b"email=ana%40example.org"
        answer = hook.post(body, slug="builder", headers={"content-type": URL_ENCODED}, query=query)
        _problem(answer, 401, "wrong-signature")

    def test_a_signature_is_not_checked_against_the_form_s_secret(
        self, hook: Hook, secret: str
    ) -> None:
        body = json.dumps(FIELDS).encode()
        answer = hook.post(body, slug="builder", query=f"?secret={secret}")
        _problem(answer, 401, "wrong-signature")


def test_a_source_s_limit_says_when_to_come_again(hook: Hook) -> None:
    secrets = hook.source.secrets
    write_source(hook.world, slug="slow", secrets=secrets, per_minute=3)
    answers = [hook.post({"email": f"p{n}@example.org"}, slug="slow") for n in range(5)]
    assert [each.status_code for each in answers] == [202, 202, 202, 429, 429]
    problem = _problem(answers[3], 429, "too-many-signups")
    assert 1 <= int(answers[3].headers["retry-after"]) <= 60
    assert problem["remedy"]
    assert hook.post().status_code == 202  # another source goes on
