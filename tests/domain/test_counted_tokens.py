"""Tokens of counted links: a link and a run, one spelling, nothing that can be forged."""

from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from funnel.domain.errors import SignatureError
from funnel.domain.signing import LinkPurpose, LinkTokens

KEY, NEXT_KEY = b"k" * 32, b"n" * 32
RUN = UUID("0192f3c4-1111-7222-8333-444455556666")
CLICK, OPEN = LinkPurpose.CLICK, LinkPurpose.OPEN


@settings(deadline=None)
@given(link=st.integers(0, 2**48 - 1), run=st.uuids(), purpose=st.sampled_from([CLICK, OPEN]))
def test_a_token_brings_back_link_and_run(link, run, purpose):
    token = LinkTokens([KEY]).make_counted(purpose, link, run)
    assert len(token) == 44
    assert token.replace("-", "").replace("_", "").isalnum()
    assert LinkTokens([KEY]).read_counted(token, purpose=purpose) == (link, run)


def test_a_token_made_today_is_read_for_ever():
    kept = "SAAAAAAABwGS88QREXIigzNERFVVZmYjh7bjdpqD0X3x"
    assert LinkTokens([KEY]).read_counted(kept, purpose=CLICK) == (7, RUN)


def test_links_of_the_old_key_stay_open():
    old = LinkTokens([KEY]).make_counted(CLICK, 7, RUN)
    assert LinkTokens([NEXT_KEY, KEY]).read_counted(old, purpose=CLICK) == (7, RUN)
    with pytest.raises(SignatureError):
        LinkTokens([NEXT_KEY]).read_counted(old, purpose=CLICK)


def test_a_click_is_no_open_and_opens_no_page():
    tokens = LinkTokens([KEY])
    token = tokens.make_counted(CLICK, 7, RUN)
    with pytest.raises(SignatureError):
        tokens.read_counted(token, purpose=OPEN)
    with pytest.raises(SignatureError):
        tokens.read(token, purposes=tuple(LinkPurpose))
    with pytest.raises(SignatureError):
        tokens.read_counted(tokens.make(CLICK, RUN), purpose=CLICK)


@settings(deadline=None)
@given(position=st.integers(0, 43), letter=st.sampled_from("ABCDEFabcdef0189-_"))
def test_one_changed_letter_closes_the_link(position, letter):
    token = LinkTokens([KEY]).make_counted(CLICK, 7, RUN)
    forged = token[:position] + letter + token[position + 1 :]
    if forged != token:
        with pytest.raises(SignatureError):
            LinkTokens([KEY]).read_counted(forged, purpose=CLICK)


@settings(deadline=None)
@given(token=st.text() | st.text("ABCab01-_+/=", min_size=44, max_size=44))
def test_anything_else_is_a_signature_error_and_no_other(token):
    with pytest.raises(SignatureError):
        LinkTokens([KEY]).read_counted(token, purpose=CLICK)
