"""Text of a template that must not be read as Jinja, though it holds braces."""


def literal(text: str) -> str:
    """Return a Jinja source that prints ``text``: an escaped brace of Markdown opens no tag."""
    return text.replace("{", _BRACE) if "{" in text else text


_BRACE = "{{ '{' }}"
