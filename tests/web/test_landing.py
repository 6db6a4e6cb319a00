"""The landing page and its form: what it shows, what it takes, what it never tells."""

import re
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from tests.fixtures.servers import Databases
from tests.web.served import Served, serving

STAMP = re.compile(r'name="stamp" value="([^"]+)"')


def signups_of(served: Served, address: str) -> int:
    found = served.ask(
        "select count(*) from signups s join subscribers p on p.id = s.subscriber_id "
        "where p.email = :address",
        address=address,
    )
    return int(found[0])


def test_it_shows_the_dates_in_the_hosts_zone_without_a_script(served: Served) -> None:
    page = served.get("/").text
    assert "Times are" in page and "in Berlin" in page
    assert page.count('name="session"') == len(served.dates()) + 1
    assert "No date suits me yet" in page
    assert "18:00" in page and "to <span" in page


def test_where_letters_are_included_the_page_says_so_and_has_no_box(served: Served) -> None:
    page = served.get("/").text
    assert "With the masterclass come about ten short letters" in page
    assert 'name="letters"' not in page


def test_where_letters_are_asked_for_there_is_a_box_that_nobody_has_ticked(
    served: Served, address: str
) -> None:
    slug = f"asked-{uuid4().hex[:8]}"
    served.execute(
        "insert into sources (id, slug, sequence_id, letters) "
        "select gen_random_uuid(), :slug, sequence_id, 'asked' from sources where slug = 'landing'",
        slug=slug,
    )
    page = served.get(f"/signup/{slug}").text
    box = re.search(r'<input type="checkbox" name="letters"[^>]*>', page)
    assert box and "checked" not in box.group()
    assert f'action="/signup/{slug}#seat"' in page


def test_a_signup_is_taken_and_its_confirmation_leaves(served: Served, address: str) -> None:
    answer = served.sign_up(address)
    assert answer.status_code == 200
    assert "Look into your inbox" in answer.text
    assert "confirm" in served.mails_to(address)[0].subject


def test_pressing_twice_is_one_signup(served: Served, address: str) -> None:
    stamp = served.deps.form_gate.stamp(served.deps.real_clock.now() - timedelta(minutes=1))
    for _ in range(2):
        assert served.sign_up(address, stamp=stamp).status_code == 200
    assert signups_of(served, address) == 1


def test_known_and_unknown_and_suppressed_addresses_get_the_same_page(served: Served) -> None:
    known, gone, new = (f"{name}-{uuid4().hex[:8]}@example.org" for name in ("aaa", "bbb", "ccc"))
    served.seat_of(known)
    served.execute(
        "insert into suppressions (email_key, reason) values (:key, 'complained')", key=gone
    )
    pages = {
        without_clock(served.sign_up(each).text.replace(each, "ADDRESS"))
        for each in (known, gone, new)
    }
    assert len(pages) == 1


def without_clock(page: str) -> str:
    """Leave the demo's own bar out: its time goes on."""
    return re.sub(r'<section class="demobar".*?</section>', "", page, flags=re.DOTALL)


@pytest.mark.parametrize(
    ("case", "fields", "sentence"),
    [
        ("no at", {"email": "ana"}, "must have an @-sign"),
        ("nothing", {"email": " "}, "Your email address is missing"),
        ("two at", {"email": "ana@@example.org"}, "address"),
        ("a list", {"email": "ana@example.org, bo@example.org"}, "address"),
        ("a date that is none", {"session": str(uuid4())}, "That date cannot be chosen any more"),
        ("rubbish for a date", {"session": "1; drop table"}, "That date cannot be chosen any more"),
    ],
)
def test_a_fault_stands_beside_its_field_and_nothing_typed_is_lost(
    served: Served, case: str, fields: dict[str, str], sentence: str
) -> None:
    typed = {"first_name": "Zoë <b>", "email": f"{uuid4().hex}@example.org", **fields}
    answer = served.sign_up(typed["email"], **{k: v for k, v in typed.items() if k != "email"})
    assert answer.status_code == 422, case
    assert sentence in answer.text
    assert 'class="fault"' in answer.text
    assert 'value="Zoë &lt;b&gt;"' in answer.text
    assert f'value="{typed["email"]}"' in answer.text


