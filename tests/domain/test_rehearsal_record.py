import pytest

from funnel.domain.errors import InvalidInputError
from funnel.domain.rehearsal_record import Record, compare_records, parse_record, record_text


def record(**people):
    return Record(
        sequence="short", starts="Mon 17 Feb 2025", dates=("Thu 13 Mar 2025 18:00",), people=people
    )


def test_a_record_survives_its_file_and_a_decision_is_a_line():
    kept = record(Mia={"bias": "Wed 9 Dec 2026 09:00", "today": "not sent: would be late"})
    text = record_text(kept)
    assert parse_record(text, file_name="x.json") == kept
    assert '      "bias": "Wed 9 Dec 2026 09:00",\n' in text


def test_every_changed_moment_and_reason_is_said_in_words():
    before = record(Mia={"bias": "Wed 9 Dec 2026 09:00", "systems": "a"}, Tom={"bias": "b"})
    after = record(Mia={"bias": "Thu 10 Dec 2026 09:00", "new": "c"}, Tom={"bias": "b"})
    assert [str(each) for each in compare_records(before, after)] == [
        "bias for Mia: was Wed 9 Dec 2026 09:00, is Thu 10 Dec 2026 09:00",
        "new for Mia: was not there, is c",
        "systems for Mia: was a, is not there any more",
    ]
    assert compare_records(before, before) == ()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"sequence": "x"}', '{"people": 1}', "null"])
def test_what_is_no_record_is_refused_with_its_remedy(text):
    with pytest.raises(InvalidInputError, match=r"x\.json") as caught:
        parse_record(text, file_name="x.json")
    assert "--record" in caught.value.remedy
