"""What the commands say: plain lines on standard output, complaints on standard error."""

from rich.console import Console

# No highlighting: colour is given where it means something. Long lines are not broken, so that
# output can be searched and copied.
_OUT = Console(highlight=False, soft_wrap=True)
_ERRORS = Console(highlight=False, soft_wrap=True, stderr=True)


def out() -> Console:
    """Return where results go."""
    return _OUT


def say(line: str = "", *, style: str = "") -> None:
    """Print one line as it is; square brackets mean nothing."""
    _OUT.print(line, style=style or None, markup=False)


def complain(problem: str, *, remedy: str = "") -> None:
    """Print what is wrong, and below it what to do."""
    _ERRORS.print(sentence(problem), style="bold red", markup=False)
    if remedy:
        _ERRORS.print(sentence(remedy), markup=False)


def sentence(text: str) -> str:
    """Return a message of ours as a sentence: with a capital and a full stop.

    What has several lines quotes a program's own words, and stays as it is.
    """
    text = text.strip()
    if not text or "\n" in text:
        return text
    return text[0].upper() + text[1:] + ("" if text[-1] in ".:!?" else ".")
