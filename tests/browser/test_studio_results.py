"""The results as a coach looks at them: tables that say it all, and bars to look at."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from funnel.domain.access import Role
from tests.browser.axe import axe_faults
from tests.browser.test_studio import SCREENS, check, log_in, open_place
from tests.browser.visitor import Visitor, photograph
from tests.web.colleagues import PASSWORD, hire
from tests.web.served import Served

pytestmark = pytest.mark.browser

# A year of a busy masterclass; only sums, as the page reads them.
FILLED = """
insert into counters (sequence_id, step_key, status, total)
select v.sequence_id, s.step ->> 'key', 'accepted', (12400 - 480 * s.place)
from sequence_versions v, jsonb_array_elements(v.definition -> 'steps')
  with ordinality as s (step, place);
insert into result_sums (sequence_id, scope, key, measure, total)
select v.sequence_id, 'email', s.step ->> 'key', m.measure,
  case m.measure when 'clicked' then 1800 + (s.place * 7919 % 23) * 120 else s.place * 5 % 17 end
from sequence_versions v, jsonb_array_elements(v.definition -> 'steps')
  with ordinality as s (step, place), (values ('clicked'), ('left')) m (measure);
insert into sessions (id, sequence_id, title, starts_at, ends_at, zone, closed_at)
select gen_random_uuid(), q.id, 'Leading through disruption', plan_now() - n * interval '28 days',
  plan_now() - n * interval '28 days' + interval '90 minutes', 'Europe/Berlin',
  case when n > 1 then plan_now() end
from sequences q, generate_series(1, 14) n;
insert into result_sums (sequence_id, scope, key, measure, total)
select s.sequence_id, 'session', cast(s.id as text), m.measure,
  (620 + cast(extract(day from s.starts_at) as int) * 17) * m.part / 100
from sessions s, (values ('signups', 130), ('confirmed', 100), ('registered', 96), ('attended', 52),
  ('missed', 4), ('replayed', 21), ('booked', 6)) m (measure, part)
where s.starts_at < plan_now() or m.measure in ('signups', 'confirmed', 'registered');
insert into sources (id, slug, sequence_id) select gen_random_uuid(), 'coach-website', id
from sequences;
insert into result_sums (sequence_id, scope, key, measure, total)
select q.id, k.scope, k.key, m.measure, k.many * m.part / 100
from sequences q
cross join lateral (
  select 'source' as scope, cast(id as text) as key, 9100 as many from sources
  union all values ('utm', 'campaign=spring-of-the-public-sector-leaders-in-the-city', 4200),
    ('utm', 'campaign=autumn', 2100), ('utm', 'medium=email', 5200),
    ('utm', 'source=newsletter', 610)
) k
cross join (values ('signups', 100), ('confirmed', 78), ('attended', 41), ('booked', 5))
  m (measure, part);
"""


def enter(served: Served, visitor: Visitor) -> Page:
    coach = hire(served, Role.VIEWER, is_logged_in=False)
    page = visitor.visit(f"{served.url}/studio")
    log_in(page, coach.email, PASSWORD)
    return page


def ink_of(page: Page) -> int:
    """Return how many pixels of the first plot are painted."""
    found: int = page.locator("[data-plot] canvas").first.evaluate(
        "each => { const all = each.getContext('2d').getImageData(0, 0, each.width, each.height)"
        ".data; let n = 0; for (let i = 3; i < all.length; i += 4) n += all[i] > 0; return n; }"
    )
    return found


@pytest.mark.parametrize(("width", "look"), SCREENS, ids=str)
def test_numbers_are_read_in_tables_and_seen_as_bars(
    own_served: Served, browser: Browser, photos: Path, width: int, look: str
) -> None:
    own_served.execute(FILLED)
    visitor = Visitor(browser, width=width, look=look)
    page = enter(own_served, visitor)
    open_place(page, "Results", width=width)
    expect(page.get_by_role("heading", name="Results")).to_be_visible()
    emails = page.get_by_role("row").filter(has_text="Your seat")
    expect(emails).to_contain_text("11,920")
    expect(emails).to_contain_text("not known")
    expect(page.locator("[data-plot] canvas")).to_have_count(2)
    assert ink_of(page) > 5_000
    # Who has the page read to them gets the tables alone.
    expect(page.get_by_role("figure")).to_have_count(0)
    check(page)
    assert axe_faults(page) == []
    photograph(page, photos, f"studio-results-{width}-{look}")
    page.get_by_role("link", name="Earlier dates").click()
    expect(page.get_by_role("link", name="Back to the latest")).to_be_visible()
    visitor.close()
    assert visitor.complaints == []


def test_without_a_script_and_without_anybody_it_says_what_will_be_here(
    own_served: Served, browser: Browser, photos: Path
) -> None:
    visitor = Visitor(browser, has_scripts=False)
    page = enter(own_served, visitor)
    page.goto(f"{own_served.url}/studio/results")
    expect(page.get_by_role("row").filter(has_text="Your seat")).to_contain_text("not known")
    expect(page.locator("[data-plot]").first).to_be_hidden()
    photograph(page, photos, "studio-results-begin")
    own_served.execute("update sequences set live_version_id = null")
    page.reload()
    expect(page.get_by_text("Nothing has been sent yet.")).to_be_visible()
    visitor.close()
    assert visitor.complaints == []
