"""A compiled template: Jinja sources ready to render, kept in a row and never changed."""

import hashlib
import json
from dataclasses import asdict, dataclass, field, fields

from funnel.domain.template import Layout, TemplateLink

FORMAT = 2  # grows when what renders a compiled template must know that it is an older one
_WITHOUT_LINKS = 1  # still in rows, and pinned by messages: its links lead straight on


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledTemplate:
    """What one published version of a template has become.

    Attributes:
        layout: The layout it was compiled into.
        subject: Jinja source of the subject, plain text.
        preheader: Jinja source of the line that inboxes show beside the subject, plain text.
        html: Jinja source of the page, for an environment that escapes.
        text: Jinja source of the marked text (``text_part.py``), for one that does not.
        variables: The dotted names it reads, sorted.
        links: The links that are counted; a link's place is its spot in the sources.
        uncounted: Words of links that lead elsewhere and are not counted.
        checksum: SHA-256 over all of this, in hex.
    """

    layout: Layout
    subject: str
    preheader: str
    html: str
    text: str
    variables: tuple[str, ...]
    links: tuple[TemplateLink, ...] = ()
    uncounted: tuple[str, ...] = ()
    checksum: str = field(init=False)

    def __post_init__(self) -> None:
        # Once, and not at every render: hashing 20 KB takes as long as rendering them.
        object.__setattr__(self, "checksum", hashlib.sha256(self.to_json().encode()).hexdigest())

    def to_json(self) -> str:
        """Return it as JSON for a row; the same template always gives the same text."""
        values = {each.name: getattr(self, each.name) for each in fields(self) if each.init}
        values["links"] = [asdict(each) for each in self.links]
        return json.dumps({"format": FORMAT, **values}, ensure_ascii=False, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> "CompiledTemplate":
        """Read it back.

        Raises:
            ValueError: The text is no compiled template, or one of an unknown format.
        """
        values = json.loads(text)
        number = values.pop("format", None) if isinstance(values, dict) else None
        if number not in {_WITHOUT_LINKS, FORMAT}:
            raise ValueError(f"not a compiled template of format {FORMAT}")
        if number == _WITHOUT_LINKS:
            values |= {"links": [], "uncounted": []}
        names = {each.name for each in fields(cls) if each.init}
        if set(values) != names:
            raise ValueError(f"a compiled template has {sorted(names)}, this has {sorted(values)}")
        values["layout"] = Layout(values["layout"])
        values["variables"] = tuple(values["variables"])
        values["links"] = tuple(TemplateLink(**each) for each in values["links"])
        values["uncounted"] = tuple(values["uncounted"])
        return cls(**values)
