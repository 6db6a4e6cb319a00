"""A test of an email: marked, harmless, sent soon, and counted nowhere."""

from email import message_from_bytes
from email.policy import default

from funnel.domain.readers import PersonReader
from funnel.services.send_test import list_tests, send_test
from funnel.services.send_test_emails import send_test_emails
from tests.fixtures.posting import Post, enrolled

BY = "mira@example.org"


def test_a_test_is_marked_and_its_links_act_for_nobody(post: Post) -> None:
    person, run = enrolled(post.world)
    send_test(
        "short/your-seat",
        PersonReader(subscriber_id=person, enrollment_id=run),
        to="colleague@example.net",
        by=BY,
        transactions=post.world.transactions,
        previewing=post.previewing,
    )
    assert send_test_emails(post.delivery, most=5) == {"accepted": 1}
    mail = message_from_bytes(post.server.accepted[0], policy=default)
    assert mail["Subject"] == "[Test] Subject of your-seat"
    assert mail["To"] == "colleague@example.net"
    assert mail["List-Unsubscribe"] is None
    plain = mail.get_body(("plain",)).get_content()
    assert plain.startswith("This is a test of “Your seat”, as Ana would get it.")
    assert "Hello Ana," in plain
    page = mail.get_body(("html",)).get_content()
    assert "This is a test of “Your seat”" in page
    links = post.delivery.builder.links
    for token in (links.join(run), links.preferences(person)):
        assert token.rpartition("/")[2] not in post.server.accepted[0].decode()
    (test,) = list_tests(post.world.transactions)
    assert (test.status, test.to_address, test.by) == ("accepted", "colleague@example.net", BY)
