"""Settings: what each role sees of them, tokens that are shown once, and who changed what."""

import re

from funnel.domain.access import Role
from tests.web.colleagues import hire


def test_each_sees_the_settings_that_they_may_open(served):
    seen = {role: hire(served, role).get("/studio/settings").text for role in Role}
    assert "/studio/tokens" in seen[Role.ADMIN]
    assert "/studio/tokens" not in seen[Role.OPS]
    assert "/studio/audit" in seen[Role.OPS]
    assert "/studio/audit" not in seen[Role.MARKETER]
    assert "/studio/account" in seen[Role.VIEWER]


def test_a_token_is_shown_once_works_and_ends(own_served):
    admin = hire(own_served, Role.ADMIN)
    made = admin.press("/studio/tokens", name="the dashboard", **{"scope-read": "yes"})
    token = re.search(r'id="token" readonly value="(funnel_[^"]+)"', made.text).group(1)
    assert token not in admin.get("/studio/tokens").text
    header = {"authorization": f"Bearer {token}"}
    path = "/api/subscribers/00000000-0000-4000-8000-000000000000/calendar"
    assert own_served.get(path, headers=header).status_code == 404
    assert admin.press("/studio/tokens/revoke", name="the dashboard").status_code == 303
    assert own_served.get(path, headers=header).status_code == 401
    again = admin.press("/studio/tokens/revoke", name="the dashboard")
    assert again.status_code == 409
    assert "No token of that name works any more" in again.text


def test_a_token_without_a_name_or_a_purpose_is_refused_and_what_was_typed_stays(served):
    admin = hire(served, Role.ADMIN)
    nameless = admin.press("/studio/tokens", name=" ", **{"scope-read": "yes"})
    assert nameless.status_code == 422
    purposeless = admin.press("/studio/tokens", name="an <odd> one")
    assert purposeless.status_code == 422
    assert 'value="an &lt;odd&gt; one"' in purposeless.text


def test_what_somebody_did_is_there_for_those_who_run_the_service(served):
    ops, mira = hire(served, Role.OPS), hire(served, Role.VIEWER)
    mira.press("/studio/account/name", name="Mira")
    page = ops.get("/studio/audit", params={"by": mira.email}).text
    assert "name changed" in page
    assert "logged in" in page
    assert ops.email not in re.sub(r"(?s)<nav.*?</nav>", "", page)


def test_the_list_goes_on_page_by_page(own_served):
    ops = hire(own_served, Role.OPS)
    for number in range(55):
        ops.press("/studio/account/name", name=f"Name {number}")
    first = ops.get("/studio/audit").text
    address = re.search(r'href="(/studio/audit\?[^"]*)" rel="next"', first).group(1)
    second = ops.get(address.replace("&amp;", "&")).text
    assert first.count("<time") == 50
    assert 5 <= second.count("<time") <= 50
    assert ops.get("/studio/audit?before=nonsense").status_code == 200
