"""Make a former version of an email what is sent: as a new version; nothing is lost."""

from funnel.domain.errors import InvalidInputError, NotFoundError
from funnel.domain.publish_check import PublishCheck
from funnel.domain.speech import say
from funnel.domain.version_switch import VersionOrigin
from funnel.rendering.compiled import CompiledTemplate
from funnel.rendering.errors import TemplateError
from funnel.services.check_readers import TextAsked, ask_readers, check_readers
from funnel.services.preview_template import Previewing, TemplateProblem
from funnel.services.publish_template import (
    PublishedTemplate,
    TemplateCheck,
    TemplateCheckError,
    make_live,
)
from funnel.storage import definition_errors, template_versions, templates
from funnel.storage.template_versions import TemplateVersion
from funnel.storage.templates import PublishAct
from funnel.storage.transaction import Transaction


def find_roll_back_wait(
    key: str, number: int, *, by: str, previewing: Previewing
) -> PublishCheck | None:
    """Return the look at everybody that a roll-back has to wait for; it is asked for here.

    Returns:
        ``None`` where nothing has to be waited for.

    Raises:
        NotFoundError: There is no such email or version.
        InvalidInputError: That version is live, or says what is live.
    """
    text = _text(key, number, previewing)
    return ask_readers(text, previewing, by=by)


def roll_back_template(
    key: str, number: int, *, by: str, previewing: Previewing, note: str = ""
) -> PublishedTemplate:
    """Publish a former version of an email once more, as its next version; a draft stays.

    Raises:
        NotFoundError: There is no such email or version.
        InvalidInputError: That version is live, or says what is live.
        TemplateCheckError: It cannot be rendered for somebody who is still to get it.
    """
    text = _text(key, number, previewing)
    try:
        looked = check_readers(text, previewing)
    except TemplateError as error:
        problem = TemplateProblem(line=None, reason=error.reason, remedy=error.remedy)
        raise TemplateCheckError(TemplateCheck(problem=problem)) from error
    if looked.failures:
        failures = tuple(looked.failures.values())
        raise TemplateCheckError(TemplateCheck(people=looked.people, failures=failures))
    act = PublishAct(origin=VersionOrigin.ROLLBACK, by=by, note=note)
    with previewing.transactions.begin() as tx:
        definition_errors.lock_definitions(tx)
        _former(tx, key, number)  # asked again under the lock: it may have gone live meanwhile
        new = make_live(tx, key, text.source, text.compiled, act)
    return PublishedTemplate(number=new, people=looked.people)


def _text(key: str, number: int, previewing: Previewing) -> TextAsked:
    with previewing.transactions.begin_reading() as tx:
        version = _former(tx, key, number)
        compiled = CompiledTemplate.from_json(templates.read_compiled(tx, version.id))
    return TextAsked(key=key, source=version.source, compiled=compiled, number=number)


def _former(tx: Transaction, key: str, number: int) -> TemplateVersion:
    version = template_versions.find_version(tx, key, number)
    if version is None:
        raise NotFoundError(
            say('The email "{key}" has no version {number}.', key=key, number=number)
        )
    live = template_versions.find_live(tx, key)
    if live is not None and (live.id == version.id or live.checksum == version.checksum):
        raise InvalidInputError(
            say("Version {number} says what is live.", number=number),
            field="number",
            remedy=say("There is nothing to undo."),
        )
    return version
