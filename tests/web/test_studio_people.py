"""The studio's own people: one's account, who may log in, one-time links, the first page."""

import html
import re

import pytest

from funnel.domain.access import Role
from funnel.services.use_one_time_link import offer_first_admin
from tests.fixtures.servers import Databases
from tests.web.colleagues import PASSWORD, Colleague, browser_at, hire
from tests.web.served import Served, serving

ANOTHER = "harbour pencil mango frost"


@pytest.fixture
def admin(served: Served) -> Colleague:
    return hire(served, Role.ADMIN)


def link_in(text: str) -> str:
    found = re.search(r'value="[^"]*(/studio/welcome/[\w-]{43})"', html.unescape(text))
    assert found, text
    return found.group(1)


def user_id(served: Served, email: str) -> str:
    return str(served.ask("select id from users where email = :email", email=email)[0])


def test_a_changed_password_ends_every_other_log_in(served: Served, admin: Colleague) -> None:
    other = Colleague(email=admin.email, browser=browser_at(served))
    other.log_in()
    before = admin.cookie
    answer = admin.press("/studio/account/password", old=PASSWORD, password=ANOTHER)
    assert answer.headers["location"] == "/studio/account?done=password"
    assert admin.cookie != before
    assert "Your password was changed" in admin.get("/studio/account?done=password").text
    assert other.get("/studio").status_code == 303
    assert other.log_in().status_code == 422
    assert other.log_in(ANOTHER).status_code == 303


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("wrong", ANOTHER, "not your password of today"),
        (PASSWORD, "only-thirteen", "shorter than 15"),
        (PASSWORD, "qwertyuiopasdfgh", "a row or a repetition"),
        (PASSWORD, PASSWORD, "the password that you have"),
    ],
)
def test_a_password_that_cannot_be_is_said_beside_its_field(
    admin: Colleague, old: str, new: str, said: str
) -> None:
    answer = admin.press("/studio/account/password", old=old, password=new)
    assert answer.status_code == 422
    assert said in answer.text
    assert 'aria-invalid="true"' in answer.text
    assert new not in answer.text


def test_one_sees_where_one_is_logged_in_and_ends_it(served: Served, admin: Colleague) -> None:
    other = Colleague(email=admin.email, browser=browser_at(served))
    other.browser.session.headers["user-agent"] = "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"
    other.log_in()
    page = admin.get("/studio/account").text
    assert "Firefox on Linux" in page and "this one" in page
    row = served.ask(
        "select l.id from logins l where l.user_agent like '%Firefox/140%' and l.user_id = :id",
        id=user_id(served, admin.email),
    )
    assert admin.press("/studio/account/end", login=str(row[0])).status_code == 303
    assert other.get("/studio").status_code == 303
    assert admin.press("/studio/account/end", login=str(row[0])).status_code == 404
    assert admin.press("/studio/account/end", login="nonsense").status_code == 404
    other.log_in()
    assert admin.press("/studio/account/end-others").status_code == 303
    assert other.get("/studio").status_code == 303
    assert admin.get("/studio").status_code == 200


def test_nobody_ends_somebody_elses_log_in(served: Served, admin: Colleague) -> None:
    viewer = hire(served, Role.VIEWER)
    row = served.ask(
        "select id from logins where user_id = :id and ended_at is null order by created_at desc",
        id=user_id(served, viewer.email),
    )
    assert admin.press("/studio/account/end", login=str(row[0])).status_code == 404
    assert viewer.get("/studio").status_code == 200


def test_somebody_is_invited_and_chooses_a_password(served: Served, admin: Colleague) -> None:
    answer = admin.press("/studio/users", email="coach@example.org", name="Ana", role="marketer")
    link = link_in(answer.text)
    assert link not in admin.get("/studio/users").text  # shown once
    coach = Colleague(email="coach@example.org", browser=browser_at(served))
    for _ in range(2):  # a scanner that opens the link uses nothing up
        assert "Choose your password" in coach.get(link).text
    refused = coach.browser.post(link, data={"password": "coach@example.org"})
    assert refused.status_code == 422
    assert "made of the address" in refused.text
    done = coach.browser.post(link, data={"password": PASSWORD})
    assert done.headers["location"] == "/studio"
    assert coach.get("/studio").status_code == 200
    again = browser_at(served).post(link, data={"password": ANOTHER})
    assert again.status_code == 404
    assert "This link works no more" in again.text
    assert browser_at(served).get(link).status_code == 404


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"email": "no address", "role": "viewer"}, "Give one address"),
        ({"email": "x@example.org\r\nBcc: y@example.org", "role": "viewer"}, "line break"),
        ({"email": "x@example.org", "role": "king"}, "That is not a role"),
        ({"email": "x@example.org"}, "That is not a role"),
    ],
)
def test_an_invitation_that_cannot_be_is_said(
    admin: Colleague, fields: dict[str, str], said: str
) -> None:
    answer = admin.press("/studio/users", **fields)
    assert answer.status_code == 422
    assert said in answer.text


