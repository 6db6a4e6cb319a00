"""What differs between two versions of an email, marked in their pages."""

import re

import pytest

from funnel.rendering.marked_html import marked_difference

PAGE = "<html><head><style>p{{}}</style></head><body><p>{}</p></body></html>"


def marks(old: str, new: str) -> tuple[list[str], list[str]]:
    one, other = marked_difference(PAGE.format(old), PAGE.format(new))
    bare = [re.sub(r"</?(?:del|ins)\b[^>]*>", "", each) for each in (one, other)]
    if "<a" not in old and "<img" not in old:  # nothing but marks was put in
        assert bare == [PAGE.format(old), PAGE.format(new)]
    return re.findall(r"<del[^>]*>(.*?)</del>", one), re.findall(r"<ins[^>]*>(.*?)</ins>", other)


@pytest.mark.parametrize(
    ("old", "new", "removed", "added"),
    [
        ("We meet at six.", "We meet at six.", [], []),
        ("We meet at six.", "We meet at seven.", ["six"], ["seven"]),
        ("One. Two.", "One. Two. Three, four.", [], ["Three, four."]),
        ("a <b>bold</b> word", "a <b>plain</b> word", ["bold"], ["plain"]),
        ("one <b>two three</b>", "", ["one ", "two three"], []),
        ("<!-- old -->x", "<!-- new -->x", [], []),
        ("a &amp; b", "a &lt; b", ["&amp;"], ["&lt;"]),
    ],
)
def test_words_that_only_one_has_are_marked(old, new, removed, added):
    found = marks(old, new)
    assert [each.strip() for each in found[0]] == [each.strip() for each in removed]
    assert [each.strip() for each in found[1]] == [each.strip() for each in added]


@pytest.mark.parametrize(
    "tag", ['<a href="/{}" style="color:red">x</a>', '<a href="/{}">x</a>', '<img src="/{}" />']
)
def test_a_link_elsewhere_and_another_picture_have_a_frame(tag):
    same, other = tag.format("same"), tag.format("other")
    one, two = marked_difference(PAGE.format(same), PAGE.format(other))
    assert one.count("outline:") == two.count("outline:") == 1
    assert one.count("style=") == two.count("style=") == 1
    assert marked_difference(PAGE.format(same), PAGE.format(same)) == (PAGE.format(same),) * 2


def test_what_is_too_long_to_compare_is_marked_from_first_to_last():
    removed, added = marks("Begin " + "a b " * 900 + "end", "Begin " + "b c " * 900 + "end")
    assert len(removed) == len(added) == 1
    assert removed[0].strip() == ("a b " * 900).strip()
