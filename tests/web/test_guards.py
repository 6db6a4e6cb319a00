"""What stands before every page."""

import re
from types import SimpleNamespace

import pytest

from funnel.web.app import create_app
from funnel.web.errors import route_of
from funnel.web.guards import OnlyThisMachine, page_policy
from tests.web.served import Served, call

PAGES = ("/", "/signup/landing", "/inbox", "/demo/room", "/demo/replay", "/c/nonsense", "/nowhere")
INLINE = re.compile(
    # Within tags: what a mail is called may say all of this, escaped.
    r"<style|<[^>]*\s(?:style|on[a-z]+)=|<script(?![^>]*\ssrc=)|=\s*[\"']?\s*javascript:",
    re.IGNORECASE,
)


@pytest.mark.parametrize("path", PAGES)
def test_every_page_is_bound_by_a_strict_policy(served: Served, path: str) -> None:
    answer = served.get(path)
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "same-origin"
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["cache-control"] == "no-store"
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("path", PAGES)
def test_no_page_has_anything_inline(served: Served, path: str) -> None:
    assert not INLINE.findall(served.get(path).text)


def test_only_the_landing_page_may_be_found_by_search_engines(served: Served) -> None:
    assert served.get("/").headers["x-robots-tag"] == "all"
    assert served.get("/inbox").headers["x-robots-tag"] == "noindex"


def test_the_policy_lets_the_brands_logo_in_and_nothing_else() -> None:
    policy = page_policy(["https://img.example.org/logo.png?x=1"])
    assert "img-src 'self' https://img.example.org;" in policy


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", ""])
def test_another_host_name_is_refused(served: Served, host: str) -> None:
    assert served.get("/", headers={"host": host}).status_code == 400


@pytest.mark.parametrize("address", ["192.0.2.7", "2001:db8::7", "10.0.0.1", "not an address"])
def test_the_demo_refuses_another_machine(served: Served, address: str) -> None:
    answer = call(create_app(served.deps), "/inbox", client=(address, 4711))
    assert answer.status == 403
    assert "only the machine that it runs on" in answer.body


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"])
def test_the_demo_answers_this_machine(address: str) -> None:
    async def app(scope: object, receive: object, send: object) -> None:
        await send({"type": "http.response.start", "status": 204, "headers": []})  # type: ignore[operator]
        await send({"type": "http.response.body", "body": b""})  # type: ignore[operator]

    assert call(OnlyThisMachine(app), "/", client=(address, 4711)).status == 204


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site", "origin": "https://other.127.0.0.1"},
    ],
)
def test_what_another_site_posts_is_refused(
    served: Served, address: str, headers: dict[str, str]
) -> None:
    person = served.seat_of(address)
    answer = served.post(
        f"/p/{person.preferences}", data={"do": "stop-everything"}, headers=headers
    )
    assert answer.status_code == 403
    assert served.ask("select wants_letters from subscribers where id = :id", id=person.id)[0]


@pytest.mark.parametrize("site", ["same-origin", "none"])
def test_what_our_own_page_posts_is_taken(served: Served, address: str, site: str) -> None:
    person = served.seat_of(address)
    headers = {"sec-fetch-site": site, "origin": served.url}
    answer = served.post(f"/p/{person.preferences}", data={"do": "stop-letters"}, headers=headers)
    assert answer.status_code == 303


def test_head_answers_like_get_without_a_body(served: Served) -> None:
    answer = served._ask("HEAD", "/")
    assert answer.status_code == 200
    assert answer.content == b""


def test_a_slash_too_many_is_no_redirect(served: Served) -> None:
    assert served.get("/inbox/").status_code == 404


@pytest.mark.parametrize("path", ["/signup/landing", "/c/nonsense", "/u/nonsense"])
def test_a_body_of_two_megabytes_is_refused(served: Served, path: str) -> None:
    data = {"email": "a@example.org", "first_name": "x" * 2_000_000}
    assert served.post(path, data=data).status_code == 413


def test_programs_get_problem_details(served: Served) -> None:
    answer = served.get("/nowhere", headers={"accept": "application/json"})
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == 404


def test_what_nobody_foresaw_is_a_page_with_the_same_headers(served: Served) -> None:
    app = create_app(served.deps)

    def break_down(token: str) -> None:
        raise RuntimeError(f"about {len(token)} characters")

    app.add_api_route("/broken/{token}", break_down)
    answer = call(app, "/broken/secret-token")
    assert answer.status == 500
    assert "Something broke on our side" in answer.body
    assert "RuntimeError" not in answer.body
    assert "unsafe" not in answer.headers["content-security-policy"]


def test_logs_name_the_route_and_never_the_address() -> None:
    scope = {"method": "GET", "path": "/c/secret-token"}
    assert route_of(scope) == "GET unknown"
    assert route_of({**scope, "route": SimpleNamespace(path="/c/{token}")}) == "GET /c/{token}"


def test_health_is_told_without_the_database_and_readiness_with_it(served: Served) -> None:
    assert served.get("/healthz").json() == {"status": "alive"}
    assert served.get("/readyz").json() == {"status": "ready"}


def test_files_are_kept_for_ever_under_the_name_of_their_content(served: Served) -> None:
    site = create_app(served.deps).state.site
    answer = served.get(site.assets.address("base.css"))
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["content-type"] == "text/css; charset=utf-8"
    assert served.get("/static/0123456789ab/base.css").headers["cache-control"] == "no-cache"
    assert served.get("/static/0123456789ab/nothing.css").status_code == 404


@pytest.mark.parametrize("name", ["1F5C57", "7A1FA2"])
def test_a_brands_accent_is_a_style_sheet_of_its_own(served: Served, name: str) -> None:
    answer = served.get(f"/accent/{name}.css")
    assert answer.headers["content-type"].startswith("text/css")
    assert ("--accent:" in answer.text) == (name != "1F5C57")


@pytest.mark.parametrize("name", ["red", "12345", "1F5C57}body{display:none", "zzzzzz"])
def test_an_accent_that_is_no_colour_is_refused(served: Served, name: str) -> None:
    assert served.get(f"/accent/{name}.css").status_code == 404
