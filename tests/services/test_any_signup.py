"""Whatever a sender sends becomes a row or an error of ours, never an error of the database's."""

import json

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from funnel.domain.errors import InvalidInputError
from funnel.domain.signup import Visitor
from funnel.domain.subscriber import ZoneSource
from funnel.intake.signup import Arrival
from funnel.intake.webhook import read_webhook
from tests.fixtures.signups import Door
from tests.fixtures.world import TUESDAY_NOON

_NAMES = ["first_name", "name", "time_zone", "locale", "fields", "utm_source", "utm", "x", "\u0001"]
_PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
_ANY = st.recursive(
    _PLAIN,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@settings(
    max_examples=150,
    deadline=None,  # the machine's speed is not what is tested
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.dictionaries(st.sampled_from(_NAMES), _ANY, max_size=5))
def test_any_payload_is_kept_or_refused(door: Door, payload: dict[str, object]) -> None:
    body = json.dumps({"email": "ana@example.org"} | payload).encode()
    arrival = Arrival(
        zone_source=ZoneSource.WEBHOOK, payload=body, received_at=TUESDAY_NOON, visitor=Visitor()
    )
    try:
        request = read_webhook("application/json", door.source, arrival)
    except InvalidInputError:
        return
    signup_id = door.accept(request).id
    assert door.status(signup_id) in {"pending", "merged"}
