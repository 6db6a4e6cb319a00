"""Many people are looked at by a worker before a publish: in batches, once, as long as it is so."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from funnel.domain.impact import Change
from funnel.domain.publish_check import CheckStatus
from funnel.domain.sequence import Condition, ConditionKind
from funnel.domain.version_switch import PublishPolicy
from funnel.rendering.confinement import Confinement
from funnel.services import check_readers, count_affected, read_affected, read_impact
from funnel.services.check_links import DROPPED
from funnel.services.continue_checks import continue_checks, forget_checks
from funnel.services.edit_template import save_template_draft
from funnel.services.preview_template import Previewing
from funnel.services.publish_template import check_template, publish_template
from funnel.services.read_affected import Affected, Proposal, find_wait, list_affected
from funnel.services.roll_back_template import find_roll_back_wait, roll_back_template
from tests.fixtures.posting import Post, enrolled
from tests.fixtures.versions import BY, SLUG, WITH_BETWEEN, Desk, with_steps
from tests.fixtures.world import EMAIL

MOVE = PublishPolicy.MOVE
PEOPLE = 5
KEY = f"{SLUG}/first"


@pytest.fixture(scope="module")
def confinement() -> Iterator[Confinement]:
    made = Confinement()
    yield made
    made.close()


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two people are many, and a batch is two of them."""
    monkeypatch.setattr(count_affected, "LOOKED_AT_ONCE", 2)
    monkeypatch.setattr(check_readers, "LOOKED_AT_ONCE", 2)
    monkeypatch.setattr(read_impact, "PEOPLE_AT_ONCE", 2)
    monkeypatch.setattr("funnel.services.continue_checks.PEOPLE_AT_ONCE", 2)
    monkeypatch.setattr(check_readers, "_PEOPLE_AT_ONCE", 2)


@pytest.fixture
def desk(post: Post) -> Desk:
    for number in range(PEOPLE):
        enrolled(post.world, f"p{number}@example.org")
    made = Desk(post)
    post.world.travel_to(made.now() + timedelta(minutes=1))  # who is there came before the count
    return made


@pytest.fixture
def previewing(post: Post, confinement: Confinement) -> Previewing:
    return Previewing(
        transactions=post.world.transactions,
        builder=post.delivery.builder,
        confinement=confinement,
    )


def joined(desk: Desk, address: str) -> None:
    """Somebody comes to a date that others have: whoever counts again is told of the same dates."""
    world = desk.post.world
    world.enroll(world.add_person(address), world.ask("select id from sessions limit 1"))


def affected(desk: Desk, policy: PublishPolicy = MOVE, to: int | None = None) -> Affected:
    proposal = Proposal(slug=SLUG, policy=policy, to_number=to)
    transactions = desk.post.world.transactions
    return read_affected.read_affected(proposal, desk.post.delivery.builder, transactions, by=BY)


def test_a_count_by_a_worker_says_what_a_count_at_once_says(
    desk: Desk, previewing: Previewing
) -> None:
    desk.draft(WITH_BETWEEN)
    at_once = desk.impact(MOVE)
    first = affected(desk)
    assert (first.waits.done, first.waits.total) == (0, PEOPLE)
    half = continue_checks(previewing, most_batches=1)
    assert (half.done, half.status) == (2, CheckStatus.RUNNING)
    assert affected(desk).waits.id == first.waits.id  # and nobody begins anew
    assert continue_checks(previewing).status is CheckStatus.FINISHED
    counted = affected(desk)
    assert counted.waits is None
    assert counted.impact.steps == at_once.steps
    assert counted.impact.sentence == at_once.sentence
    assert counted.renders.people == PEOPLE
    assert desk.post.world.ask("select count(*) from checks") == 1
    assert continue_checks(previewing) is None


