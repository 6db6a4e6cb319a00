"""A name that an announcement prints, and that one of its readers never gave."""

import pytest

from funnel.domain.errors import InvalidInputError
from funnel.rendering.finding import Severity
from tests.fixtures.posting import Post
from tests.services.announced import Hall


def test_a_name_that_somebody_lacks_is_found_before_it_leaves_a_gap(post: Post) -> None:
    hall = Hall(post, 2)
    post.world.execute("update subscribers set first_name = 'Ana'")
    (told,) = hall.preview(text="{{ person.first_name }}, wait for us.").findings
    assert told.severity is Severity.WARNING and told.line == 1
    post.world.execute("update subscribers set first_name = '' where email = 'p1@example.org'")
    (told,) = hall.preview(text="Hello.\n\n{{ person.first_name }}, wait.").findings
    assert told.severity is Severity.ERROR and told.line == 3
    assert told.people.startswith("p1@example.org, one of 2 people")
    with pytest.raises(InvalidInputError, match=r"leaves a gap.*p1@example\.org") as refused:
        hall.announce(text="{{ person.first_name }}, wait.")
    assert "{% if person.first_name %}" in refused.value.remedy
    guarded = "{% if person.first_name %}{{ person.first_name }}, {% endif %}wait."
    assert hall.preview(text=guarded).findings == ()
