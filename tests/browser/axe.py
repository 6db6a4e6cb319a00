"""axe-core over a page, under our own policy: nothing in a page may run a script that is not ours.

The policy forbids a script element with text in it, and stays on: axe is evaluated by the browser's
debugger, which no policy of a page concerns. So what is judged is the page as visitors get it.
"""

from functools import cache
from pathlib import Path
from typing import Any

import axe_playwright_python
from playwright.sync_api import Page

# WCAG 2.2 A and AA; what axe calls best practice besides is no fault of ours.
_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


@cache
def _axe() -> str:
    return (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()


def axe_faults(page: Page, within: str = "") -> list[str]:
    """Return what axe finds: the rule, what it asks, and where; none is what a test expects.

    Args:
        page: As it stands.
        within: Only below what this selector names.
    """
    page.evaluate(_axe())
    found: dict[str, Any] = page.evaluate(
        # Not into frames: mails stand there, in a sandbox that takes no messages.
        "([within, rules]) => axe.run(within || document,"
        " {iframes: false, resultTypes: ['violations'], runOnly: {type: 'tag', values: rules}})",
        [within, _RULES],
    )
    return [
        f"{each['id']}: {each['help']}: {node['target']} {node['html'][:160]}"
        for each in found["violations"]
        for node in each["nodes"]
    ]
