"""The way in to the studio: passwords, cookies, forms, where one goes afterwards."""

from pathlib import Path

import pytest

from funnel.domain.access import Role
from funnel.domain.throttle import BY_ACCOUNT
from funnel.services.keep_demo_login import keep_demo_login
from tests.fixtures.servers import Databases
from tests.web.colleagues import PASSWORD, Colleague, browser_at, hire
from tests.web.served import Served, serving
from tests.web.test_guards import INLINE

PAGES = ("/studio", "/studio/account", "/studio/users")


@pytest.fixture
def admin(served: Served) -> Colleague:
    return hire(served, Role.ADMIN)


@pytest.mark.parametrize("path", PAGES)
def test_nobody_sees_a_page_without_logging_in(served: Served, path: str) -> None:
    answer = browser_at(served).get(path)
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/studio/login?next={path}"
    assert answer.headers["cache-control"] == "no-store"


def test_a_program_is_told_401_instead(served: Served) -> None:
    answer = browser_at(served).get("/studio", headers={"accept": "application/json"})
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == "/problems/not-logged-in"


@pytest.mark.parametrize("path", PAGES)
def test_whoever_may_sees_it_after_logging_in(admin: Colleague, path: str) -> None:
    answer = admin.get(path)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert not INLINE.findall(answer.text)


def test_the_log_in_leads_to_where_one_wanted_to_be(served: Served) -> None:
    colleague = hire(served, Role.VIEWER, is_logged_in=False)
    assert (
        'name="next" value="/studio/account"'
        in colleague.get("/studio/login?next=/studio/account").text
    )
    assert colleague.log_in(next="/studio/account").headers["location"] == "/studio/account"


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.example/studio",
        "//evil.example/studio",
        "/\\evil.example",
        "/studio\\@evil.example",
        "/studio//evil.example",
        "/studio.evil.example",
        "/studio@evil.example",
        "/studio/\r\nset-cookie: a=b",
        "/studio/\tx",
        "javascript:alert(1)",
        "/studio/login?next=/studio/login",
        "/u/token",
        "/studio/" + "x" * 600,
        "",
    ],
)
def test_the_log_in_leads_nowhere_else(served: Served, elsewhere: str) -> None:
    answer = hire(served, Role.VIEWER, is_logged_in=False).log_in(next=elsewhere)
    assert answer.headers["location"] == "/studio"


def test_a_wrong_password_and_an_unknown_address_look_alike(served: Served) -> None:
    colleague = hire(served, Role.VIEWER, is_logged_in=False)
    wrong = colleague.log_in("not the password at all")
    colleague.email = "nobody-at-all@example.org"
    unknown = colleague.log_in()
    assert wrong.status_code == unknown.status_code == 422
    assert "The address or the password is wrong" in wrong.text
    said = [each.text.split('name="email"')[0] for each in (wrong, unknown)]
    assert said[0] == said[1]


def test_guessing_is_slowed_down_and_says_for_how_long(own_served: Served) -> None:
    colleague = hire(own_served, Role.VIEWER, is_logged_in=False)
    for _ in range(BY_ACCOUNT.free):
        assert colleague.log_in("a wrong one, and long").status_code == 422
    refused = colleague.log_in()
    assert refused.status_code == 429
    assert 0 < int(refused.headers["retry-after"]) <= 30
    assert "Too many wrong passwords. Try again in" in refused.text


def test_a_cookie_from_before_the_log_in_is_worth_nothing(served: Served) -> None:
    colleague = hire(served, Role.VIEWER, is_logged_in=False)
    planted = "planted-by-somebody-else-0123456789abcdefghij"
    colleague.browser.session.cookies.set("funnel", planted)
    given = colleague.log_in().cookies.get("funnel")
    assert given and given != planted
    other = browser_at(served)
    other.session.cookies.set("funnel", planted)
    assert other.get("/studio").status_code == 303


def test_each_log_in_gets_another_token_and_the_first_goes_on(served: Served) -> None:
    colleague = hire(served, Role.VIEWER)
    second = Colleague(email=colleague.email, browser=browser_at(served))
    second.log_in()
    assert second.cookie != colleague.cookie
    assert colleague.get("/studio").status_code == second.get("/studio").status_code == 200


def test_the_cookie_is_for_this_server_alone_and_no_script(served: Served) -> None:
    colleague = hire(served, Role.VIEWER, is_logged_in=False)
    cookie = colleague.log_in().headers["set-cookie"]
    assert cookie.startswith("funnel=")
    assert "HttpOnly" in cookie and "SameSite=lax" in cookie and "Path=/" in cookie
    assert "Secure" not in cookie and "Domain" not in cookie


def test_logging_out_ends_the_way_in_on_the_server_too(served: Served, admin: Colleague) -> None:
    kept = admin.cookie
    answer = admin.press("/studio/logout")
    assert answer.headers["location"] == "/studio/login?left=yes"
    assert admin.cookie == ""
    thief = browser_at(served)
    thief.session.cookies.set("funnel", kept)
    assert thief.get("/studio").status_code == 303


