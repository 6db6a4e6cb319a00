"""Brands on their page: kept, checked, told when somebody else was faster."""

import html
import re
from io import BytesIO

from PIL import Image

from funnel.domain.access import Role
from tests.web.colleagues import hire


def fields_of(page):
    inputs = re.findall(r'<input class="field" id="(\w+)" name="\w+"[^>]*? value="([^"]*)"', page)
    areas = re.findall(r'(?s)<textarea class="field" id="(\w+)"[^>]*>(.*?)</textarea>', page)
    return {name: html.unescape(value) for name, value in [*inputs, *areas]} | {
        "seen": re.search(r'name="seen" value="(\w+)"', page).group(1)
    }


def test_a_brand_is_changed_without_a_restart_and_the_next_page_shows_it(own_served):
    mira = hire(own_served, Role.MARKETER)
    fields = fields_of(mira.get("/studio/brands/default").text)
    changed = fields | {"name": "Ana & Co", "postal_address": "Hauptstraße 5\r\n10115 Berlin"}
    assert mira.press("/studio/brands/default", **changed).status_code == 303
    page = mira.get("/studio/brands/default").text
    assert "Hauptstraße 5, 10115 Berlin" in page
    assert "Ana &amp; Co" in own_served.get("/").text
    audit = hire(own_served, Role.OPS).get("/studio/audit", params={"by": mira.email}).text
    assert "fields name postal address" in audit.replace("_", " ")
    assert "Hauptstra" not in audit


def test_two_people_at_one_brand_lose_nothing(own_served):
    mira, ana = hire(own_served, Role.MARKETER), hire(own_served, Role.MARKETER)
    fields = fields_of(mira.get("/studio/brands/default").text)
    assert ana.press("/studio/brands/default", **fields | {"host_name": "Ana"}).status_code == 303
    answer = mira.press("/studio/brands/default", **fields | {"host_name": "Mira M."})
    assert answer.status_code == 409
    assert 'value="Mira M."' in answer.text
    assert "Now kept: Ana" in answer.text
    again = fields_of(answer.text)
    assert mira.press("/studio/brands/default", **again).status_code == 303
    assert "Mira M." in mira.get("/studio/brands/default").text


def test_what_no_email_could_be_sent_with_is_refused_at_its_field(served):
    mira = hire(served, Role.MARKETER)
    fields = fields_of(mira.get("/studio/brands/default").text)
    for name, value in (
        ("from_address", "nobody"),
        ("accent", "red"),
        ("booking_url", "javascript:alert(1)"),
        ("link_domain", "https://go.example.org/x"),
        ("host_name", "  "),
    ):
        answer = mira.press("/studio/brands/default", **fields | {name: value})
        assert answer.status_code == 422, name
        found = re.search(rf'id="{name}"[^>]*aria-invalid="true"', answer.text)
        assert found, name


def test_scripts_and_hidden_signs_are_only_words(own_served):
    mira = hire(own_served, Role.MARKETER)
    fields = fields_of(mira.get("/studio/brands/default").text)
    name = "<script>alert(1)</script>\u202eevil\u200b"
    assert mira.press("/studio/brands/default", **fields | {"name": name}).status_code == 303
    for page in ("/studio/brands", "/studio/brands/default"):
        text = mira.get(page).text
        assert "<script>alert" not in text
        assert "\u202e" not in text
    assert "<script>alert" not in own_served.get("/").text


def test_a_second_brand_is_added_and_a_name_is_taken_once(own_served):
    mira = hire(own_served, Role.MARKETER)
    fields = fields_of(mira.get("/studio/brands/default").text)
    assert mira.press("/studio/brands", slug="second", **fields).status_code == 303
    assert "/studio/brands/second" in mira.get("/studio/brands").text
    assert mira.press("/studio/brands", slug="second", **fields).status_code == 422
    assert mira.press("/studio/brands", slug="Not A Slug", **fields).status_code == 422


def test_a_viewer_sees_and_cannot_change(served):
    viewer = hire(served, Role.VIEWER)
    page = viewer.get("/studio/brands/default").text
    assert "readonly" in page
    assert viewer.press("/studio/brands/default", name="x").status_code == 403
    assert viewer.get("/studio/brands/nobody").status_code == 404


def test_a_logo_is_taken_from_a_file_and_what_is_no_picture_is_refused(own_served):
    mira = hire(own_served, Role.MARKETER)
    form = {"form_token": mira.form_token(), "brand": "default"}
    form["seen"] = fields_of(mira.get("/studio/brands/default").text)["seen"]
    picture = BytesIO()
    Image.new("RGB", (300, 80), "teal").save(picture, "PNG")

    def send(content, name):
        files = {"file": (name, content)}
        return mira.browser.post("/studio/brand-logo", data=form, files=files)

    svg = send(b"<svg xmlns='http://www.w3.org/2000/svg'/>", "logo.svg")
    assert svg.status_code == 422
    assert send(picture.getvalue(), "logo.png").status_code == 303
    address = fields_of(mira.get("/studio/brands/default").text)["logo_url"]
    shown = own_served.get(address[address.index("/images/") :])
    assert shown.status_code == 200
    assert shown.headers["content-type"] == "image/png"


def test_an_odd_address_takes_no_public_page_down(own_served):
    mira = hire(own_served, Role.MARKETER)
    fields = fields_of(mira.get("/studio/brands/default").text)
    assert mira.press("/studio/brands/default", **fields | {"logo_url": "https://[x/y"}).status_code
    own_served.execute(
        "update brands set logo_url = 'https://[x/y.png', thank_you_url = 'https://a.example;x,/'"
    )
    page = own_served.get("/")
    assert page.status_code == 200
    assert ";x" not in page.headers["content-security-policy"]
    idn = mira.press(
        "/studio/brands/default", **fields | {"logo_url": "https://日本.example/x.png"}
    )
    assert idn.status_code in {303, 409}
    own_served.execute("update brands set logo_url = 'https://日本.example/x.png'")
    assert "https://xn--wgv71a.example" in own_served.get("/").headers["content-security-policy"]
