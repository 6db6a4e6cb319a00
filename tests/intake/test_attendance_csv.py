"""Tables of who came: Zoom's, Excel's, and what people make of them."""

from contextlib import suppress
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as some

from funnel.domain.errors import InvalidInputError
from funnel.intake.attendance_csv import AttendanceRow, TableReading, read_attendance

BERLIN = ZoneInfo("Europe/Berlin")
READING = TableReading(zone=BERLIN, starts_at=datetime(2027, 3, 9, 17, 0, tzinfo=UTC))

ZOOM_MEETING = """\
Meeting ID,Topic,Start Time,End Time,User Email,Duration (Minutes),Participants
812 3456 7890,The three shifts,03/09/2027 05:50:12 PM,03/09/2027 07:31:00 PM,host@example.org,101,3

Name (Original Name),User Email,Join Time,Leave Time,Duration (Minutes),Guest,In Waiting Room
Ana,Ana@example.org,03/09/2027 05:58:01 PM,03/09/2027 06:20:00 PM,22,Yes,No
Ana,ana@example.org,03/09/2027 06:25:00 PM,03/09/2027 07:30:00 PM,65,Yes,No
"Bea, from Bonn",bea@example.org,03/09/2027 06:02:00 PM,,,Yes,No
iPhone,,03/09/2027 06:03:00 PM,03/09/2027 06:04:00 PM,1,Yes,No
"""

ZOOM_WEBINAR = """\
Topic,Webinar ID,Actual Start Time
The three shifts,812 3456 7890,"Mar 09, 2027 17:55:00"
Host Details
Attended,User Name (Original Name),Email,Join Time,Leave Time
Yes,Mira,host@example.org,"Mar 09, 2027 17:50:00","Mar 09, 2027 19:31:00"
Attendee Details
Attended,User Name (Original Name),First Name,Email,Registration Time,Join Time,Leave Time
Yes,Ana,Ana,ana@example.org,"Mar 01, 2027 10:00:00","Mar 09, 2027 18:01:00","Mar 09, 2027 19:30:00"
No,Bea,Bea,bea@example.org,"Mar 02, 2027 10:00:00",--,--
"""


TELEPHONE = """\
Other Attended
User Name,Join Time,Leave Time,Time in Session (minutes),Country/Region Name
+49 30 1234567,"Mar 09, 2027 18:05:00","Mar 09, 2027 18:50:00",45,Germany
"""


def at(hour: int, minute: int, second: int = 0) -> datetime:
    return datetime(2027, 3, 9, hour, minute, second, tzinfo=BERLIN).astimezone(UTC)


def test_a_zoom_meeting() -> None:
    table = read_attendance(ZOOM_MEETING.encode(), READING)
    assert table.rows == (
        AttendanceRow(
            line=5,
            email="Ana@example.org",
            attended=True,
            joined_at=at(17, 58, 1),
            left_at=at(18, 20),
        ),
        AttendanceRow(
            line=6,
            email="ana@example.org",
            attended=True,
            joined_at=at(18, 25),
            left_at=at(19, 30),
        ),
        AttendanceRow(line=7, email="bea@example.org", attended=True, joined_at=at(18, 2)),
    )
    assert [(each.line, bool(each.remedy)) for each in table.problems] == [(8, True)]
    assert table.columns["joined"] == "Join Time"


def test_a_zoom_webinar_leaves_its_host_out() -> None:
    table = read_attendance(ZOOM_WEBINAR.encode("utf-8-sig"), READING)
    assert table.rows == (
        AttendanceRow(
            line=8,
            email="ana@example.org",
            attended=True,
            joined_at=at(18, 1),
            left_at=at(19, 30),
        ),
        AttendanceRow(line=9, email="bea@example.org", attended=False),
    )
    assert table.problems == ()


def test_who_called_by_telephone_breaks_no_line_of_a_webinar() -> None:
    table = read_attendance((ZOOM_WEBINAR + TELEPHONE).encode(), READING)
    assert len(table.rows) == 2
    assert table.problems == ()