def test_a_publish_takes_what_was_counted_and_looks_at_who_came_since(
    desk: Desk, previewing: Previewing, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.draft(WITH_BETWEEN)
    affected(desk)
    continue_checks(previewing)
    joined(desk, "late@example.org")
    seen: list[int] = []
    real = count_affected.RenderTally.add
    monkeypatch.setattr(
        count_affected.RenderTally,
        "add",
        lambda tally, tx, runs, changes: (seen.append(len(runs)), real(tally, tx, runs, changes)),
    )
    report = desk.publish(MOVE)
    assert report.number == 2
    assert report.renders.people == PEOPLE
    assert sum(seen) == 1


@pytest.mark.parametrize("came", [0, 3], ids=["fresh", "many-came"])
def test_a_publish_waits_for_a_count_that_is_still_good(
    desk: Desk, previewing: Previewing, monkeypatch: pytest.MonkeyPatch, came: int
) -> None:
    monkeypatch.setattr(count_affected, "NEWCOMERS", 2)
    world = desk.post.world
    desk.draft(WITH_BETWEEN)
    proposal = Proposal(slug=SLUG, policy=MOVE)
    assert find_wait(proposal, world.transactions, by=BY) is not None
    continue_checks(previewing)
    for number in range(came):
        joined(desk, f"new{number}@example.org")
    assert (find_wait(proposal, world.transactions, by=BY) is not None) == bool(came)


def test_an_answer_is_good_for_ten_minutes_and_gone_after_a_day(
    desk: Desk, previewing: Previewing
) -> None:
    world = desk.post.world
    desk.draft(WITH_BETWEEN)
    affected(desk)
    continue_checks(previewing)
    world.execute("update checks set finished_at = now() - interval '11 minutes'")
    assert affected(desk).waits is not None
    assert forget_checks(world.transactions) == 0
    world.execute("update checks set created_at = now() - interval '25 hours'")
    assert forget_checks(world.transactions) == 2


@pytest.mark.parametrize("change", ["draft", "text", "discarded"])
def test_a_count_of_what_was_changed_meanwhile_ends_itself(
    desk: Desk, previewing: Previewing, change: str
) -> None:
    desk.draft(WITH_BETWEEN)
    affected(desk)
    continue_checks(previewing, most_batches=1)
    if change == "draft":
        desk.draft(desk.post.world.definition)
    elif change == "text":
        desk.post.world.publish_email("first", "Another text.")
    else:
        desk.post.world.execute("delete from sequence_drafts")
    assert continue_checks(previewing).status is CheckStatus.OUTDATED
    assert continue_checks(previewing) is None


def test_a_killed_worker_has_done_a_batch_or_none_of_it(
    desk: Desk, previewing: Previewing, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.draft(WITH_BETWEEN)
    expected = desk.impact(MOVE)
    affected(desk)
    continue_checks(previewing, most_batches=1)

    class KilledError(BaseException):
        pass

    def killed(*_: object) -> None:
        raise KilledError

    with monkeypatch.context() as patched:
        patched.setattr("funnel.storage.checks.advance", killed)
        with pytest.raises(KilledError):
            continue_checks(previewing)
    continue_checks(previewing)
    assert affected(desk).impact.steps == expected.steps


def test_the_names_behind_a_number_are_there_at_once_and_go_on(
    desk: Desk, previewing: Previewing, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.draft(WITH_BETWEEN)
    affected(desk)
    continue_checks(previewing)
    monkeypatch.setattr(read_affected, "A_PAGE", 2)
    monkeypatch.setattr(read_affected, "LOOKED_THROUGH", 2)
    proposal = Proposal(slug=SLUG, policy=MOVE)
    found: list[UUID] = []
    after = None
    for _ in range(PEOPLE):
        page = list_affected(
            proposal, "between", Change.WILL_GET, desk.post.world.transactions, after=after
        )
        found += [each.enrollment_id for each in page.people]
        after = page.following
        if after is None:
            break
    assert len(found) == len(set(found)) == PEOPLE
    assert found == sorted(found)


def typed(previewing: Previewing, text: str, seen: int = 0) -> int:
    source = EMAIL.format(subject="A subject", layout="letter", text=text)
    given = {"by": BY, "transactions": previewing.transactions}
    return save_template_draft(KEY, source, seen=seen, **given).revision


@pytest.mark.usefixtures("desk")
def test_an_email_is_tried_for_everybody_by_a_worker(previewing: Previewing) -> None:
    revision = typed(previewing, "Hello.")
    check = check_template(KEY, previewing, asked_by=BY)
    assert (check.waits.total, check.is_passed) == (PEOPLE, False)
    assert continue_checks(previewing).status is CheckStatus.FINISHED
    check = check_template(KEY, previewing, asked_by=BY)
    assert (check.people, check.is_passed, check.waits) == (PEOPLE, True, None)
    assert publish_template(KEY, seen=revision, by=BY, previewing=previewing).people == PEOPLE
    assert find_roll_back_wait(KEY, 1, by=BY, previewing=previewing) is not None
    assert continue_checks(previewing).status is CheckStatus.FINISHED
    assert find_roll_back_wait(KEY, 1, by=BY, previewing=previewing) is None
    assert roll_back_template(KEY, 1, by=BY, previewing=previewing).people == PEOPLE


@pytest.mark.usefixtures("desk")
def test_a_text_that_is_typed_on_is_not_tried_to_its_end(previewing: Previewing) -> None:
    revision = typed(previewing, "One.")
    check_template(KEY, previewing, asked_by=BY)
    continue_checks(previewing, most_batches=1)
    typed(previewing, "Two.", seen=revision)
    assert continue_checks(previewing).status is CheckStatus.OUTDATED


def test_a_text_that_drops_a_link_for_which_the_sequence_waits_is_warned_of(
    desk: Desk, previewing: Previewing
) -> None:
    clicked = Condition(kind=ConditionKind.CLICKED, name="book")
    *others, last = WITH_BETWEEN.steps
    desk.post.world.publish_email("first", '[Book](https://example.org/book "link:book")')
    desk.draft(with_steps(*others, replace(last, conditions=(clicked,))))
    typed(previewing, "No link any more.")
    found = [each.code for each in check_template(KEY, previewing, asked_by=BY).findings]
    assert DROPPED in found
