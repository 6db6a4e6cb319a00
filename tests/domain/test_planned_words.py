"""What the planner says of a moment, in the language of whoever looks at it."""

import pytest

from funnel.domain.plan import SkipReason
from funnel.domain.planned_words import planned_words
from funnel.domain.sequence import SequenceDefinition
from funnel.domain.speech import speaking
from funnel.web.languages import catalogue

VERSION = SequenceDefinition(slug="any", title="Any", brand="default", steps=())


@pytest.mark.parametrize(
    ("reason", "english", "german"),
    [
        (
            "2 days after bias, 09:00",
            "2 days after Bias, at 09:00 their time",
            "2 Tage nach Bias, um 09:00 Ortszeit der Person",
        ),
        (
            "keeps 2 days apart from bias",
            "keeps 2 days apart from Bias",
            "hält 2 Tage Abstand zu Bias",
        ),
        (
            "keeps 1 days apart from bias",
            "keeps 1 day apart from Bias",
            "hält 1 Tag Abstand zu Bias",
        ),
        (str(SkipReason.HAD_IT), "had it before", "hatte sie schon"),
        ("soon after bias", "soon after bias", "soon after bias"),
    ],
)
def test_a_reason_is_said_with_the_names_that_people_know(reason: str, english: str, german: str):
    assert planned_words(reason, VERSION) == english
    with speaking(catalogue("de")):
        assert planned_words(reason, VERSION) == german
