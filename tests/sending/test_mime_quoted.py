"""Parts that come quoted: read back by the standard library, sent as they are, kept as they are."""

import json
from dataclasses import replace
from email import message_from_bytes, policy
from uuid import uuid4

from hypothesis import given, settings
from hypothesis import strategies as st

from funnel.domain.quoted_text import closed, quoted, quoted_piece
from funnel.sending import mime
from funnel.services.kept_email import kept_email, restored_email
from tests.sending.kit import an_email

PIECES = st.lists(
    st.text(max_size=200) | st.text(st.sampled_from("a.= \té漢\r\n"), max_size=300), max_size=5
)


@settings(max_examples=150, deadline=None)
@given(PIECES, PIECES)
def test_both_parts_read_back_by_the_standard_library(plain, page):
    text, html = (closed("".join(map(quoted_piece, each))) for each in (plain, page))
    email = an_email(text=text, html=html)
    raw = mime.build(email)
    # SMTP sends it as it stands: a line of a lone dot would end the message there.
    assert b"\n." not in raw
    assert not raw.startswith(b".")
    message = message_from_bytes(raw, policy=policy.SMTP)
    for part, wanted in zip(message.iter_parts(), (text, html), strict=True):
        payload = part.get_payload(decode=True).decode()
        assert payload.replace("\r\n", "\n") == wanted.decode()
        assert part.get_content_charset() == "utf-8"
    assert (email.text_str, email.html_str) == (text.decode(), html.decode())


def test_a_quoted_part_and_its_text_read_the_same():
    words = ".Zoë = \n.. a\n" + "long " * 300
    email = an_email(text=words, html=words)
    travelling = replace(email, text=quoted(words), html=quoted(words))
    assert mime.build(travelling) == mime.build(email)


def test_a_second_attempt_makes_the_same_bytes():
    pieces = closed(quoted_piece("Hello ") + quoted_piece("Zoë = ") + quoted_piece(".\n.x"))
    email = an_email(text=pieces, html=pieces)
    again = restored_email(json.loads(json.dumps(kept_email(email))))
    assert again == replace(email, left_at=None)
    assert mime.build(again) == mime.build(email)


def test_what_was_kept_as_a_text_is_still_restored():
    email = an_email(text="Zoë", html="<p>Zoë</p>", message_id=uuid4())
    kept = json.loads(json.dumps(kept_email(email)))
    assert (kept["text"], kept["html"]) == ("Zoë", "<p>Zoë</p>")
    assert mime.build(restored_email(kept)) == mime.build(email)
