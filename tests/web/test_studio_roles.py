"""Which role opens what: every route of the studio, asked about one by one."""

from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts
from starlette.routing import BaseRoute

from funnel.domain.access import PERMISSIONS, Permission, Role
from funnel.web.app import create_app
from funnel.web.auth import Needs, NeedsForm, OpenToAll
from tests.web.colleagues import Colleague, browser_at, hire
from tests.web.served import Served

# What is there before anybody is logged in. A new name here is a new hole: think twice.
OPEN = {
    "GET /studio/login",
    "POST /studio/login",
    "GET /studio/welcome/{token}",
    "POST /studio/welcome/{token}",
}
NEEDED = {
    "GET /studio": Permission.READ,
    "GET /studio/results": Permission.READ,
    "GET /studio/results/{table}.csv": Permission.READ,
    "GET /studio/dates": Permission.READ,
    "GET /studio/dates/new": Permission.READ,
    "POST /studio/dates/new": Permission.EDIT,
    "GET /studio/dates/series": Permission.READ,
    "POST /studio/dates/series": Permission.EDIT,
    "POST /studio/dates/series/{series_id}/end": Permission.EDIT,
    "POST /studio/dates/series/{series_id}/resume": Permission.EDIT,
    "GET /studio/dates/{session_id}": Permission.READ,
    "POST /studio/dates/{session_id}/change": Permission.EDIT,
    "POST /studio/dates/{session_id}/close": Permission.EDIT,
    "POST /studio/dates/{session_id}/reopen": Permission.EDIT,
    "GET /studio/dates/{session_id}/cancel": Permission.READ,
    "POST /studio/dates/{session_id}/cancel": Permission.EDIT,
    "GET /studio/dates/{session_id}/move": Permission.READ,
    "GET /studio/dates/{session_id}/move/plan": Permission.READ,
    "POST /studio/dates/{session_id}/move": Permission.EDIT,
    "GET /studio/dates/{session_id}/seats": Permission.READ,
    "POST /studio/dates/{session_id}/seats": Permission.EDIT,
    "GET /studio/dates/{session_id}/report": Permission.READ,
    "POST /studio/dates/{session_id}/report": Permission.EDIT,
    "GET /studio/dates/{session_id}/write-to": Permission.READ,
    "GET /studio/dates/{session_id}/write-to.csv": Permission.READ,
    "GET /studio/dates/{session_id}/announce": Permission.READ,
    "POST /studio/dates/{session_id}/announce": Permission.EDIT,
    "POST /studio/dates/{session_id}/announce/frame": Permission.READ,
    "POST /studio/dates/{session_id}/announce/{announcement_id}/stop": Permission.EDIT,
    "GET /studio/sequences/{slug}": Permission.READ,
    "GET /studio/sequences/{slug}/numbers": Permission.READ,
    "GET /studio/sequences/{slug}/affected": Permission.READ,
    "GET /studio/sequences/{slug}/affected/people": Permission.READ,
    "GET /studio/sequences/{slug}/versions": Permission.READ,
    "GET /studio/sequences/{slug}/as-file": Permission.READ,
    "GET /studio/sequences/{slug}/copy": Permission.READ,
    "POST /studio/sequences/{slug}/copy": Permission.EDIT,
    "GET /studio/sequences/{slug}/file": Permission.READ,
    "GET /studio/sequences/{slug}/rehearsal": Permission.READ,
    "POST /studio/sequences/{slug}/as-file": Permission.EDIT,
    "POST /studio/sequences/{slug}/publish": Permission.EDIT,
    "POST /studio/sequences/{slug}/settings": Permission.EDIT,
    "POST /studio/sequences/{slug}/draft/discard": Permission.EDIT,
    "POST /studio/sequences/{slug}/draft/put-back": Permission.EDIT,
    "POST /studio/sequences/{slug}/draft/begin-anew": Permission.EDIT,
    "POST /studio/sequences/{slug}/steps": Permission.EDIT,
    "POST /studio/sequences/{slug}/steps/{key}": Permission.EDIT,
    "POST /studio/sequences/{slug}/steps/{key}/preview": Permission.READ,
    "POST /studio/sequences/{slug}/steps/{key}/duplicate": Permission.EDIT,
    "POST /studio/sequences/{slug}/steps/{key}/place": Permission.EDIT,
    "POST /studio/sequences/{slug}/steps/{key}/back": Permission.EDIT,
    "POST /studio/sequences/{slug}/steps/{key}/remove": Permission.EDIT,
    "GET /studio/templates": Permission.READ,
    "GET /studio/templates/readers": Permission.READ,
    "POST /studio/templates/look": Permission.READ,
    "POST /studio/templates/tests": Permission.EDIT,
    "GET /studio/templates/{folder}/{name}": Permission.READ,
    "POST /studio/templates/{folder}/{name}": Permission.EDIT,
    "POST /studio/templates/{folder}/{name}/merge": Permission.EDIT,
    "POST /studio/templates/{folder}/{name}/discard": Permission.EDIT,
    "GET /studio/templates/{folder}/{name}/frame": Permission.READ,
    "POST /studio/templates/{folder}/{name}/frame": Permission.READ,
    "POST /studio/templates/{folder}/{name}/preview": Permission.READ,
    "POST /studio/templates/{folder}/{name}/test": Permission.EDIT,
    "GET /studio/templates/{folder}/{name}/publish": Permission.READ,
    "POST /studio/templates/{folder}/{name}/publish": Permission.EDIT,
    "GET /studio/templates/{folder}/{name}/versions": Permission.READ,
    "POST /studio/templates/{folder}/{name}/roll-back": Permission.EDIT,
    "POST /studio/images": Permission.EDIT,
    "GET /studio/people": Permission.READ,
    "GET /studio/people/import": Permission.READ,
    "POST /studio/people/import": Permission.EDIT,
    "GET /studio/people/import/{import_id}": Permission.READ,
    "GET /studio/people/import/{import_id}/lines.csv": Permission.READ,
    "POST /studio/people/import/{import_id}/try": Permission.EDIT,
    "POST /studio/people/import/{import_id}/start": Permission.EDIT,
    "POST /studio/people/import/{import_id}/stop": Permission.EDIT,
    "POST /studio/people/import/{import_id}/discard": Permission.EDIT,
    "GET /studio/people/{person_id}": Permission.READ,
    "GET /studio/people/{person_id}/why/{step_key}": Permission.READ,
    "POST /studio/people/{person_id}/pause": Permission.EDIT,
    "POST /studio/people/{person_id}/resume": Permission.EDIT,
    "POST /studio/people/{person_id}/stop": Permission.EDIT,
    "POST /studio/people/{person_id}/name": Permission.EDIT,
    "POST /studio/people/{person_id}/zone": Permission.EDIT,
    "POST /studio/people/{person_id}/tag": Permission.EDIT,
    "POST /studio/people/{person_id}/untag": Permission.EDIT,
    "POST /studio/people/{person_id}/note": Permission.EDIT,
    "POST /studio/people/{person_id}/note/remove": Permission.EDIT,
    "POST /studio/people/{person_id}/enroll": Permission.EDIT,
    "POST /studio/people/{person_id}/seat": Permission.EDIT,
    "POST /studio/people/{person_id}/seat/give-up": Permission.EDIT,
    "POST /studio/people/{person_id}/skip": Permission.EDIT,
    "POST /studio/people/{person_id}/skip/undo": Permission.EDIT,
    "GET /studio/people/{person_id}/resend": Permission.READ,
    "POST /studio/people/{person_id}/resend": Permission.EDIT,
    "POST /studio/people/{person_id}/export": Permission.EDIT,
    "GET /studio/people/{person_id}/erase": Permission.READ,
    "POST /studio/people/{person_id}/erase": Permission.EDIT,
    "POST /studio/people/export": Permission.EDIT,
    "GET /studio/people/do-not-email": Permission.READ,
    "POST /studio/people/do-not-email": Permission.EDIT,
    "POST /studio/people/do-not-email/off": Permission.EDIT,
    "GET /studio/account": Permission.OWN_ACCOUNT,
    "POST /studio/account/name": Permission.OWN_ACCOUNT,
    "POST /studio/account/language": Permission.OWN_ACCOUNT,
    "POST /studio/account/password": Permission.OWN_ACCOUNT,
    "POST /studio/account/end": Permission.OWN_ACCOUNT,
    "POST /studio/account/end-others": Permission.OWN_ACCOUNT,
    "POST /studio/logout": Permission.OWN_ACCOUNT,
    "GET /studio/settings": Permission.OWN_ACCOUNT,
    "GET /studio/going-live": Permission.READ,
    "POST /studio/going-live": Permission.EDIT,
    "POST /studio/going-live/send": Permission.EDIT,
    "GET /studio/forms": Permission.READ,
    "POST /studio/forms": Permission.EDIT,
    "GET /studio/forms/{slug}": Permission.READ,
    "POST /studio/forms/{slug}": Permission.EDIT,
    "POST /studio/forms/{slug}/secret": Permission.EDIT,
    "GET /studio/landing": Permission.READ,
    "GET /studio/landing/{slug}": Permission.READ,
    "POST /studio/landing/{slug}": Permission.EDIT,
    "POST /studio/landing/{slug}/put-back": Permission.EDIT,
    "GET /studio/landing/{slug}/preview": Permission.READ,
    "POST /studio/landing/{slug}/preview": Permission.EDIT,
    "GET /studio/brands": Permission.READ,
    "GET /studio/brands/new": Permission.EDIT,
    "POST /studio/brands": Permission.EDIT,
    "GET /studio/brands/{slug}": Permission.READ,
    "POST /studio/brands/{slug}": Permission.EDIT,
    "POST /studio/brand-logo": Permission.EDIT,
    "GET /studio/tokens": Permission.ADMINISTER,
    "POST /studio/tokens": Permission.ADMINISTER,
    "POST /studio/tokens/revoke": Permission.ADMINISTER,
    "GET /studio/audit": Permission.OPERATE,
    "GET /studio/sending": Permission.OPERATE,
    "POST /studio/sending": Permission.ADMINISTER,
    "POST /studio/sending/preset": Permission.ADMINISTER,
    "POST /studio/sending/warm-up": Permission.ADMINISTER,
    "POST /studio/sending/remove": Permission.ADMINISTER,
    "POST /studio/sending/resume": Permission.OPERATE,
    "GET /studio/users": Permission.ADMINISTER,
    "POST /studio/users": Permission.ADMINISTER,
    "POST /studio/users/link": Permission.ADMINISTER,
    "POST /studio/users/role": Permission.ADMINISTER,
    "POST /studio/users/out": Permission.ADMINISTER,
    "POST /studio/users/in": Permission.ADMINISTER,
}


