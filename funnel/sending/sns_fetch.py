"""What is asked of Amazon SNS itself: its certificates, and to begin what a person confirmed."""

from typing import Final

import requests

from funnel.domain.errors import InvalidInputError
from funnel.sending.delivery_events import UnreachableError
from funnel.sending.sns import check_subscribe_url

_CONNECT_SECONDS: Final = 3.0
_READ_SECONDS: Final = 5.0
_MOST_BYTES: Final = 64 * 1024


def fetch(url: str) -> bytes:
    """Return what lies at an address that was checked before: 64 KB at most, no redirect.

    Raises:
        UnreachableError: No answer in time, another status than 200, or more than that.
    """
    try:
        with requests.Session() as session:
            session.trust_env = False  # no proxy and no .netrc of whoever runs the process
            session.headers["user-agent"] = "masterclass-funnel"
            answer = session.get(
                url,
                timeout=(_CONNECT_SECONDS, _READ_SECONDS),
                allow_redirects=False,
                stream=True,
            )
            with answer:
                if answer.status_code != requests.codes.ok:
                    raise UnreachableError(f"SNS answered {answer.status_code}")
                return _read(answer)
    except requests.RequestException as error:
        raise UnreachableError(f"SNS cannot be reached: {type(error).__name__}") from error


def _read(answer: requests.Response) -> bytes:
    content = b""
    for piece in answer.iter_content(8192):
        content += piece
        if len(content) > _MOST_BYTES:
            raise UnreachableError("SNS sent more than 64 KB")
    return content


def confirm_subscription(url: str, topic: str) -> None:
    """Follow the link by which a topic may send here; a person has asked for it.

    Raises:
        SignatureError: The link does not lead to the topic's own SNS.
        InvalidInputError: SNS did not take it: the link is good for three days.
    """
    check_subscribe_url(url, topic)
    try:
        fetch(url)
    except UnreachableError as error:
        raise InvalidInputError(
            f"the subscription was not confirmed: {error}",
            remedy="Press “Request confirmation” in the SNS console, then try again: a link is "
            "good for three days.",
        ) from error
