"""JSON that two readers could understand differently is refused."""

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from funnel.intake.errors import MalformedBodyError
from funnel.intake.strict_json import MOST_LEVELS, parse_json


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"{'email': 'a@b.de'}",
        b'{"email": "a@b.de",}',
        b'{"email": "a@b.de"} {}',
        b"[]",
        b'"text"',
        b"null",
        b"12",
        b'{"email": "a@b.de", "email": "c@d.de"}',
        b'{"fields": {"a": 1, "a": 1}}',
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b'{"a": -Infinity}',
        b'{"a": 1e999}',
        b'{"a": ' + b"9" * 5000 + b"}",
        b'{"a": "\xff"}',
        b'{"a": "line\nbreak"}',
        '{"a": 1}'.encode("utf-16"),
        b'{"a": ' * (MOST_LEVELS + 1) + b"1" + b"}" * (MOST_LEVELS + 1),
        b'{"a": ' + b"[" * 30_000 + b"]" * 30_000 + b"}",
        b"[" * 60_000,
    ],
    ids=lambda body: repr(body[:40]),
)
def test_what_is_refused(body: bytes) -> None:
    with pytest.raises(MalformedBodyError) as caught:
        parse_json(body)
    assert str(caught.value)


def test_it_says_where() -> None:
    with pytest.raises(MalformedBodyError, match="line 2, column 9"):
        parse_json(b'{"a": 1,\n "b": 2 3}')
    with pytest.raises(MalformedBodyError, match="stands twice") as caught:
        parse_json(b'{"email": 1, "email": 2}')
    assert caught.value.field == "email"


def test_as_deep_as_allowed_and_with_a_mark_of_utf_8() -> None:
    parse_json(b'{"a": ' * MOST_LEVELS + b"1" + b"}" * MOST_LEVELS)
    assert parse_json(b"\xef\xbb\xbf{}") == {}


@given(st.dictionaries(st.text(), st.integers() | st.text() | st.booleans() | st.none()))
def test_plain_objects_come_through(value: dict[str, object]) -> None:
    assert parse_json(json.dumps(value).encode()) == value


@given(st.binary(max_size=200))
def test_any_bytes_are_an_object_or_an_error_of_ours(body: bytes) -> None:
    with contextlib.suppress(MalformedBodyError):
        parse_json(body)
