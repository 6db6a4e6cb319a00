"""Ways in: how long they last, and what proves a form is ours."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from funnel.domain.access import Role, User
from funnel.domain.login import (
    Login,
    form_token,
    is_form_of,
    is_over,
    login_digest,
    new_login_token,
)

NOW = datetime(2031, 3, 4, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def login(*, began, seen):
    user = User(
        id=uuid4(),
        email="a@example.org",
        name="",
        role=Role.VIEWER,
        has_password=True,
        is_demo=False,
        is_disabled=False,
    )
    return Login(
        id=uuid4(),
        user=user,
        ip=None,
        user_agent="",
        created_at=NOW - began,
        last_seen_at=NOW - seen,
        expires_at=NOW - began + 30 * DAY,
    )


@pytest.mark.parametrize(
    ("case", "began", "seen", "expected"),
    [
        ("just now", 0 * DAY, 0 * DAY, False),
        ("seen six days ago", 10 * DAY, 6 * DAY, False),
        ("not seen for a week", 10 * DAY, 7 * DAY, True),
        ("seen daily for a month", 30 * DAY, 0 * DAY, True),
        ("almost a month", 30 * DAY - timedelta(seconds=1), 0 * DAY, False),
    ],
)
def test_when_a_way_in_is_over(case, began, seen, expected):
    assert is_over(login(began=began, seen=seen), NOW) is expected


def test_tokens_are_long_and_never_twice():
    tokens = {new_login_token() for _ in range(100)}
    assert len(tokens) == 100
    assert all(len(each) == 43 for each in tokens)  # 256 bits, six a character


def test_a_forms_token_belongs_to_one_login_and_does_not_give_it_away():
    token, other = new_login_token(), new_login_token()
    assert is_form_of(token, form_token(token))
    assert not is_form_of(other, form_token(token))
    assert not any(is_form_of(token, each) for each in ("", token, "\ud800", "\N{SNOWMAN}"))
    assert form_token(token) not in token
    assert login_digest(token) != login_digest(other)


def test_a_user_who_is_shut_out_may_nothing():
    from dataclasses import replace

    from funnel.domain.access import Permission

    user = login(began=DAY, seen=DAY).user
    assert user.may(Permission.READ)
    assert not replace(user, is_disabled=True).may(Permission.READ)
    assert user.shown_name == "a@example.org"
