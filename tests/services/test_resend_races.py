"""An email sent again by several hands at one moment, and while a worker has it in its own."""

from datetime import datetime
from uuid import UUID

import pytest

from funnel.domain.errors import InvalidInputError
from funnel.services.deliver_batch import deliver_batch
from funnel.services.resend_email import resend_email
from funnel.storage.transaction import Transactions
from tests.fixtures.posting import Post, assert_balanced, enrolled
from tests.fixtures.signups import Door

BY = "coach@example.org"


def copies(post: Post, run: UUID) -> dict[str, str]:
    found = post.world.statuses(run).items()
    return {key: status for key, status in found if key.startswith("your-seat")}


def test_pressed_by_four_at_once_it_is_sent_once(post: Post, door: Door) -> None:
    _, run = enrolled(post.world)
    post.deliver()
    mails = len(post.server.accepted)

    def press(transactions: Transactions) -> object:
        return resend_email(run, "your-seat", transactions, seen=1, by=BY)

    answers = door.at_once([press] * 4)
    assert sum(isinstance(each, datetime) for each in answers) == 1
    refused = [each for each in answers if isinstance(each, InvalidInputError)]
    assert len(refused) == 3
    assert all("sent again meanwhile" in str(each) for each in refused)
    assert copies(post, run) == {"your-seat": "accepted", "your-seat/1": "queued"}
    assert post.world.ask("select count(*) from audit where action = 'email sent again'") == 1
    assert post.deliver() == {"accepted": 1}
    assert len(post.server.accepted) == mails + 1
    assert_balanced(post.world)


@pytest.mark.parametrize("_round", range(2))
def test_while_a_worker_opens_it_no_copy_is_made_of_what_has_not_left(
    post: Post, door: Door, _round: int
) -> None:
    _, run = enrolled(post.world)
    batch = post.claim()

    def press(transactions: Transactions) -> object:
        return resend_email(run, "your-seat", transactions, seen=1, by=BY)

    sent, *pressed = door.at_once([lambda _: deliver_batch(batch, post.delivery), *[press] * 3])
    assert sent == {"accepted": 1}
    made = [each for each in pressed if isinstance(each, datetime)]
    assert len(made) <= 1
    assert set(copies(post, run)) == ({"your-seat", "your-seat/1"} if made else {"your-seat"})
    for each in pressed:
        if isinstance(each, InvalidInputError):
            assert "on its way" in str(each) or "meanwhile" in str(each)
        else:
            assert isinstance(each, datetime)
    post.deliver()
    assert len(post.server.accepted) == 1 + len(made)
    assert set(copies(post, run).values()) == {"accepted"}
    assert_balanced(post.world)


def test_a_copy_in_a_workers_hands_is_not_sent_a_third_time(post: Post, door: Door) -> None:
    _, run = enrolled(post.world)
    post.deliver()
    resend_email(run, "your-seat", post.world.transactions, seen=1, by=BY)
    batch = post.claim()

    def press(transactions: Transactions) -> object:
        return resend_email(run, "your-seat", transactions, seen=1, by=BY)

    door.at_once([lambda _: deliver_batch(batch, post.delivery), press, press])
    post.deliver()
    assert copies(post, run) == {"your-seat": "accepted", "your-seat/1": "accepted"}
    assert len(post.server.accepted) == 2
    assert_balanced(post.world)
