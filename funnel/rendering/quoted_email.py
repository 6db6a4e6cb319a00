"""A compiled template on its way: what is the same for everybody, or for many, stands there done.

``QuotedTemplate`` is one template, ``Ready`` what is left of it for a person once the values that
it shares with many others are folded in (``folding.py``).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from jinja2 import nodes
from markupsafe import Markup

from funnel.domain.quoted_text import closed
from funnel.domain.template import EmailValues, QuotedEmail
from funnel.domain.text import clean_text
from funnel.rendering.compiled import CompiledTemplate
from funnel.rendering.environment import as_quoted, as_text, environment
from funnel.rendering.filters import COUNTED
from funnel.rendering.folding import SHARED, Folder, bound_names, names_in
from funnel.rendering.merge import Value, Wanted
from funnel.rendering.quoted_page import LAST, quoted_page
from funnel.rendering.quoted_plain import QuotedPlain, quoted_plain
from funnel.rendering.steps import Step, StepMaker, has_steps, printed

SUBJECT_LIMIT = 150


@dataclass(frozen=True, slots=True)
class Ready:
    """What is left of a template for one person; for one thread.

    Attributes:
        fixed_subject: ``None`` where it holds a value of the person.
        values: What the steps read and many share.
        wanted: What they read of the person.
    """

    fixed_subject: str | None
    subject: Sequence[Step]
    page: Sequence[Step]
    marked: Sequence[Step]
    plain: QuotedPlain
    values: dict[str, Value]
    wanted: Wanted

    def email(self, context: EmailValues, counted: Sequence[str], last: str) -> QuotedEmail:
        """Return the email of one person, as ``Renderer.render_quoted``.

        Raises:
            RenderError: A value is missing or a link is not safe.
            jinja2.TemplateError, TypeError, ValueError, LookupError: A text asks for nonsense.
        """
        values: dict[str, object] = {**self.values, **self.wanted.values(context)}
        values[COUNTED] = counted
        subject = self.fixed_subject
        if subject is None:
            subject = clean_text(printed(self.subject, dict(values)), limit=SUBJECT_LIMIT)
        text = self.plain.quoted(printed(self.marked, dict(values)))
        values[LAST] = Markup(last)  # noqa: S704  (ours)
        return QuotedEmail(subject=subject, text=text, html=closed(printed(self.page, values)))


class QuotedTemplate:
    """One compiled template.

    Attributes:
        shared: The values that it reads and that many people share, by name.
        unfolded: For anybody.
    """

    __slots__ = ("_page", "_shared_paths", "_subject", "_text", "_variables", "shared", "unfolded")

    def __init__(
        self,
        variables: Sequence[str],
        *,
        subject: nodes.Template,
        page: nodes.Template,
        text: nodes.Template,
    ) -> None:
        """Take the dotted names that it reads, and its trees."""
        self._variables = variables
        self._subject, self._page, self._text = subject, page, text
        bound = bound_names(subject) | bound_names(page) | bound_names(text)
        named = {each.partition(".")[0] for each in variables}
        self.shared = tuple(each for each in SHARED if each in named and each not in bound)
        self._shared_paths = [each for each in variables if each.partition(".")[0] in self.shared]
        self.unfolded = self._with({})

    @classmethod
    def of(cls, compiled: CompiledTemplate) -> "QuotedTemplate | None":
        """Return a compiled template as it travels.

        Returns:
            ``None`` where steps cannot stand for it: it is rendered and then quoted.

        Raises:
            jinja2.TemplateError: Its sources cannot be read.
        """
        plain = environment(autoescape=False)
        subject, text = plain.parse(compiled.subject), plain.parse(compiled.text)
        page = quoted_page(compiled.html)
        if page is None or not (has_steps(subject, plain) and has_steps(text, plain)):
            return None
        return cls(compiled.variables, subject=subject, page=page, text=text)

    def folded(self, context: EmailValues) -> Ready:
        """Return what is left of it for all who share these values."""
        return self._with(Wanted(self._shared_paths).values(context))

    def _with(self, values: dict[str, Value]) -> Ready:
        words = StepMaker(environment(autoescape=False), as_text)
        pieces = StepMaker(environment(autoescape=False), as_quoted)
        in_words = Folder(values, words, as_text)
        subject = in_words.folded(self._subject.body)
        plain = quoted_plain(in_words.folded(self._text.body))
        page = Folder(values, pieces, as_quoted).folded(self._page.body)
        read = names_in([*subject, *plain.statements, *page])
        own = [each for each in self._variables if each.partition(".")[0] in read - values.keys()]
        steps = words.steps(subject)
        is_fixed = all(isinstance(each, str) for each in steps)
        fixed = clean_text(printed(steps, {}), limit=SUBJECT_LIMIT) if is_fixed else None
        return Ready(
            fixed_subject=fixed,
            subject=steps,
            page=pieces.steps(page),
            marked=words.steps(plain.statements),
            plain=plain,
            values={name: each for name, each in values.items() if name in read},
            wanted=Wanted(own),
        )
