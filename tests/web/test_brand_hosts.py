"""Links of a brand's own host name, and pages of its own after the form and the confirmation."""

import re
from time import monotonic

from funnel.domain.access import Role
from funnel.web.hosts import BrandHosts
from tests.web.colleagues import hire
from tests.web.served import PATIENCE
from tests.web.test_studio_brands import fields_of


def change(served, **values):
    mira = hire(served, Role.MARKETER)
    fields = fields_of(mira.get("/studio/brands/default").text)
    assert mira.press("/studio/brands/default", **fields | values).status_code == 303


def test_a_host_name_of_a_brand_is_answered_without_a_restart(own_served):
    asked = {"host": "go.example.org"}
    assert own_served.get("/", headers=asked).status_code == 400
    change(own_served, link_domain="Go.Example.org")
    ends_at = monotonic() + PATIENCE
    while own_served.get("/", headers=asked).status_code != 200:
        assert monotonic() < ends_at, "the new host name is not known after seconds"
    assert own_served.get("/studio/login", headers=asked).status_code == 404
    assert own_served.get("/api/x", headers=asked).status_code == 404
    assert own_served.get("/", headers={"host": "other.example.org"}).status_code == 400


def test_the_form_leads_to_the_brand_s_own_page_and_its_policy_lets_it(own_served, address):
    change(own_served, thank_you_url="https://www.example.org/thanks?from=form")
    page = own_served.get("/")
    assert "form-action 'self' https://www.example.org;" in page.headers["content-security-policy"]
    answer = own_served.sign_up(address)
    assert answer.status_code == 303
    assert answer.headers["location"] == "https://www.example.org/thanks?from=form"


def test_the_press_that_confirms_leads_to_the_brand_s_own_page(own_served, address):
    change(
        own_served, confirmed_url="https://www.example.org/see-you", link_domain="go.example.org"
    )
    own_served.sign_up(address)
    person = own_served.person(address)
    taken = own_served.post(f"/c/{person.confirm}")
    assert taken.headers["location"] == "https://www.example.org/see-you"
    mails = own_served.mails_to(address)
    assert mails, "no mail"
    source = own_served.deps.mailbox.parts(mails[0].id)
    links = set(re.findall(r"https?://[^/\s\"<>]+", str(source)))
    assert "http://go.example.org" in links
    assert own_served.url not in links


def test_strangers_names_cost_one_look_in_five_seconds():
    looks, now = [], [0.0]

    def read():
        looks.append(now[0])
        return ["Go.Example.org"]

    hosts = BrandHosts(read, ticks=lambda: now[0])
    assert [hosts.has(f"h{number}.example.org") for number in range(100)] == [False] * 100
    assert hosts.has("go.example.org")
    assert len(looks) == 1
    now[0] = 5.0
    assert hosts.has("go.example.org")
    assert len(looks) == 2
