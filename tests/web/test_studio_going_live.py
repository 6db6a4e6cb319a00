"""The checklist before going live: looked at when asked, with the records to copy."""

import re

from funnel.domain.access import Role
from tests.web.colleagues import hire

PATH = "/studio/going-live"


def test_nothing_is_looked_up_before_somebody_asks(served):
    page = hire(served, Role.VIEWER).get(PATH).text
    assert "Nothing is looked up before you ask." in page
    assert 'value="v=DMARC1; p=none; rua=mailto:mira@example.org"' in page
    assert 'class="check' not in page


def test_what_is_wrong_is_said_with_its_remedy(served):
    page = hire(served, Role.MARKETER).press(PATH, **{"selector-default": "k1"}).text
    assert re.search(r"Not ready yet: \d+ things are to be put right", page)
    assert "it is the made-up one that ships" in page
    assert 'href="/studio/brands/default"' in page
    assert "no admin can log in" not in page  # the demo's own can
    assert "demo mode is on" in page
    for check in re.findall(r'(?s)<li class="check is-(?:look|wrong)">(.*?)</li>', page):
        assert '<p class="small">' in check


def test_a_selector_that_is_none_is_refused_and_stays(served):
    mira = hire(served, Role.MARKETER)
    answer = mira.press(PATH, **{"selector-default": "two words"})
    assert answer.status_code == 422
    assert 'value="two words"' in answer.text


def test_one_is_sent_now_to_who_asks(own_served):
    mira = hire(own_served, Role.MARKETER)
    assert mira.press(f"{PATH}/send", sequence="disruption-masterclass", to="").status_code == 303
    assert mira.email in mira.get(PATH).text
    wrong = mira.press(f"{PATH}/send", sequence="disruption-masterclass", to="nobody")
    assert wrong.status_code == 422
    assert mira.press(f"{PATH}/send", sequence="none", to="").status_code == 404