def test_a_form_without_a_choice_of_date_asks_for_one(served: Served, address: str) -> None:
    stamp = served.deps.form_gate.stamp(served.deps.real_clock.now() - timedelta(minutes=1))
    answer = served.post("/signup/landing", data={"email": address, "stamp": stamp})
    assert answer.status_code == 422
    assert "Choose a date" in answer.text
    assert f'value="{stamp}"' in answer.text


def test_no_date_is_a_choice_of_its_own(served: Served, address: str) -> None:
    answer = served.sign_up(address, session="")
    assert answer.status_code == 200
    assert "the letters begin" in answer.text


def test_what_only_machines_fill_is_answered_alike_and_not_kept(
    served: Served, address: str
) -> None:
    answer = served.sign_up(address, website="https://spam.example")
    assert answer.status_code == 200
    assert "Look into your inbox" in answer.text
    assert signups_of(served, address) == 0


def test_who_is_too_fast_is_asked_to_press_once_more(served: Served, address: str) -> None:
    stamp = served.deps.form_gate.stamp(served.deps.real_clock.now())
    hasty = served.sign_up(address, stamp=stamp)
    assert hasty.status_code == 422
    assert "Press the button once more" in hasty.text
    assert signups_of(served, address) == 0
    # The form keeps its age: the next press counts from the first showing.
    assert STAMP.search(hasty.text).group(1) == stamp  # type: ignore[union-attr]


@pytest.mark.parametrize("stamp", ["", "forged", "A" * 48, "ü"])
def test_a_stamp_that_is_not_ours_gets_a_new_one(served: Served, address: str, stamp: str) -> None:
    answer = served.sign_up(address, stamp=stamp)
    assert answer.status_code == 422
    assert STAMP.search(answer.text).group(1) != stamp  # type: ignore[union-attr]
    assert signups_of(served, address) == 0


def test_the_zone_that_the_page_chose_is_not_learnt(served: Served, address: str) -> None:
    served.sign_up(address, time_zone="Europe/Berlin", zone_not_chosen="Europe/Berlin")
    assert served.ask(
        "select s.zone, s.zone_source from signups s join subscribers p on p.id = s.subscriber_id "
        "where p.email = :address",
        address=address,
    ) == (None, "default")


def test_the_zone_that_a_visitor_chose_is_learnt(served: Served, address: str) -> None:
    served.sign_up(address, time_zone="Pacific/Auckland", zone_not_chosen="Europe/Berlin")
    assert served.ask(
        "select s.zone, s.zone_source from signups s join subscribers p on p.id = s.subscriber_id "
        "where p.email = :address",
        address=address,
    ) == ("Pacific/Auckland", "form")


def test_times_can_be_seen_elsewhere_without_a_script(served: Served, address: str) -> None:
    answer = served.sign_up(
        address, only="times", time_zone="Pacific/Auckland", zone_not_chosen="Europe/Berlin"
    )
    assert "in Auckland" in answer.text and "yours" in answer.text
    assert "06:00" in answer.text  # 18:00 in Berlin, in winter
    assert f'value="{address}"' in answer.text
    assert "zone_not_chosen" not in answer.text
    assert signups_of(served, address) == 0


def test_campaign_words_travel_through_the_form(served: Served, address: str) -> None:
    page = served.get("/?utm_source=news&utm_campaign=autumn&other=x").text
    assert '<input type="hidden" name="utm_source" value="news">' in page
    assert 'name="other"' not in page
    served.sign_up(address, utm_source="news")
    utm = served.ask(
        "select s.utm from signups s join subscribers p on p.id = s.subscriber_id "
        "where p.email = :address",
        address=address,
    )[0]
    assert utm == {"source": "news"} or utm == {"utm_source": "news"}


def test_a_full_date_is_said_and_cannot_be_chosen(own_served: Served) -> None:
    first, second = own_served.dates()[:2]
    own_served.execute("update sessions set seats = 0 where id = :id", id=first)
    page = own_served.get("/").text
    full = re.search(rf'<input[^>]*value="{first}"[^>]*>', page)
    free = re.search(rf'<input[^>]*value="{second}"[^>]*>', page)
    assert full and "disabled" in full.group() and ">full<" in page
    assert free and "checked" in free.group()


def test_a_date_that_a_link_names_is_chosen_already(served: Served) -> None:
    last = served.dates()[-1]
    page = served.get(f"/?date={last}").text
    assert re.search(rf'value="{last}" checked', page)


