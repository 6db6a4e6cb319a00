"""The page to which every link of a test leads."""

from tests.web.served import Served


def test_it_says_what_it_is_and_does_nothing(served: Served) -> None:
    answer = served.get("/test-link")
    assert answer.status_code == 200
    assert "it came from a test" in answer.text
    assert served.session.post(f"{served.url}/test-link", timeout=15).status_code in (403, 405)
