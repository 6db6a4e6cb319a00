"""People who work in the studio, for its tests: each with a password, in a browser of their own."""

import re
from dataclasses import dataclass
from uuid import uuid4

import requests

from funnel.domain.access import Role
from funnel.domain.login import Browser
from funnel.services.manage_users import add_user
from funnel.services.use_one_time_link import Chosen, use_one_time_link
from tests.web.served import Served

PASSWORD = "lantern gravel otter nine"  # noqa: S105 (of nobody)
NOWHERE = Browser(network="192.0.2.1", ip="192.0.2.1", user_agent="a test")


@dataclass(slots=True, kw_only=True)
class Colleague:
    """Somebody with an account, and their browser."""

    email: str
    browser: Served

    def log_in(self, password: str = PASSWORD, **fields: str) -> requests.Response:
        return self.browser.post(
            "/studio/login", data={"email": self.email, "password": password, **fields}
        )

    def get(self, path: str, **options: object) -> requests.Response:
        return self.browser.get(path, **options)

    def press(self, path: str, **fields: str) -> requests.Response:
        """Post a form as the page that holds it would."""
        return self.browser.post(path, data={"form_token": self.form_token(), **fields})

    def form_token(self) -> str:
        found = re.search(r'name="form_token" value="([^"]+)"', self.get("/studio/account").text)
        assert found, "not logged in"
        return found.group(1)

    @property
    def cookie(self) -> str:
        return str(self.browser.session.cookies.get("funnel", ""))


def browser_at(served: Served) -> Served:
    """Return the same service in a browser that has not been there before."""
    return Served(deps=served.deps, url=served.url, session=requests.Session())


def hire(served: Served, role: Role, *, is_logged_in: bool = True) -> Colleague:
    """Give somebody an account and a password, and let them log in."""
    email = f"{role}-{uuid4().hex[:8]}@example.org"
    transactions = served.deps.transactions
    invitation = add_user(email, role, transactions, by="test")
    use_one_time_link(invitation.token, Chosen(password=PASSWORD), NOWHERE, transactions)
    colleague = Colleague(email=email, browser=browser_at(served))
    if is_logged_in:
        assert colleague.log_in().status_code == 303
    return colleague
