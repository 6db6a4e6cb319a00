"""Both layouts in a real browser: narrow and wide, light and dark."""

import os
import shutil
from dataclasses import replace

import pytest

from funnel.rendering.colours import contrast
from funnel.rendering.compiler import compile_template
from funnel.rendering.renderer import Renderer
from funnel.rendering.samples import full_sample
from tests.rendering.look import FLAGS
from tests.rendering.sources import letter, service

pytestmark = pytest.mark.browser

BODY = """\
{{ person.greeting }}

Some words, *some* [linked]({{ links.join }}), and https://a.org/{{ long }} in the text.

## A heading

{% for date in next_dates %}
- [{{ date.day }}]({{ date.url }})
{% endfor %}

> quoted

[Choose a time to talk]({{ brand.booking_url }}){.button}
""".replace("{{ long }}", "x" * 120)
FRONT = """
moment:
  kicker: Tomorrow
  large: "{{ session.hour }}"
  small: "{{ session.day }}, in {{ session.place }}"
button:
  label: Join the masterclass
  url: "{{ links.join }}"
"""
SOURCES = {
    "letter": letter(BODY),
    "service": service("Small words.\n{.small}\n\n" + BODY, front=FRONT),
}

# Every element with words of its own: its colour, and the first ground behind it that is not clear.
COLOURS = """() => {
  const opaque = (colour) => colour && !/^rgba\\(.*, 0\\)$/.test(colour);
  const shown = [...document.querySelectorAll('body *')].filter((e) =>
    getComputedStyle(e).display !== 'none' && e.getClientRects().length &&
    [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim().length > 1) &&
    e.textContent.trim() !== '\\u00a0' && e.getBoundingClientRect().height > 2);
  return shown.map((e) => {
    let ground = e;
    while (ground && !opaque(getComputedStyle(ground).backgroundColor))
      ground = ground.parentElement;
    return [e.textContent.trim().slice(0, 30), getComputedStyle(e).color,
            ground ? getComputedStyle(ground).backgroundColor : 'rgb(255, 255, 255)'];
  });
}"""


@pytest.fixture(scope="module")
def chromium():
    from playwright.sync_api import sync_playwright

    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None and not os.environ.get("CI"):
        pytest.skip("there is no chromium on this machine")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield browser
        browser.close()


def page_of(chromium, name, *, width=700, scheme="light", accent="#1F5C57"):
    context = full_sample()
    context = replace(context, brand=replace(context.brand, accent=accent))
    email = Renderer().render(compile_template(SOURCES[name], name=name), context)
    page = chromium.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
    page.set_content(email.html)
    return page


@pytest.mark.parametrize("name", SOURCES)
@pytest.mark.parametrize("width", [320, 360, 700, 1280])
def test_nothing_scrolls_sideways(chromium, name, width):
    page = page_of(chromium, name, width=width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    column = page.locator("p").nth(1).bounding_box()
    assert column["width"] <= 600
    page.close()


@pytest.mark.parametrize("name", SOURCES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("accent", ["#1F5C57", "#FFD400", "#0A0A40"])
def test_all_words_can_be_read(chromium, name, scheme, accent):
    page = page_of(chromium, name, scheme=scheme, accent=accent)
    colours = page.evaluate(COLOURS)
    assert len(colours) > 8
    for words, ink, ground in colours:
        assert contrast(_hex(ink), _hex(ground)) >= 4.5, (words, ink, ground)
    dark_grounds = {ground for _, _, ground in colours if ground == "rgb(20, 22, 26)"}
    assert bool(dark_grounds) == (scheme == "dark")
    page.close()


@pytest.mark.parametrize("name", SOURCES)
def test_buttons_are_as_high_as_a_finger_needs(chromium, name):
    page = page_of(chromium, name, width=360)
    labels = ["Choose a time to talk"] + ["Join the masterclass"] * (name == "service")
    for label in labels:
        assert page.get_by_role("link", name=label).bounding_box()["height"] >= 44
    page.close()


@pytest.mark.parametrize("name", SOURCES)
def test_a_screen_reader_hears_an_article_and_no_preheader(chromium, name):
    page = page_of(chromium, name)
    article = page.get_by_role("article", name="A subject")
    assert article.get_attribute("lang") == "en"
    assert not page.get_by_text("A line").is_visible()
    assert page.locator("table:not([role=presentation])").count() == 0
    page.close()


def _hex(colour):
    red, green, blue = (int(each) for each in colour.strip("rgba()").split(",")[:3])
    return f"#{red:02X}{green:02X}{blue:02X}"
