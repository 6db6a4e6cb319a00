"""How fast emails leave: limits as a person sets them, the pause and how it ends."""

from funnel.domain.access import Role
from funnel.services.control_sending import pause_sending, read_pause
from funnel.storage import budgets
from tests.web.colleagues import hire
from tests.web.served import Served

_PATH = "/studio/sending"


def kept(served: Served) -> list[tuple[str, str, int | None, int | None]]:
    with served.deps.transactions.begin() as tx:
        placed = [each.placed for each in budgets.list_budgets(tx)]
    return [
        (each.provider, each.lane, each.budget.per_minute, each.budget.per_hour) for each in placed
    ]


def test_limits_are_set_shown_and_removed(served: Served) -> None:
    admin = hire(served, Role.ADMIN)
    admin.press(_PATH, provider="mailbox", lane="gmail", per_hour="1,200")
    answer = admin.get(f"{_PATH}?done=set")
    assert "The limits hold from now on." in answer.text
    assert "To Gmail by mailbox" in answer.text
    assert "1,200 an hour" in answer.text
    assert "1,080" in answer.text  # what letters may use
    assert kept(served) == [("mailbox", "gmail", None, 1200)]
    admin.press(f"{_PATH}/preset", preset="shared-host", provider="*", lane="*")
    page = admin.get(_PATH).text
    assert "All emails" in page
    assert "1,000 letters take 3 h 15 min at 300 an hour" in page
    admin.press(f"{_PATH}/warm-up", provider="*", lane="*", days="50, 100")
    assert "50 a day" in admin.get(_PATH).text
    for provider, lane in (("*", "*"), ("mailbox", "gmail")):
        admin.press(f"{_PATH}/remove", provider=provider, lane=lane)
    assert kept(served) == []
    assert "No limit is set." in admin.get(_PATH).text


def test_what_is_no_limit_is_said_beside_what_was_typed(served: Served) -> None:
    admin = hire(served, Role.ADMIN)
    for fields, words in (
        ({"per_hour": "many"}, "“many” is not a number of emails"),
        ({"per_hour": "0"}, "at least one email"),
        ({}, "at least one limit"),
        ({"lane": "slow", "per_hour": "3"}, "no lane “slow”"),
    ):
        answer = admin.press(_PATH, **fields)
        assert answer.status_code == 422
        assert words in answer.text
    assert admin.press(f"{_PATH}/preset", preset="pigeon").status_code == 422
    assert admin.press(f"{_PATH}/warm-up", days="some").status_code == 422
    assert kept(served) == []


def test_a_pause_is_said_at_home_and_ended_here(served: Served) -> None:
    operator = hire(served, Role.OPS)
    pause_sending(served.deps.transactions, by="automatic", reason="smtp refused 30 of 40 emails")
    home = operator.get("/studio").text
    assert "smtp refused 30 of 40 emails" in home
    assert 'href="/studio/sending"' in home
    assert "Take these limits" not in operator.get(_PATH).text  # an administrator's
    answer = operator.press(f"{_PATH}/resume")
    assert "Sending goes on." in operator.get(answer.headers["location"]).text
    assert read_pause(served.deps.transactions) is None
    assert "Sending is paused" not in operator.get("/studio").text
