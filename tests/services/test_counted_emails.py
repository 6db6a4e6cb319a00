"""Emails of a run carry short addresses for what leads elsewhere, and the same ones each time."""

import json
import re
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes
from email.policy import default
from uuid import UUID

import pytest

from funnel.domain.sequence_json import definition_to_json
from funnel.domain.signing import LinkPurpose, LinkTokens
from tests.fixtures.posting import Post, enrolled
from tests.fixtures.world import SHORT_SEQUENCE, TUESDAY_NOON, World
from tests.sending.scripted_server import say

WEDNESDAY_AT_NINE = TUESDAY_NOON + timedelta(hours=21)
BODY = "[Book a call](https://example.org/talk?a=1&b=2) or [look]({{ brand.notes_url }})."
TOKENS = LinkTokens([b"0" * 32])
SHORT = re.compile(r"https://funnel\.example\.org/l/([A-Za-z0-9_-]{44})")


def parts(raw: bytes) -> tuple[str, str]:
    # As it travelled: a line that began with a dot has two (RFC 5321, 4.5.2).
    mail = message_from_bytes(raw.replace(b"\r\n..", b"\r\n."), policy=default)
    text, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert text is not None and html is not None
    return text.get_content(), html.get_content()


def one_email(post: Post, body: str = BODY) -> tuple[UUID, str, str]:
    post.world.execute("update brands set notes_url = 'https://example.org/notes'")
    post.world.publish_email("your-seat", body, layout="service")
    _, run = enrolled(post.world)
    assert post.deliver() == {"accepted": 1}
    return run, *parts(post.server.accepted[-1])


def test_both_parts_carry_the_same_short_addresses_and_not_the_long_ones(post: Post) -> None:
    run, text, html = one_email(post)
    in_text, in_html = SHORT.findall(text), SHORT.findall(html)
    assert in_text == in_html and len(in_text) == 2
    read = [TOKENS.read_counted(each, purpose=LinkPurpose.CLICK) for each in in_text]
    assert {of_run for _, of_run in read} == {run}
    names = [
        post.world.ask("select name || ' ' || target from links where id = :id", id=link)
        for link, _ in read
    ]
    assert names == ["book-a-call https://example.org/talk?a=1&b=2", "notes brand.notes_url"]
    for part in (text, html):
        assert "example.org/talk" not in part and "example.org/notes" not in part
    assert "/o/" not in html


def test_a_brand_without_the_page_has_no_link_to_it(post: Post) -> None:
    post.world.publish_email("your-seat", "[Look]({{ brand.notes_url }}).", layout="service")
    enrolled(post.world)
    post.deliver()
    text, html = parts(post.server.accepted[-1])
    assert not SHORT.search(text) and not SHORT.search(html)


@pytest.mark.parametrize("post", [{"MAIL": [say("451 4.3.0 not now")]}], indirect=True)
def test_a_second_try_makes_the_same_bytes_though_the_text_has_changed(post: Post) -> None:
    post.world.execute("update brands set notes_url = 'https://example.org/notes'")
    post.world.publish_email("your-seat", BODY, layout="service")
    enrolled(post.world)
    assert post.deliver() == {"queued": 1}
    kept = post.world.ask("select context ->> 'html' from messages")
    post.world.publish_email("your-seat", "[Other](https://other.example.org)", layout="service")
    post.retry_now()
    assert post.deliver() == {"accepted": 1}
    _, html = parts(post.server.accepted[-1])
    assert SHORT.findall(html) == SHORT.findall(str(kept))


def test_publishing_again_keeps_a_link_s_number_and_two_workers_give_one(world: World) -> None:
    world.publish_email("first", BODY)
    before = world.ask("select string_agg(id || name, ',' order by id) from links")
    world.publish_email("first", BODY + "\n\nMore words.")
    assert world.ask("select string_agg(id || name, ',' order by id) from links") == before
    world.publish_email("first", BODY.replace("talk", "call"))
    assert world.ask("select count(*) from links") == 3


@pytest.mark.parametrize("tracks_opens", [True, False])
def test_only_letters_of_a_sequence_that_asks_for_it_carry_the_picture(
    post: Post, *, tracks_opens: bool
) -> None:
    post.world.execute(
        "update sequence_versions set definition = cast(:definition as jsonb)",
        definition=json.dumps(
            definition_to_json(replace(SHORT_SEQUENCE, tracks_opens=tracks_opens))
        ),
    )
    _, run = enrolled(post.world)
    post.deliver()
    post.world.travel_to(WEDNESDAY_AT_NINE)
    post.deliver()
    by_subject = {
        message_from_bytes(raw, policy=default)["Subject"]: parts(raw)[1]
        for raw in post.server.accepted
    }
    assert "/o/" not in by_subject["Subject of your-seat"]
    letter = by_subject["Subject of first"]
    found = re.search(
        r'<img src="https://funnel\.example\.org/o/(.{44})\.gif" [^>]*></body>', letter
    )
    assert (found is not None) is tracks_opens
    if found is not None:
        link, of_run = TOKENS.read_counted(found.group(1), purpose=LinkPurpose.OPEN)
        assert of_run == run
        assert (
            post.world.ask("select template_key from links where id = :id", id=link)
            == "short/first"
        )
