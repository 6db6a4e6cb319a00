"""A fault: its name, what it does in a sentence, and where it is asked for."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.faults.drill.stage import Load, Stage

PEOPLE = 240


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One way to hurt an installation.

    Attributes:
        name: As the command line calls it.
        sentence: What happens.
        source: The line of the reliability page that it comes from.
        strike: Hurts and heals, while a load leaves; says in the load how much may be unknown.
            Nothing may be wrong any more when it returns: the recovery is counted from there.
        people: To whom an email is due; fewer in a short drill.
        delay: Seconds that the sink takes for each.
        asks: Unknowns are settled by asking the provider.
        brings: Makes its own load and strikes at once; ``None``: a usual load is added before.
        is_short: Part of the short drill.
        rounds: Runs, before an argument multiplies them.
    """

    name: str
    sentence: str
    source: str
    strike: Callable[[Stage, Load], None]
    people: int = PEOPLE
    delay: float = 0.1
    asks: bool = False
    brings: bool = False
    is_short: bool = False
    rounds: int = 1
