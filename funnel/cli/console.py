"""What the commands say: plain lines on standard output, complaints on standard error."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

# No highlighting: colour is given where it means something. Long lines are not broken, so that
# output can be searched and copied.
_OUT = Console(highlight=False, soft_wrap=True)
_ERRORS = Console(highlight=False, soft_wrap=True, stderr=True)


# Where nobody watches (a file, a pipe), a table is as wide as what is in it.
_WIDE = 400


def new_table(*headings: str, numbers: tuple[str, ...] = ()) -> Table:
    """Return a plain table; headings among ``numbers`` stand on the right."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for heading in headings:
        table.add_column(heading, justify="right" if heading in numbers else "left")
    return table


def show(table: Table) -> None:
    """Print a table."""
    console = _OUT if _OUT.is_terminal else Console(highlight=False, width=_WIDE)
    console.print(table, soft_wrap=False)


def say(line: str = "", *, style: str = "") -> None:
    """Print one line as it is; square brackets mean nothing."""
    _OUT.print(line, style=style or None, markup=False)


class ShowDone(Protocol):
    """Shows how much is done, and of how much where that is known only now."""

    def __call__(self, done: int, of: int = ...) -> None: ...


@contextmanager
def progress(total: int) -> Iterator[ShowDone]:
    """Show how much of ``total`` is done, as it is told; where nobody watches, show nothing."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=_OUT, disable=not _OUT.is_terminal) as bar:
        task = bar.add_task("", total=total)
        yield lambda done, of=total: bar.update(task, completed=done, total=of)


def complain(problem: str, *, remedy: str = "") -> None:
    """Print what is wrong, and below it what to do."""
    _ERRORS.print(sentence(problem), style="bold red", markup=False)
    if remedy:
        _ERRORS.print(sentence(remedy), markup=False)


def sentence(text: str) -> str:
    """Return a message of ours as a sentence: with a capital and a full stop.

    What has several lines quotes a program's own words, and stays as it is; so does a file's name
    at its beginning.
    """
    text = text.strip()
    if not text or "\n" in text:
        return text
    first = text.split()[0].rstrip(".,:;!?")
    begin = text[0] if "/" in first or "." in first else text[0].upper()
    return begin + text[1:] + ("" if text[-1] in ".:!?" else ".")
