"""What an email prints though some who get it have no such value: "Hello ,"."""

from funnel.domain.speech import say
from funnel.rendering.finding import Finding, Severity, line_of

EMPTY = "value-empty"

_GREETED = "person.first_name"
_OF_MANY = ("next_dates",)


def empty_finding(variable: str, source: str, *, who: str = "") -> Finding | None:
    """Return what is to mend where a text prints a value that is empty for somebody.

    An empty name stands in the way of publishing: everybody sees at once what is missing. All
    else is for the author to weigh.

    Args:
        variable: The value, "person.first_name".
        source: The text as it was typed.
        who: For whom it is empty, in words; empty: whoever has no such value.

    Returns:
        ``None`` where the text does not name it: its layout prints it, and means to.
    """
    line = line_of(source, variable)
    if line is None and not variable.startswith(_OF_MANY):
        return None
    is_name = variable == _GREETED
    return Finding(
        code=EMPTY,
        severity=Severity.ERROR if is_name else Severity.WARNING,
        message=say(
            "{variable} is printed where some have none, and leaves a gap.", variable=variable
        ),
        remedy=_remedy(variable),
        line=line,
        people=who or say("whoever has none"),
    )


def _remedy(variable: str) -> str:
    guarded = f"{{% if {variable} %}} … {{% else %}} … {{% endif %}}"
    if not variable.startswith("person."):
        return say("Write {guarded}.", guarded=guarded)
    greeting = "{{ person.greeting }}"
    return say("Use {greeting}, or write {guarded}.", greeting=greeting, guarded=guarded)
