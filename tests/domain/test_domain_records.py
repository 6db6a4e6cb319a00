"""What DNS must hold for a sender, and what is said about what it holds."""

from dataclasses import replace

import pytest

from funnel.domain.brand import Brand
from funnel.domain.domain_records import (
    FoundRecords,
    domain_of,
    is_selector,
    judge_records,
    records_to_copy,
)

BRAND = Brand(
    slug="default",
    name="Muster",
    host_name="Mira",
    host_first_name="Mira",
    from_address="mira@Muster.example",
    reply_to="mira@muster.example",
    postal_address="x",
    accent="#1F5C57",
)
GOOD = FoundRecords(
    texts=("v=spf1 include:spf.mtasv.net ~all",),
    dmarc=("v=DMARC1; p=none",),
    dkim=("v=DKIM1; k=rsa; p=MIG",),
    mail_hosts=("mail.muster.example",),
    link_hosts=(),
)


def states(found, *, selector="k1", smtp_host="smtp.mtasv.net", brand=BRAND):
    checks = judge_records(brand, found, selector=selector, smtp_host=smtp_host)
    return {each.name: each.state.value for each in checks}


def test_a_domain_that_has_all_is_right():
    assert states(GOOD) == dict.fromkeys(("SPF", "DKIM", "DMARC", "Replies"), "right")


@pytest.mark.parametrize(
    ("case", "change", "name", "state"),
    [
        ("no SPF", {"texts": ("other",)}, "SPF", "wrong"),
        ("two SPF", {"texts": ("v=spf1 mx -all", "v=spf1 a -all")}, "SPF", "wrong"),
        ("SPF of others", {"texts": ("v=spf1 mx -all",)}, "SPF", "look"),
        ("not quite SPF", {"texts": ("v=spf10 mx",)}, "SPF", "wrong"),
        ("no DMARC", {"dmarc": ()}, "DMARC", "wrong"),
        ("DMARC without a policy", {"dmarc": ("v=DMARC1; rua=mailto:a@b.c",)}, "DMARC", "wrong"),
        ("only a policy for parts", {"dmarc": ("v=DMARC1; sp=none",)}, "DMARC", "wrong"),
        ("no key", {"dkim": ()}, "DKIM", "wrong"),
        ("a withdrawn key", {"dkim": ("v=DKIM1; p=",)}, "DKIM", "wrong"),
        ("no mail", {"mail_hosts": ()}, "Replies", "wrong"),
        ("silence", {"texts": None}, "SPF", "look"),
    ],
)
def test_what_is_missing_is_named_with_its_remedy(case, change, name, state):
    assert states(replace(GOOD, **change))[name] == state, case
    checks = judge_records(BRAND, replace(GOOD, **change), selector="k1", smtp_host="mtasv.net")
    assert all(each.remedy for each in checks if each.state != "right")


def test_without_a_selector_nothing_is_said_to_be_wrong():
    assert states(replace(GOOD, dkim=()), selector="")["DKIM"] == "look"


def test_the_records_name_the_provider_or_the_server_itself():
    def spf(host):
        return records_to_copy(BRAND, smtp_host=host, own_host="seats.muster.example")[0].value

    assert spf("email-smtp.eu-west-1.amazonaws.com") == "v=spf1 include:amazonses.com ~all"
    assert spf("mail.my-server.example") == "v=spf1 a:mail.my-server.example ~all"
    assert spf("notgoogle.com") == "v=spf1 a:notgoogle.com ~all"
    assert spf("localhost") == "v=spf1 mx ~all"


def test_a_host_of_its_own_for_links_needs_a_record_and_a_look():
    brand = replace(BRAND, link_domain="go.muster.example")
    copied = records_to_copy(brand, smtp_host="", own_host="seats.muster.example")
    assert (copied[-1].kind, copied[-1].name, copied[-1].value) == (
        "CNAME",
        "go.muster.example",
        "seats.muster.example",
    )
    assert states(GOOD, brand=brand)["Links"] == "wrong"
    assert states(replace(GOOD, link_hosts=("192.0.2.7",)), brand=brand)["Links"] == "right"


@pytest.mark.parametrize(
    ("text", "is_one"), [("k1", True), ("_x", False), ("20240101", True), ("a b", False)]
)
def test_a_selector_is_a_name(text, is_one):
    assert is_selector(text) is is_one


def test_keys_that_sign_here_are_records_of_their_own_domain():
    domain = domain_of(BRAND)
    keys = {f"r1._domainkey.{domain}": "v=DKIM1; p=a", "r1._domainkey.example.net": "v=DKIM1; p=b"}
    records = records_to_copy(BRAND, smtp_host="localhost", own_host="x.example.org", keys=keys)
    shown = [(each.name, each.value) for each in records if "_domainkey" in each.name]
    assert shown == [(f"r1._domainkey.{domain}", "v=DKIM1; p=a")]