def _studio_routes(app: FastAPI) -> Iterator[tuple[str, BaseRoute]]:
    for context in iter_route_contexts(app.routes):
        if (context.path or "").startswith("/studio"):
            for method in sorted((context.methods or {"ANY"}) - {"HEAD"}):
                yield f"{method} {context.path}", context.original_route


def _bolts(route: BaseRoute) -> list[Needs | NeedsForm | OpenToAll]:
    # A mount, a plain Starlette route: nobody asks who comes.
    asked = (
        [each.call for each in route.dependant.dependencies] if isinstance(route, APIRoute) else []
    )
    return [each for each in asked if isinstance(each, Needs | NeedsForm | OpenToAll)]


def test_every_route_of_the_studio_names_what_it_needs(served: Served) -> None:
    found = dict(_studio_routes(create_app(served.deps)))
    assert len(found) > 10
    open_, needed, forms = set(), {}, set()
    for name, route in found.items():
        bolts = _bolts(route)
        assert len(bolts) == 1, f"{name} names no permission, or two: see web/auth.py"
        if isinstance(bolts[0], OpenToAll):
            open_.add(name)
            continue
        needed[name] = bolts[0].permission
        if isinstance(bolts[0], NeedsForm):
            forms.add(name)
    assert open_ == OPEN
    assert {name: needed[name] for name in NEEDED} == NEEDED
    posted = {name for name in needed if not name.startswith("GET ")}
    assert forms == posted, "what is posted asks for the form's token: NeedsForm"


