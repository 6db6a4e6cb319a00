"""Files of people as they really come: no line is lost, and each wrong one costs itself alone."""

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from funnel.domain.errors import InvalidInputError
from funnel.domain.people_import import MOST_LINES, Problem
from funnel.intake.people_csv import TableLine, read_people_table


def _lines(text: str | bytes, **options: str) -> list[TableLine]:
    content = text if isinstance(text, bytes) else text.encode()
    return list(read_people_table(content, **options).lines)


def _cells(text: str | bytes, **options: str) -> list[tuple[str, ...]]:
    return [each.cells for each in _lines(text, **options)]


PLAIN = [("ana@example.org", "Ana"), ("bea@example.org", "Bea")]


@pytest.mark.parametrize(
    "text",
    [
        "email,name\nana@example.org,Ana\nbea@example.org,Bea\n",
        "email;name\r\nana@example.org;Ana\r\nbea@example.org;Bea",
        "email\tname\rana@example.org\tAna\rbea@example.org\tBea\r",
        "email|name\nana@example.org|Ana\nbea@example.org|Bea\n",
        '"email","name"\n"ana@example.org","Ana"\n"bea@example.org","Bea"\n',
        "\n\n  \nemail,name\n\nana@example.org,Ana\n,,\nbea@example.org,Bea\n\n",
        "sep=;\nemail;name\nana@example.org;Ana\nbea@example.org;Bea\n",
        "email,name,,\nana@example.org,Ana,,\nbea@example.org,Bea,,,,,\n",
    ],
    ids=["commas", "semicolons", "tabs", "bars", "quoted", "empty lines", "excel", "empty cells"],
)
def test_every_kind_of_table_is_the_same_table(text: str) -> None:
    assert _cells(text) == PLAIN


@pytest.mark.parametrize(
    "encoding",
    ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"],
)
def test_the_encoding_is_found_out(encoding: str) -> None:
    people = "".join(f"p{n}@example.org,Jürgen Großmüller über Café\n" for n in range(30))
    found = read_people_table(f"email,name\n{people}".encode(encoding))
    assert {each.cells[1] for each in found.lines} == {"Jürgen Großmüller über Café"}


def test_other_scripts_of_older_systems_are_found_out_too() -> None:
    names = ("Анна Иванова", "Пётр Сидоров", "Мария Кузнецова", "Сергей Смирнов")
    people = "".join(f"p{n}@example.org,{names[n % 4]}\n" for n in range(40))
    found = read_people_table(f"email,name\n{people}".encode("cp1251"))
    assert found.lines[0].cells[1] == "Анна Иванова"


def test_a_line_that_is_saved_otherwise_is_named_and_the_rest_is_read() -> None:
    good = "".join(f"p{n}@example.org,Zoë\n" for n in range(9))
    lines = _lines(f"email,name\n{good}".encode() + "q@example.org,Zoë\n".encode("cp1252"))
    assert [each.broken for each in lines[:-1]] == [None] * 9
    assert lines[-1].line == 11
    assert lines[-1].broken
    assert lines[-1].broken.problem is Problem.NOT_ENCODED
    assert lines[-1].cells == ("q@example.org,Zoë",)


@pytest.mark.parametrize(
    ("broken", "problem"),
    [
        ('x@example.org,"Ana', Problem.OPEN_QUOTE),
        ('x@example.org,"Ana" Muster', Problem.STRAY_QUOTE),
        ("x@example.org,Ana,Muster,more", Problem.TOO_MANY_CELLS),
        ("x@example.org,A\x00na", Problem.NUL),
        (f"x@example.org,{'A' * 100_001}", Problem.TOO_LONG),
    ],
    ids=["never closed", "closed too early", "too many cells", "nul", "too long"],
)
def test_a_broken_line_costs_itself_alone(broken: str, problem: Problem) -> None:
    rest = "".join(f"p{n}@example.org,P{n}\n" for n in range(100))
    lines = _lines(f"email,name\nana@example.org,Ana\n{broken}\n{rest}")
    wrong = [each for each in lines if each.broken]
    assert [each.line for each in wrong] == [3]
    assert wrong[0].broken
    assert wrong[0].broken.problem is problem
    assert len(lines) == 102
    assert wrong[0].cells == (broken[:100_000].replace("\x00", "\u2400"),)


