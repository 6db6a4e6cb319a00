"""The schema of sequence files is public, and names its own address."""

from funnel.domain.sequence_schema import sequence_schema
from tests.web.served import Served


def test_anybody_may_read_the_schema(served: Served) -> None:
    answer = served.get("/schemas/sequence.json")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/schema+json"
    found = answer.json()
    assert found["$id"].endswith("/schemas/sequence.json")
    assert found == sequence_schema(found["$id"])