def test_a_route_without_a_bolt_would_be_found(served: Served) -> None:
    app = create_app(served.deps)
    app.add_api_route("/studio/secret", lambda: "secret")
    app.mount("/studio/folder", FastAPI())
    found = dict(_studio_routes(app))
    assert _bolts(found["GET /studio/secret"]) == _bolts(found["ANY /studio/folder"]) == []


@pytest.fixture(scope="module")
def staff(served: Served) -> dict[Role, Colleague]:
    return {role: hire(served, role) for role in Role}


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("name", NEEDED)
def test_a_role_opens_what_it_may_and_nothing_else(
    served: Served, staff: dict[Role, Colleague], role: Role, name: str
) -> None:
    method, _, path = name.partition(" ")
    is_let_in = NEEDED[name] in PERMISSIONS[role]
    if method == "GET":
        status = staff[role].get(path).status_code
        # Of a thing that is named in the address there is none, which only some learn.
        opened = 404 if "{" in path else 200
        assert status == (opened if is_let_in else 403)
        return
    # Without the form's token: who may not is told so; who may is asked for the form.
    answer = staff[role].browser.post(path)
    assert answer.status_code == 403
    assert ("Nothing was done" in answer.text) is is_let_in
    assert ("Your role does not open this" in answer.text) is not is_let_in
    why = served.ask(
        "select detail ->> 'why' from audit where by = :of and target = :name "
        "and action = 'refused' order by id desc limit 1",
        of=staff[role].email,
        name=name,
    )
    assert why[0] == ("the form's token" if is_let_in else str(NEEDED[name]))


@pytest.mark.parametrize("name", NEEDED)
def test_nobody_opens_anything(served: Served, name: str) -> None:
    method, _, path = name.partition(" ")
    ask = browser_at(served).get if method == "GET" else browser_at(served).post
    assert ask(path).status_code == 303
    assert ask(path, headers={"accept": "application/json"}).status_code == 401


def test_a_program_with_a_cookie_is_told_403_as_a_problem(staff: dict[Role, Colleague]) -> None:
    viewer = staff[Role.VIEWER]
    answer = viewer.get("/studio/users", headers={"accept": "application/json"})
    assert answer.status_code == 403
    assert answer.json()["type"] == "/problems/missing-permission"
    posted = viewer.browser.post("/studio/logout", headers={"accept": "application/json"})
    assert posted.json()["type"] == "/problems/foreign-form"


def test_the_settings_show_what_a_role_may_open(staff: dict[Role, Colleague]) -> None:
    assert "/studio/users" not in staff[Role.OPS].get("/studio/settings").text
    assert "/studio/users" in staff[Role.ADMIN].get("/studio/settings").text


def test_a_token_of_the_api_opens_no_page(served: Served) -> None:
    answer = browser_at(served).get("/studio", headers={"authorization": "Bearer funnel_x"})
    assert answer.status_code == 303
