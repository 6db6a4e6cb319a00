"""What people type is rendered where it can break nothing: each attack is really tried."""

import os
import re
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from time import monotonic

import pytest

from funnel.domain.speech import speaking
from funnel.rendering.confinement import Confinement, Confines
from funnel.rendering.errors import TemplateError
from funnel.rendering.samples import bare_sample, full_sample
from tests.rendering.sources import letter

WORDS = "word " * 150
QUICK = Confines(seconds=1, processes=1)
ENDLESS = '"' * 60_000  # Markdown looks from each quotation mark to each other one
# The bodies that a person may try; each ends within the limits with words that help.
ATTACKS = {
    "a loop of a thousand million": "{% for x in range(10**9) %}x{% endfor %}",
    "a text of a gigabyte": "{{ 'a' * 10**9 }}",
    "a power": "{{ 9 ** 9 ** 9 }}",
    "a text that doubles": "{% set x = person.greeting %}" + "{% set x = x ~ x %}" * 60 + "{{ x }}",
    "a padding filter": "{{ 'a'|center(1000000000) }}",
    "a format": "{{ '%999999999d' % 1 }}",
    "nested loops": "{% for a in next_dates %}" * 9 + "x" + "{% endfor %}" * 9,
    "classes": "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "a global": "{{ cycler.__init__.__globals__.os.environ }}",
    "attr": "{{ person|attr('__class__') }}",
    "an import": "{% import 'os' as os %}{{ os }}",
    "an include": "{% include '/etc/passwd' %}",
    "a macro": "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "brackets": "{{ " + "(" * 20_000 + "1" + ")" * 20_000 + " }}",
    "conditions": "{% if session %}" * 900 + "x" + "{% endif %}" * 900,
    "negations": "{{ " + "not " * 9_000 + "1 }}",
    "five megabytes": "x" * 5_000_000,
    "a note of ours": '\uf8f0{"words": "{a:>999999999}", "values": {"a": "1"}}\uf8f1{{ nothing }}',
}


@pytest.fixture(scope="module")
def confinement() -> Iterator[Confinement]:
    made = Confinement()
    yield made
    made.close()


def processes(confinement: Confinement) -> set[int]:
    return {each.pid for each in confinement._processes}


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def works(confinement: Confinement) -> bool:
    tried = confinement.try_source(letter(WORDS), name="x", reader=full_sample())
    return tried.email is not None and tried.findings == ()


@pytest.mark.parametrize("body", ATTACKS.values(), ids=ATTACKS)
def test_what_would_escape_or_eat_the_machine_ends_with_words(confinement: Confinement, body: str):
    began = monotonic()
    with pytest.raises(TemplateError) as caught:
        confinement.try_source(letter(body), name="x", reader=full_sample())
    assert monotonic() - began < 3 * Confines().seconds
    assert caught.value.reason
    assert "{" not in caught.value.reason or "{%" in caught.value.reason
    assert works(confinement)


def test_what_takes_too_long_is_stopped_and_its_process_replaced():
    confinement = Confinement(confines=QUICK)
    try:
        assert works(confinement)
        (former,) = processes(confinement)
        with pytest.raises(TemplateError, match="longer than 1 second") as caught:
            confinement.try_source(letter(ENDLESS), name="x")
        assert caught.value.remedy
        assert not is_alive(former)
        assert works(confinement)
    finally:
        confinement.close()


def test_others_go_on_while_one_is_being_stopped():
    confinement = Confinement(confines=Confines(seconds=1, processes=2))
    try:
        assert works(confinement)
        with ThreadPoolExecutor(1) as pool:
            endless = pool.submit(confinement.try_source, letter(ENDLESS), name="x")
            done = 0
            while not endless.done():
                assert works(confinement)
                done += 1
            assert isinstance(endless.exception(), TemplateError)
        assert done > 2
    finally:
        confinement.close()


def test_a_process_that_is_killed_is_replaced():
    confinement = Confinement(confines=QUICK)
    try:
        assert works(confinement)
        (pid,) = processes(confinement)
        os.kill(pid, signal.SIGKILL)
        with pytest.raises(TemplateError, match="stopped"):
            confinement.try_source(letter(WORDS), name="x")
        assert works(confinement)
        assert pid not in processes(confinement)
    finally:
        confinement.close()