@pytest.mark.parametrize("token", ["", "nonsense", "\N{SNOWMAN}"])
def test_a_form_without_its_token_does_nothing(
    served: Served, admin: Colleague, token: str
) -> None:
    answer = admin.browser.post("/studio/account/name", data={"name": "X", "form_token": token})
    assert answer.status_code == 403
    assert "Nothing was done" in answer.text
    assert served.ask("select name from users where email = :of", of=admin.email)[0] == ""
    assert _refusals(served, admin) == ["POST /studio/account/name"]


def test_a_form_of_another_log_in_does_nothing(served: Served, admin: Colleague) -> None:
    old = admin.form_token()
    assert admin.log_in().status_code == 303  # the page in the other tab is from before
    answer = admin.browser.post("/studio/account/name", data={"name": "X", "form_token": old})
    assert answer.status_code == 403
    other = hire(served, Role.ADMIN).form_token()
    answer = admin.browser.post("/studio/account/name", data={"name": "X", "form_token": other})
    assert answer.status_code == 403


@pytest.mark.parametrize(
    "headers", [{"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}]
)
def test_a_form_on_another_site_does_nothing(admin: Colleague, headers: dict[str, str]) -> None:
    data = {"name": "X", "form_token": admin.form_token()}
    assert admin.browser.post("/studio/account/name", data=data, headers=headers).status_code == 403
    login = {"email": admin.email, "password": PASSWORD}
    assert admin.browser.post("/studio/login", data=login, headers=headers).status_code == 403


def test_after_a_form_that_came_too_late_one_is_asked_to_log_in(served: Served) -> None:
    answer = browser_at(served).post(
        "/studio/account/name",
        data={"name": "X"},
        headers={"referer": f"{served.url}/studio/account"},
    )
    assert answer.status_code == 303
    assert answer.headers["location"] == "/studio/login?next=/studio/account"


@pytest.mark.parametrize("value", ["\x00", "a\x00b"])
def test_a_nul_is_refused_at_the_door(served: Served, value: str) -> None:
    for field in ("email", "password", "next"):
        form = {"email": "a@example.org", "password": "x", "next": ""} | {field: value}
        assert browser_at(served).post("/studio/login", data=form).status_code == 422


def test_line_breaks_in_a_name_stay_one_line(served: Served, admin: Colleague) -> None:
    admin.press("/studio/account/name", name="Mira\r\nBcc: x@example.org\N{RIGHT-TO-LEFT OVERRIDE}")
    name = served.ask("select name from users where email = :of", of=admin.email)[0]
    assert name == "Mira Bcc: x@example.org"


def test_what_is_typed_is_shown_as_text(served: Served, admin: Colleague) -> None:
    admin.press("/studio/account/name", name='"><script>alert(1)</script>')
    assert "<script>alert" not in admin.get("/studio/users").text
    typed = browser_at(served).post("/studio/login", data={"email": '"><b>', "password": "x"})
    assert '"><b>' not in typed.text


def test_a_cookie_that_is_no_token_is_nobody(served: Served) -> None:
    for value in ("x" * 3000, "%00", "\xff"):
        answer = browser_at(served).get("/studio", headers={"cookie": f"funnel={value}"})
        assert answer.status_code == 303


def test_over_https_the_cookie_is_bound_to_the_host(
    postgres_server: Databases, loaded_database: str, tmp_path: Path
) -> None:
    with (
        postgres_server.temporary(template=loaded_database) as url,
        serving(
            url,
            tmp_path,
            is_demo=False,
            base_url="https://studio.example.org",
            allowed_hosts=("127.0.0.1", "studio.example.org"),
        ) as site,
    ):
        colleague = hire(site, Role.VIEWER, is_logged_in=False)
        cookie = colleague.log_in().headers["set-cookie"]
        assert cookie.startswith("__Host-funnel=")
        assert "; Secure" in cookie and "Path=/;" in cookie and "Domain" not in cookie
        assert "funnel=" not in cookie.removeprefix("__Host-funnel=")


def test_the_demos_log_in_works_in_a_demo_alone(
    postgres_server: Databases, loaded_database: str, tmp_path: Path
) -> None:
    with postgres_server.temporary(template=loaded_database) as url:
        with serving(url, tmp_path) as demo:
            email = keep_demo_login(PASSWORD, demo.deps.transactions)
            host = Colleague(email=email, browser=browser_at(demo))
            assert host.log_in().status_code == 303
            assert host.get("/studio/users").status_code == 200
            kept = host.cookie
        with serving(url, tmp_path, is_demo=False) as real:
            assert Colleague(email=email, browser=browser_at(real)).log_in().status_code == 422
            old = browser_at(real)
            old.session.cookies.set("funnel", kept)
            assert old.get("/studio").status_code == 303


def _refusals(served: Served, colleague: Colleague) -> list[str]:
    row = served.ask(
        "select array_agg(target) from audit where by = :of and action = 'refused'",
        of=colleague.email,
    )
    return list(row[0] or [])