def test_without_any_date_the_letters_are_on_offer(own_served: Served) -> None:
    own_served.execute("update sessions set cancelled_at = plan_now()")
    page = own_served.get("/").text
    assert re.search(r'name="session" value="" checked', page)


@pytest.mark.parametrize("path", ["/signup/nothing-here", "/signup/%00", "/signup/ü"])
def test_an_unknown_form_is_a_page_that_says_so(served: Served, path: str) -> None:
    assert served.get(path).status_code == 404


@pytest.mark.parametrize(("secrets", "form_secret"), [(["whsec_x"], None), ([], "x")])
def test_our_form_does_not_speak_for_a_system_that_has_a_secret(
    served: Served, address: str, secrets: list[str], form_secret: str | None
) -> None:
    slug = f"partner-{uuid4().hex[:8]}"
    served.execute(
        "insert into sources (id, slug, sequence_id, is_double_opt_in, secrets, form_secret) "
        "select gen_random_uuid(), :slug, sequence_id, false, :secrets, :form_secret "
        "from sources where slug = 'landing'",
        slug=slug,
        secrets=secrets,
        form_secret=form_secret,
    )
    stamp = served.deps.form_gate.stamp(served.deps.real_clock.now() - timedelta(minutes=1))
    data = {"email": address, "session": "", "stamp": stamp}
    assert served.post(f"/signup/{slug}", data=data).status_code == 404
    assert served.get(f"/signup/{slug}").status_code == 404
    assert signups_of(served, address) == 0


def test_a_source_that_was_switched_off_takes_nothing(served: Served, address: str) -> None:
    slug = f"off-{uuid4().hex[:8]}"
    served.execute(
        "insert into sources (id, slug, sequence_id, is_active) "
        "select gen_random_uuid(), :slug, sequence_id, false from sources where slug = 'landing'",
        slug=slug,
    )
    assert served.post(f"/signup/{slug}", data={"email": address}).status_code == 404


@pytest.mark.parametrize(
    ("case", "body", "kind", "status"),
    [
        ("NUL", b"email=a%00b%40example.org", "application/x-www-form-urlencoded", 422),
        ("half a multipart", b"--x\r\nContent-Disposition: form", "multipart/form-data", 400),
        ("no boundary", b"--x", "multipart/form-data; boundary=", 400),
        (
            "many fields",
            b"&".join(b"a=b" for _ in range(200)),
            "application/x-www-form-urlencoded",
            400,
        ),
        ("JSON", b'{"email": "a@example.org"}', "application/json", 422),
        ("not text", b"email=%ff%fe", "application/x-www-form-urlencoded", 422),
    ],
)
def test_what_is_no_form_gets_an_answer_that_says_so(
    served: Served, case: str, body: bytes, kind: str, status: int
) -> None:
    answer = served.post("/signup/landing", data=body, headers={"content-type": kind})
    assert answer.status_code == status, case
    assert "<main" in answer.text


def test_many_signups_from_one_place_are_slowed_down(
    postgres_server: Databases, loaded_database: str, tmp_path: Path
) -> None:
    with (
        postgres_server.temporary(template=loaded_database) as url,
        serving(url, tmp_path, form_per_hour=2) as site,
    ):
        answers = [site.sign_up(f"{number}@example.org") for number in range(3)]
        assert [each.status_code for each in answers] == [200, 200, 429]
        assert int(answers[2].headers["retry-after"]) > 0
        assert "Many signups came from where you are" in answers[2].text
        assert signups_of(site, "2@example.org") == 0


def test_a_form_has_a_limit_of_its_own(served: Served) -> None:
    slug = f"slow-{uuid4().hex[:8]}"
    served.execute(
        "insert into sources (id, slug, sequence_id, per_minute) "
        "select gen_random_uuid(), :slug, sequence_id, 1 from sources where slug = 'landing'",
        slug=slug,
    )
    stamp = served.deps.form_gate.stamp(served.deps.real_clock.now() - timedelta(minutes=1))
    statuses = [
        served.post(
            f"/signup/{slug}",
            data={"email": f"{uuid4().hex}@example.org", "session": "", "stamp": stamp + ""},
        ).status_code
        for _ in range(2)
    ]
    assert statuses == [200, 429]