def test_one_that_hangs_holds_nobody_for_ever():
    confinement = Confinement(confines=Confines(seconds=1, processes=1, waits_seconds=0.2))
    try:
        assert works(confinement)
        (pid,) = processes(confinement)
        os.kill(pid, signal.SIGSTOP)
        with ThreadPoolExecutor(2) as pool:
            asked = [pool.submit(confinement.try_source, letter(WORDS), name="x") for _ in range(2)]
            reasons = sorted(str(each.exception()) for each in asked)
        assert "longer than 1 second" in reasons[1]
        assert "Many previews" in reasons[0]
        assert works(confinement)
    finally:
        confinement.close()


def test_the_process_knows_no_secret_and_may_not_write():
    # Only one: of several, those that did no work may still be on their way into the confines.
    with closing(Confinement(confines=Confines(processes=1))) as confinement:
        assert works(confinement)
        (pid,) = processes(confinement)
        check_confines(pid)


def check_confines(pid: int) -> None:
    with open(f"/proc/{pid}/environ", "rb") as environment:  # noqa: PTH123  (no file of a folder)
        names = {each.partition(b"=")[0] for each in environment.read().split(b"\0") if each}
    assert not {each for each in names if b"FUNNEL" in each or b"PASSWORD" in each}
    with open(f"/proc/{pid}/limits") as limits:  # noqa: PTH123  (as above)
        lines = {line[:26].strip(): line[26:].split() for line in limits}
    assert lines["Max address space"][0] == "256000000"
    assert lines["Max file size"][0] == "0"
    assert lines["Max core file size"][0] == "0"


def test_closing_ends_every_process_and_later_questions_say_so():
    confinement = Confinement(confines=Confines(processes=2, waits_seconds=0.2))
    assert works(confinement)
    started = processes(confinement)
    assert len(started) == 2
    confinement.close()
    assert not [pid for pid in started if is_alive(pid)]
    with pytest.raises(TemplateError):
        confinement.try_source(letter(WORDS), name="x")


def test_each_reader_who_cannot_get_it_is_named_by_place(confinement: Confinement):
    readers = [full_sample(), bare_sample(), full_sample(), bare_sample()]
    tried = confinement.try_source(letter("{{ session.day }}"), name="x", others=readers)
    assert [each.index for each in tried.failures] == [1, 3]
    assert {each.variable for each in tried.failures} == {"session.day"}
    again = confinement.try_compiled(tried.compiled, name="x", others=readers)
    assert again.failures == tried.failures


def test_a_value_that_is_printed_empty_is_named_unless_the_text_asks_first(
    confinement: Confinement,
):
    words = (
        "Hello {{ person.first_name }}, {% if brand.notes_url %}{{ brand.notes_url }}{% endif %}"
    )
    readers = [full_sample(), bare_sample()]
    tried = confinement.try_source(letter(words), name="x", reader=bare_sample(), others=readers)
    assert tried.empty == ("person.first_name",)
    assert [(each.index, each.variable) for each in tried.empties] == [(1, "person.first_name")]


def _loud_unless_a_value(part: re.Match[str]) -> str:
    return part[0] if part[0].startswith("{") else part[0].upper()


class _Loud:
    language = "loud"

    def gettext(self, message: str, /) -> str:
        return re.sub(r"\{.*?\}|[^{]+", _loud_unless_a_value, message)

    def ngettext(self, singular: str, plural: str, n: int, /) -> str:
        return self.gettext(singular if n == 1 else plural)


def test_what_is_wrong_is_said_in_the_language_of_whoever_asks(confinement: Confinement):
    with speaking(_Loud()):
        with pytest.raises(TemplateError) as caught:
            confinement.try_source(letter("{{ nobody }}"), name="x")
        tried = confinement.try_source(
            letter(WORDS, subject="A", preheader="A"), name="x", reader=full_sample()
        )
    assert "UNKNOWN NAME “nobody”" in caught.value.reason
    assert [each.message for each in tried.findings] == ["THE PREHEADER REPEATS THE SUBJECT."]


def test_many_at_once_each_get_their_own(confinement: Confinement):
    barrier = threading.Barrier(6)

    def one(number: int) -> str:
        barrier.wait()
        tried = confinement.try_source(
            letter(WORDS, subject=f"Number {number}"), name="x", reader=full_sample()
        )
        return "" if tried.email is None else tried.email.subject

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(one, range(6))) == [f"Number {number}" for number in range(6)]