def test_two_broken_lines_do_not_swallow_what_stands_between_them() -> None:
    lines = _lines('email,name\na@example.org,"A\nb@example.org,B\nc@example.org,"C\nd@e.org,D\n')
    assert [(each.line, each.broken is None) for each in lines] == [
        (2, False),
        (3, True),
        (4, False),
        (5, True),
    ]


def test_a_cell_may_go_over_several_lines() -> None:
    lines = _lines('email,note\na@example.org,"first\n\nthird, ""quoted"""\nb@example.org,B\n')
    assert [each.line for each in lines] == [2, 5]
    assert lines[0].cells == ("a@example.org", 'first\n\nthird, "quoted"')


def test_a_short_line_is_filled_up() -> None:
    assert _cells("email,name,company\na@example.org\n") == [("a@example.org", "", "")]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n\n",
        b"email,name\n",
        b",,\n1,2,3\n",
        b'"email\nana@example.org\n',
        ",".join(f"c{n}" for n in range(121)).encode() + b"\nx\n",
        b"email\n" + b"a@example.org\n" * (MOST_LINES + 1),
    ],
    ids=["nothing", "empty", "nobody", "no names", "open header", "too wide", "too long"],
)
def test_what_is_no_table_of_people_is_refused_with_what_to_do(content: bytes) -> None:
    with pytest.raises(InvalidInputError) as caught:
        read_people_table(content)
    assert caught.value.remedy


@pytest.mark.parametrize("encoding", ["utf-16", "no-such-thing", "ascii"])
def test_an_encoding_that_is_not_its_own_is_refused(encoding: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        read_people_table("email\nzoë@example.org\n".encode(), encoding=encoding)
    assert caught.value.field == "encoding"


_TEXT = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\uffff"))
_ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-32", "cp1252", "shift_jis", "gb18030", "koi8-r")


@settings(max_examples=120, deadline=None)
@given(
    rows=st.lists(st.tuples(_TEXT, _TEXT, _TEXT), min_size=1, max_size=8),
    encoding=st.sampled_from(_ENCODINGS),
    mark=st.sampled_from(",;\t|"),
)
def test_whatever_is_written_comes_back_or_is_named(
    rows: list[tuple[str, str, str]], encoding: str, mark: str
) -> None:
    written = io.StringIO()
    writer = csv.writer(written, delimiter=mark, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(("email", "name", "note"))
    for row in rows:
        writer.writerow(("x" + row[0], row[1], row[2]))
    content = written.getvalue().encode(encoding, errors="replace")
    text = content.decode(encoding)
    lines = _lines(content, encoding=encoding)
    wanted = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), delimiter=mark))
    expected = [tuple(_as_kept(cell) for cell in row) for row in wanted[1:]]
    assert len(lines) == len(expected)
    for line, row in zip(lines, expected, strict=True):
        if line.broken is None:
            assert line.cells == row
        else:
            assert line.broken.problem is Problem.NUL
            assert any("\x00" in cell for cell in row)


def _as_kept(cell: str) -> str:
    return cell.replace("\r\n", "\n").replace("\r", "\n")


@pytest.mark.parametrize(
    ("case", "content"),
    [
        ("one open quotation mark", b'email\n"' + b"a,\n" * 2_000_000),
        ("nothing but ends of lines", b"email\n" + b"\n" * 5_000_000),
        ("the same of an old Mac", b"email\r" + b"\r" * 5_000_000),
        ("in UTF-16", b"\xff\xfe" + "email\n".encode("utf-16-le") + b"\n\x00" * 2_000_000),
    ],
)
def test_more_lines_than_any_export_has_are_refused_before_they_are_put_apart(case, content):
    with pytest.raises(InvalidInputError, match="more than 200,000 lines"):
        read_people_table(content)


def test_a_cell_goes_over_lines_with_and_without_quotation_marks():
    content = 'email,note\na@example.org,"one\ntwo ""three""\n\nfour"\nb@example.org,x\n'
    table = read_people_table(content.encode())
    assert [each.cells for each in table.lines] == [
        ("a@example.org", 'one\ntwo "three"\n\nfour'),
        ("b@example.org", "x"),
    ]
