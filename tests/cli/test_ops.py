"""`funnel ops`, as somebody at a terminal uses it after a crash."""

from uuid import uuid4

import pytest

from tests.fixtures.posting import enrolled
from tests.fixtures.world import SHORT_SEQUENCE

ELSEWHERE = "0123456789abcdef0123456789abcdef"
AUDITED = "select count(*) from audit"


@pytest.fixture
def crashed(installed):
    """Two emails in the hands of another machine's worker, whose lease is long over."""
    world = installed
    world.publish(SHORT_SEQUENCE)
    world.publish_emails()
    _, run = enrolled(world)
    world.execute(
        """
        insert into messages (id, kind, dedupe_key, subscriber_id, enrollment_id, sequence_id,
                              step_key, template_key, topic, lane, priority, due_at, status,
                              lease_owner, lease_until, opened_at, attempts, published_at, epoch)
        select gen_random_uuid(), 'sequence', n::text, subscriber_id, id, sequence_id,
               'your-seat', 'short/your-seat', 'seat', 'other', 1, plan_now(), 'sending',
               :owner, now() - interval '3 hours', plan_now() - interval '3 hours', 1, now(), 1
        from enrollments, generate_series(1, 2) n where id = :run
        """,
        owner=f"{ELSEWHERE}:12:ab",
        run=run,
    )
    return world


def statuses(world):
    return world.ask("select array_agg(distinct status) from messages")


def test_with_nothing_in_hand_there_is_nothing_to_settle(funnel, installed):
    assert "No worker has an email in hand." in funnel("ops", "hosts").output
    assert "There is none" in funnel("ops", "unknown", "list").output
    refused = funnel("ops", "settle", "--host", ELSEWHERE)
    assert refused.exit_code == 2
    assert "No worker of that host has" in refused.output


def test_a_machine_that_never_comes_back_is_named_counted_and_given_up(funnel, crashed):
    listed = funnel("ops", "hosts")
    assert listed.exit_code == 0, listed.output
    assert ELSEWHERE in listed.output
    assert "this machine" not in listed.output
    dry = funnel("ops", "settle", "--host", ELSEWHERE, "--dry-run")
    assert (dry.exit_code, "It has 2 emails in hand. Nothing was changed." in dry.output) == (
        0,
        True,
    )
    assert statuses(crashed) == ["sending"]
    assert crashed.ask(AUDITED) == 0
    done = funnel("ops", "settle", "--host", ELSEWHERE)
    assert (done.exit_code, "Unknown now: 2 emails." in done.output) == (0, True)
    assert statuses(crashed) == ["unknown"]
    assert crashed.ask("select detail->>'emails' from audit where action = 'host given up'") == "2"
    assert funnel("ops", "settle", "--host", ELSEWHERE).exit_code == 2


@pytest.mark.parametrize(
    ("host", "remedy"),
    [("", "funnel ops hosts"), ("%", "funnel ops hosts"), ("nonsense", "funnel ops hosts")],
)
def test_what_is_no_host_is_refused_with_its_remedy(funnel, crashed, host, remedy):
    refused = funnel("ops", "settle", "--host", host)
    assert refused.exit_code == 2
    assert remedy in refused.output
    assert statuses(crashed) == ["sending"]


def test_this_machine_is_not_given_up_by_itself(funnel, crashed, settings, tmp_path):
    settings.setenv("FUNNEL_DATA_FOLDER", str(tmp_path / "data"))
    assert funnel("ops", "hosts").exit_code == 0
    own = (tmp_path / "data" / "journal" / "host-id").read_text().strip()
    crashed.execute("update messages set lease_owner = :owner", owner=f"{own}:12:ab")
    assert "this machine" in funnel("ops", "hosts").output
    refused = funnel("ops", "settle", "--host", own)
    assert refused.exit_code == 2
    assert "Start the workers here" in refused.output
    assert statuses(crashed) == ["sending"]


def test_unknown_emails_are_listed_and_settled_by_a_persons_word(funnel, crashed):
    funnel("ops", "settle", "--host", ELSEWHERE)
    listed = funnel("ops", "unknown", "list").output
    assert "short/your-seat" in listed
    one, other = crashed.ask("select array_agg(id::text order by id) from messages")
    assert one in listed.replace("\n", "")
    sent = funnel("ops", "unknown", "mark", one, "sent")
    assert (sent.exit_code, "It is accepted now." in sent.output) == (0, True)
    again = funnel("ops", "unknown", "mark", other, "resend")
    assert again.exit_code == 0, again.output
    assert "It is queued now." in again.output
    settled = "select count(*) from audit where action = 'unknown email settled'"
    assert crashed.ask(settled) == 2
    once_more = funnel("ops", "unknown", "mark", one, "sent")
    assert once_more.exit_code == 2
    assert "No email of that id is held as unknown" in once_more.output


@pytest.mark.parametrize(
    "words",
    [[str(uuid4()), "sent"], ["not-an-id", "sent"], [str(uuid4()), "perhaps"]],
    ids=["nobody's", "no id", "no word"],
)
def test_what_cannot_be_marked_changes_nothing(funnel, crashed, words):
    assert funnel("ops", "unknown", "mark", *words).exit_code == 2
    assert crashed.ask(AUDITED) == 0
