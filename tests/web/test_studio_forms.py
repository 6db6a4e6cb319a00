"""Where signups come from: added on a page, with what to paste, secrets shown once."""

import html
import re
from uuid import uuid4

from funnel.domain.access import Role
from tests.web.colleagues import hire

NEW = {"sequence": "disruption-masterclass", "letters": "included"}


def name():
    return f"form-{uuid4().hex[:8]}"


def test_the_pasted_form_fills_in_our_page_and_signs_nobody_up(served, address):
    mira, slug = hire(served, Role.MARKETER), name()
    assert mira.press("/studio/forms", slug=slug, kind="page", **NEW).status_code == 303
    page = html.unescape(mira.get(f"/studio/forms/{slug}").text)
    action = re.search(r'<form method="post" action="([^"]+/form/[^"]+)"', page).group(1)
    assert action.endswith(f"/form/{slug}#seat")
    assert 'name="first_name"' in page
    shown = served.post(
        f"/form/{slug}",
        data={"email": address, "first_name": "Ana <3"},
        headers={"origin": "https://elsewhere.example.org", "sec-fetch-site": "cross-site"},
    )
    assert shown.status_code == 200
    assert f'value="{address}"' in shown.text
    assert 'value="Ana &lt;3"' in shown.text
    assert f'action="/signup/{slug}#seat"' in shown.text
    assert "checked" in shown.text  # a date is chosen already
    assert served.ask("select count(*) from signups where external_id = :a", a=address)[0] == 0
    assert served.mails_to(address) == []


def test_a_form_of_another_site_that_posts_past_our_page_is_refused(served, address):
    headers = {"origin": "https://elsewhere.example.org", "sec-fetch-site": "cross-site"}
    assert (
        served.post("/signup/landing", data={"email": address}, headers=headers).status_code == 403
    )


def test_secrets_are_shown_once_and_the_builder_s_form_has_no_page(served):
    mira, slug = hire(served, Role.MARKETER), name()
    made = mira.press("/studio/forms", slug=slug, kind="builder", **NEW)
    secret = re.search(r'id="secret-1" readonly value="([^"]+)"', made.text).group(1)
    again = mira.get(f"/studio/forms/{slug}").text
    assert secret not in again
    assert f"/webhooks/signup/{slug}" in again
    assert served.post(f"/form/{slug}", data={"email": "a@example.org"}).status_code == 404


def test_another_signing_secret_is_made_and_noted(served):
    mira, slug = hire(served, Role.MARKETER), name()
    first = mira.press("/studio/forms", slug=slug, kind="signed", **NEW).text
    second = mira.press(f"/studio/forms/{slug}/secret").text
    found = [
        re.search(r'readonly value="(whsec_[^"]+)"', each).group(1) for each in (first, second)
    ]
    assert found[0] != found[1]
    audit = hire(served, Role.OPS).get("/studio/audit", params={"by": mira.email}).text
    assert "source rotate" in audit
    assert not any(each in audit for each in found)


def test_how_it_is_treated_is_changed_and_wrong_numbers_are_refused(served):
    mira, slug = hire(served, Role.MARKETER), name()
    mira.press("/studio/forms", slug=slug, kind="page", **NEW)
    path = f"/studio/forms/{slug}"
    wrong = mira.press(path, per_minute="many", active="yes", double="yes", letters="asked")
    assert wrong.status_code == 422
    assert 'value="many"' in wrong.text
    kept = mira.press(path, per_minute="5", double="yes", letters="asked", wording="2")
    assert kept.status_code == 303
    row = served.ask(
        "select is_active, letters, wording, per_minute from sources where slug = :s", s=slug
    )
    assert tuple(row) == (False, "asked", "2", 5)
    taken = mira.press("/studio/forms", slug=slug, kind="page", **NEW)
    assert taken.status_code == 422
