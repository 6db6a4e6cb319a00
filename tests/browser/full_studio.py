"""A studio with something on every page: people in every state, drafts, versions, a file."""

import re
from dataclasses import dataclass
from typing import Any

from funnel.domain.access import Role
from funnel.domain.readers import MadeUp, MadeUpReader
from funnel.services.announce import announce
from funnel.services.edit_template import read_template
from funnel.services.manage_users import add_user
from funnel.services.send_test import send_test
from tests.web.colleagues import Colleague, hire
from tests.web.served import Person, Served

SEQUENCE = "disruption-masterclass"
PATH = f"/studio/sequences/{SEQUENCE}"
LONG = "Maximiliana-Theodora Wolfeschlegelsteinhausenbergerdorff"
PEOPLE = (
    ("Ana", "Muster"),
    (LONG, "von und zu Hohenlohe-Langenburg"),
    ("ليلى", "الأنصاري"),
)
FILE = """id,first_name,email,state,created_at,tags
1,Ana,one@elsewhere.example.org,active,2025-01-14 09:30:00 UTC,spring
2,Mona,two@elsewhere.example.org,cancelled,2024-02-01 08:00:00 UTC,
3,Nils,nils.example.org,active,2025-01-14 09:30:00 UTC,
"""
CARD: dict[str, Any] = {
    "name": "Listening",
    "kind": "letter",
    "timing.days": "3",
    "timing.side": "after",
    "timing.anchor": "tables-turned",
    "timing.at": "09:00",
    "weekdays": ["mon", "tue", "wed", "thu", "fri"],
    "opens": "09:00",
    "closes": "17:00",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FullStudio:
    """Who looks at it, and a real value of each address's parameters."""

    admin: Colleague
    values: dict[str, str]


def fill(served: Served) -> FullStudio:
    """Let people sign up and work begin; what is made here is what the pages then show."""
    admin = hire(served, Role.ADMIN)
    people = [
        served.seat_of(f"person{n}@example.org", first_name=first, last_name=last, letters="yes")
        for n, (first, last) in enumerate(PEOPLE)
    ]
    served.sign_up("not.confirmed@example.org")
    served.work()
    _acts(admin, people)
    _emails(served, admin)
    _sequence(served, admin)
    transactions = served.deps.transactions
    return FullStudio(
        admin=admin,
        values={
            "session_id": str(served.dates()[0]),
            "person_id": str(people[0].id),
            "step_key": "listening",
            "import_id": _file(admin),
            "folder": SEQUENCE,
            "name": "bias",
            "table": "emails",
            "token": add_user("new@example.org", Role.VIEWER, transactions, by="test").token,
            "/studio/sequences/{slug}": SEQUENCE,
            "/studio/forms/{slug}": "landing",
            "/studio/landing/{slug}": SEQUENCE,
            "/studio/brands/{slug}": "default",
        },
    )


def _acts(admin: Colleague, people: list[Person]) -> None:
    first, second, _ = (f"/studio/people/{each.id}" for each in people)
    pressed(admin, f"{first}/tag", tag="alumni")
    pressed(admin, f"{first}/note", note="Called on Monday, wants Thursdays.")
    pressed(admin, f"{second}/stop", what="letters")
    pressed(admin, "/studio/people/do-not-email", address="never@example.org", why="asked by phone")


def _emails(served: Served, admin: Colleague) -> None:
    key, deps = f"{SEQUENCE}/bias", served.deps
    source = read_template(key, deps.transactions).source
    pressed(admin, f"/studio/templates/{key}", seen="0", source=f"{source}\nSee you soon.\n")
    announce(
        served.dates()[0],
        "We start 15 minutes late",
        "The room opens at **18:15**.",
        by=admin.email,
        transactions=deps.transactions,
        previewing=deps.previewing,
    )
    send_test(
        key,
        MadeUpReader(kind=MadeUp.USUAL),
        to="me@example.org",
        by=admin.email,
        transactions=deps.transactions,
        previewing=deps.previewing,
    )


def _sequence(served: Served, admin: Colleague) -> None:
    """A version is live that differs from the first, and a draft that differs from both."""
    pressed(admin, f"{PATH}/steps/listening", seen=seen(admin), **CARD)
    choice = {"policy": "move", "counted": "move", "note": "More time to settle in"}
    pressed(admin, f"{PATH}/publish", seen=seen(admin), live="1", **choice)
    served.work()
    pressed(admin, f"{PATH}/steps", seen=seen(admin), name="A word between", after="listening")
    pressed(admin, f"{PATH}/steps/listening", seen=seen(admin), **{**CARD, "timing.days": "4"})


def _file(admin: Colleague) -> str:
    answer = admin.browser.post(
        "/studio/people/import",
        data={"form_token": admin.form_token()},
        files={"file": ("people.csv", FILE.encode(), "text/csv")},
    )
    path = str(answer.headers["location"])
    chosen = {}
    for name, options in re.findall(
        r'<select [^>]*name="([^"]+)"(.*?)</select>', text_of(admin, path)
    ):
        found = re.search(r'value="([^"]*)" selected', options)
        chosen[name] = found.group(1) if found else ""
    pressed(admin, f"{path}/try", **{"wording": "The letters.", "topic-letters": "yes", **chosen})
    return path.rpartition("/")[2].partition("?")[0]


def seen(admin: Colleague) -> str:
    found = re.search(r'data-seen="([^"]*)"', text_of(admin, PATH))
    assert found
    return found.group(1)


def text_of(admin: Colleague, path: str) -> str:
    answer = admin.get(path)
    assert answer.status_code == 200, path
    return answer.text


def pressed(admin: Colleague, path: str, **fields: Any) -> None:
    answer = admin.press(path, **fields)
    assert answer.status_code == 303, (path, answer.text)
