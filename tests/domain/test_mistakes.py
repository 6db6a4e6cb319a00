import pytest

from funnel.domain.errors import InvalidInputError
from funnel.domain.mistakes import InvalidFormError, Mistakes


def read_number(text):
    if not text.isdigit():
        raise InvalidInputError(f"“{text}” is no number", field=text, remedy="Write digits.")
    return int(text)


def test_each_mistake_is_heard_and_none_hides_the_next():
    mistakes = Mistakes()
    assert [mistakes.hear(read_number, each) for each in ("7", "x", "y")] == [7, None, None]
    assert mistakes.is_about("y")
    assert not mistakes.is_about("7")
    with pytest.raises(InvalidFormError) as caught:
        mistakes.end()
    assert [each.field for each in caught.value.errors] == ["x", "y"]
    told = f"{caught.value}. {caught.value.remedy}"
    assert told == "“x” is no number. Write digits. “y” is no number. Write digits."


def test_one_mistake_stays_the_error_that_it_was():
    mistakes = Mistakes()
    mistakes.hear(read_number, "x")
    with pytest.raises(InvalidInputError) as caught:
        mistakes.end()
    assert not isinstance(caught.value, InvalidFormError)


def test_mistakes_of_a_part_count_as_the_forms_own():
    part, whole = Mistakes(), Mistakes()
    for each in ("x", "y"):
        part.hear(read_number, each)
    whole.hear(part.end)
    whole.hear(read_number, "z")
    with pytest.raises(InvalidFormError) as caught:
        whole.end()
    assert [each.field for each in caught.value.errors] == ["x", "y", "z"]


def test_nothing_wrong_raises_nothing():
    Mistakes().end()