def test_an_address_has_one_account(admin: Colleague) -> None:
    answer = admin.press("/studio/users", email=admin.email.upper(), role="viewer")
    assert answer.status_code == 422
    assert "has an account already" in answer.text


def test_a_role_is_given_and_counts_at_once(served: Served, admin: Colleague) -> None:
    viewer = hire(served, Role.VIEWER)
    assert viewer.get("/studio/users").status_code == 403
    answer = admin.press("/studio/users/role", user=user_id(served, viewer.email), role="admin")
    assert answer.status_code == 303
    assert viewer.get("/studio/users").status_code == 200


def test_somebody_is_shut_out_and_let_in_again(served: Served, admin: Colleague) -> None:
    viewer = hire(served, Role.VIEWER)
    who = user_id(served, viewer.email)
    assert admin.press("/studio/users/out", user=who).status_code == 303
    assert viewer.get("/studio").status_code == 303
    assert viewer.log_in().status_code == 422
    assert "is shut out" in admin.press("/studio/users/link", user=who).text
    assert admin.press("/studio/users/in", user=who).status_code == 303
    assert viewer.log_in().status_code == 303
    for wrong in ("nonsense", "00000000-0000-0000-0000-000000000000"):
        assert admin.press("/studio/users/out", user=wrong).status_code == 404


def test_the_only_admin_stays_one(own_served: Served) -> None:
    only = hire(own_served, Role.ADMIN)
    who = user_id(own_served, only.email)
    for path, more in (("/studio/users/out", {}), ("/studio/users/role", {"role": "viewer"})):
        answer = only.press(path, user=who, **more)
        assert answer.status_code == 422
        assert "is the only admin" in answer.text
    assert only.get("/studio/users").status_code == 200


def test_the_first_admin_comes_by_a_link_that_then_works_no_more(own_served: Served) -> None:
    token = offer_first_admin(own_served.deps.transactions)
    first = Colleague(email="first@example.org", browser=browser_at(own_served))
    link = f"/studio/welcome/{token}"
    assert "Nobody can log in here yet." in first.get(link).text
    wrong = first.browser.post(link, data={"email": "none", "password": PASSWORD, "name": "Mira"})
    assert wrong.status_code == 422
    assert 'value="Mira"' in wrong.text
    form = {"email": first.email, "password": PASSWORD, "name": "Mira"}
    assert first.browser.post(link, data=form).status_code == 303
    assert first.get("/studio/users").status_code == 200
    assert browser_at(own_served).post(link, data=form).status_code == 404


def test_the_first_page_names_the_sequences_with_their_next_date(
    served: Served, admin: Colleague
) -> None:
    page = admin.get("/studio").text
    assert "live v1" in page and "People in it" in page
    assert "seats taken" in page or "seat taken" in page


def test_without_a_sequence_the_first_page_says_what_to_do(
    postgres_server: Databases, tmp_path_factory: pytest.TempPathFactory, loaded_database: str
) -> None:
    with (
        postgres_server.temporary(template=loaded_database) as url,
        serving(url, tmp_path_factory.mktemp("bare")) as site,
    ):
        site.execute("update sequences set live_version_id = null")
        page = hire(site, Role.VIEWER).get("/studio").text
        assert "No sequence is live yet." in page
        assert "funnel sequence load" in page


def test_a_page_that_is_not_there_speaks_to_who_works_here(admin: Colleague) -> None:
    answer = admin.get("/studio/nowhere")
    assert answer.status_code == 404
    assert "There is no such page" in answer.text
    assert "mail programs" not in answer.text
