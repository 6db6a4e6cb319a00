"""The texts of a landing page, edited on a page: checked, shown, put back, never overwritten."""

import html
import re

from funnel.domain.access import Role
from funnel.rendering.landing import SHORT_TEXTS
from tests.web.colleagues import hire

PATH = "/studio/landing/disruption-masterclass"


def fields_of(page):
    inputs = re.findall(r'<input class="field" id="(\w+)" name="\w+" value="([^"]*)"', page)
    areas = re.findall(r'(?s)<textarea class="field[^"]*" id="(\w+)"[^>]*>\n?(.*?)</text', page)
    picks = re.findall(r'(?s)<select class="field" id="(drawing-\d)".*?="(\w+)" selected', page)
    found = {name: html.unescape(value) for name, value in [*inputs, *areas, *picks]}
    return found | {"seen": re.search(r'name="seen" value="(\d+)"', page).group(1)}


def test_other_texts_are_shown_at_the_next_visit_and_put_back_by_one_press(own_served):
    mira = hire(own_served, Role.MARKETER)
    fields = fields_of(mira.get(PATH).text)
    assert set(SHORT_TEXTS) < set(fields)
    before = own_served.get("/").text
    changed = fields | {"title": "What leaders <do>", "body": "Hello from {{ brand.host_name }}."}
    assert mira.press(PATH, **changed).status_code == 303
    page = own_served.get("/").text
    assert "What leaders &lt;do&gt;" in page
    assert "Hello from Mira Muster." in page
    seen = fields_of(mira.get(PATH).text)["seen"]
    assert mira.press(f"{PATH}/put-back", seen=seen).status_code == 303
    assert (
        re.search("<h1>.*</h1>", own_served.get("/").text)[0] == re.search("<h1>.*</h1>", before)[0]
    )


def test_the_preview_shows_what_is_not_kept_in_a_frame_of_ours_only(served):
    mira = hire(served, Role.MARKETER)
    fields = fields_of(mira.get(PATH).text) | {"title": "Only looked at"}
    shown = mira.press(f"{PATH}/preview", **fields)
    assert "Only looked at" in shown.text
    assert "frame-ancestors 'self'" in shown.headers["content-security-policy"]
    assert "script-src 'self'" in shown.headers["content-security-policy"]
    assert "Only looked at" not in served.get("/").text
    faulty = mira.press(f"{PATH}/preview", **fields | {"body": "{{ 7 * 7 }}"})
    assert faulty.status_code == 422
    assert "nothing that is called" in faulty.text


def test_two_people_at_one_page_lose_nothing(own_served):
    mira, ana = hire(own_served, Role.MARKETER), hire(own_served, Role.MARKETER)
    fields = fields_of(mira.get(PATH).text)
    assert ana.press(PATH, **fields | {"kicker": "Ana's line"}).status_code == 303
    answer = mira.press(PATH, **fields | {"kicker": "Mira's line"})
    assert answer.status_code == 409
    assert "Mira&#39;s line" in answer.text
    assert "Now kept: Ana&#39;s line" in answer.text
    assert mira.press(PATH, **fields_of(answer.text)).status_code == 303
    assert "Mira&#39;s line" in own_served.get("/").text


def test_what_cannot_be_shown_is_refused_at_its_field_and_stays_in_the_form(served):
    mira = hire(served, Role.MARKETER)
    fields = fields_of(mira.get(PATH).text)
    for name, value in (
        ("title", ""),
        ("privacy_url", "javascript:alert(1)"),
        ("body", "{% for x in y %}"),
        ("question", "{{ person.first_name }}"),
    ):
        answer = mira.press(PATH, **fields | {name: value})
        assert answer.status_code == 422, name
        assert re.search(rf'id="{name}"[^>]*aria-invalid="true"', answer.text), name
    assert mira.get("/studio/landing/nobody").status_code == 404