@pytest.mark.parametrize(
    ("encoding", "named"),
    [
        ("utf-8", ""),
        ("utf-8-sig", ""),
        ("utf-16", ""),
        ("cp1252", "cp1252"),
        ("latin-1", "latin-1"),
        ("utf-16-le", "utf-16-le"),
    ],
)
@pytest.mark.parametrize("mark", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_encodings_marks_and_line_ends(encoding: str, named: str, mark: str, end: str) -> None:
    lines = [["Name", "E-Mail", "Präsent"], ["Jürgen", "jürgen@example.org", "ja"]]
    text = end.join(mark.join(cells) for cells in lines) + end
    reading = TableReading(
        zone=BERLIN,
        starts_at=READING.starts_at,
        columns={"attended": "präsent"},
        encoding=named,
    )
    table = read_attendance(text.encode(encoding), reading)
    assert [(row.line, row.email, row.attended) for row in table.rows] == [
        (2, "jürgen@example.org", True)
    ]


@pytest.mark.parametrize(
    ("shown", "moment"),
    [
        ("2027-03-09 18:05", at(18, 5)),
        ("2027-03-09T18:05:30+01:00", at(18, 5, 30)),
        ("2027-03-09T17:05:30Z", at(18, 5, 30)),
        ("09.03.2027 18:05", at(18, 5)),
        ("03/09/2027 18:05", at(18, 5)),
        ("09/03/2027 18:05:00", at(18, 5)),
        ("03/09/2027 06:05:00 PM", at(18, 5)),
        ("03/09/2027 06:05:00\u202fPM", at(18, 5)),
        ("03/10/2027 12:10:00 AM", datetime(2027, 3, 9, 23, 10, tzinfo=UTC)),
        ("--", None),
    ],
)
def test_moments_are_read_as_they_fit_the_day_of_the_session(
    shown: str, moment: datetime | None
) -> None:
    table = read_attendance(f"email,joined\nana@example.org,{shown}\n".encode(), READING)
    assert [row.joined_at for row in table.rows] == [moment]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("ana@example.org,,2027-03-12 18:00", "not on the day"),
        ("ana@example.org,,soon", "no moment"),
        ("ana example.org,,", "address"),
        (",yes,", "no address"),
        ("ana@example.org,perhaps,", "neither yes nor no"),
    ],
)
def test_each_broken_line_is_named_and_the_others_are_read(line: str, words: str) -> None:
    content = f"email,attended,joined\nbea@example.org,yes,\n\n{line},\ncleo@example.org,no,\n"
    table = read_attendance(content.encode(), READING)
    assert [row.email for row in table.rows] == ["bea@example.org", "cleo@example.org"]
    [problem] = table.problems
    assert problem.line == 4
    assert words in problem.reason
    assert problem.remedy


@pytest.mark.parametrize(
    ("content", "field"),
    [
        (b"", "email"),
        (b"name,joined\nAna,2027-03-09\n", "email"),
        (b"PK\x03\x04\x00\x00", "file"),
        ("e-mail\nj\u00fcrgen@example.org\n".encode("cp1252"), "encoding"),
        (b'email,name\nana@example.org,"Ana\nbea@example.org,Bea\n', "file"),
    ],
)
def test_what_is_no_table_is_refused_whole_with_a_remedy(content: bytes, field: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        read_attendance(content, READING)
    assert caught.value.field == field
    assert caught.value.remedy


def test_a_column_that_is_not_there_and_an_encoding_that_is_none_are_named() -> None:
    for change in ({"columns": {"joined": "Kommen"}}, {"encoding": "klingon"}):
        reading = TableReading(zone=BERLIN, starts_at=READING.starts_at, **change)
        with pytest.raises(InvalidInputError) as caught:
            read_attendance(b"email,joined\n", reading)
        assert caught.value.remedy


def test_who_left_before_they_came_is_a_broken_line() -> None:
    content = b"email,joined,left\nana@example.org,2027-03-09 18:30,2027-03-09 18:10\n"
    assert len(read_attendance(content, READING).problems) == 1


@given(some.binary(max_size=300))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    content = b"email,joined\n" + content
    with suppress(InvalidInputError):
        table = read_attendance(content, READING)
        assert all(row.line > 1 for row in table.rows)
        assert all(each.line > 1 for each in table.problems)
        assert all(each.remedy for each in table.problems)
