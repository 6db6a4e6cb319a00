"""The texts of emails: ``funnel template list | preview | diff | publish | rollback``."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from funnel.cli.console import complain, new_table, say, show
from funnel.cli.errors import WRONG_INPUT
from funnel.cli.opening import opened, who
from funnel.cli.text_files import read_text_file

if TYPE_CHECKING:
    from funnel.rendering.finding import Finding
    from funnel.services.publish_template import PublishedTemplate, TemplateCheckError

app = typer.Typer(name="template", no_args_is_help=True, help="The texts of emails.")

_Key = Annotated[str, typer.Argument(help="The email: disruption-masterclass/bias.")]
_Note = Annotated[str, typer.Option(help="Why, for whoever reads the list of versions.")]


@app.command("list")
def list_() -> None:
    """List every email: what is live, since when and by whom, and who has a draft open."""
    from funnel.services.read_templates import list_templates

    with opened() as deps:
        groups = list_templates(deps.transactions)
    for group in groups:
        say(group.title)
        table = new_table("email", "key", "kind", "live", "since", "by", "draft")
        for each in group.lines:
            table.add_row(
                each.name,
                each.key,
                each.kind,
                "" if each.live_number is None else f"v{each.live_number}",
                f"{each.published_at:%Y-%m-%d %H:%M}" if each.published_at else "",
                each.published_by or ("its file" if each.live_number else ""),
                each.draft_by,
            )
        show(table)


@app.command()
def preview(
    key: _Key,
    *,
    reader: Annotated[
        str,
        typer.Option(
            "--as", help="usual, no-name, long-name, right-to-left, or the id of a person."
        ),
    ] = "usual",
    file: Annotated[
        Path | None, typer.Option(help="A text that is kept nowhere yet; without: the draft.")
    ] = None,
    html: Annotated[bool, typer.Option("--html", help="Print the page, not the text.")] = False,
) -> None:
    """Show an email as somebody would get it, and what is to mend in it. Nothing changes."""
    from funnel.domain.readers import read_reader
    from funnel.services.edit_template import read_template
    from funnel.services.preview_template import preview_template

    source = None if file is None else read_text_file(file)
    with opened() as deps:
        if source is None:
            source = read_template(key, deps.transactions).source
        found = preview_template(key, source, read_reader(reader), deps.previewing)
    if found.error is not None:
        _say_findings(found.findings)
        _fail(found.error.line, found.error.reason, found.error.remedy)
    if html:
        sys.stdout.write(found.html)
        return
    say(f"Subject: {found.subject}")
    say(f"Preheader: {found.preheader}")
    say()
    say(found.text)
    _say_findings(found.findings)


@app.command()
def diff(
    key: _Key,
    old: Annotated[int | None, typer.Argument(help="A version; without: the live one.")] = None,
    new: Annotated[int | None, typer.Argument(help="A version; without: the draft.")] = None,
) -> None:
    """Show what the draft (or a version) says otherwise than what is live (or another version)."""
    from funnel.domain.text_difference import LineKind
    from funnel.services.edit_template import read_template
    from funnel.services.read_template_versions import text_difference_of

    with opened() as deps:
        if old is None:
            live = read_template(key, deps.transactions).live
            if live is None:
                say("Nothing of it is live yet.")
                return
            old = live.number
        lines = text_difference_of(key, old, new, deps.transactions)
    for line in lines:
        if line.kind is LineKind.SAME:
            continue
        if line.old:
            say(f"- {line.old_number:>4} {''.join(each.text for each in line.old)}", style="red")
        if line.new:
            say(f"+ {line.new_number:>4} {''.join(each.text for each in line.new)}", style="green")
    if all(line.kind is LineKind.SAME for line in lines):
        say("They say the same.")


@app.command()
def publish(
    key: _Key,
    *,
    note: _Note = "",
    over: Annotated[
        int | None,
        typer.Option(help="Publish over this live version, though the draft is from another."),
    ] = None,
) -> None:
    """Make the draft live, once it was rendered for everybody who is still to get the email."""
    from funnel.services.edit_template import read_template
    from funnel.services.publish_template import TemplateCheckError, publish_template

    with opened() as deps:
        draft = read_template(key, deps.transactions).draft
        try:
            published = publish_template(
                key,
                seen=draft.revision if draft else 0,
                by=who(),
                previewing=deps.previewing,
                note=note,
                over=over,
            )
        except TemplateCheckError as error:
            _refuse(error)
    _say_published(key, published)


@app.command()
def rollback(
    key: _Key,
    number: Annotated[int, typer.Argument(help="The version to go back to.")],
    *,
    note: _Note = "",
) -> None:
    """Publish a former version once more, as a new one. A draft stays."""
    from funnel.services.publish_template import TemplateCheckError
    from funnel.services.roll_back_template import roll_back_template

    with opened() as deps:
        try:
            published = roll_back_template(
                key, number, by=who(), previewing=deps.previewing, note=note
            )
        except TemplateCheckError as error:
            _refuse(error)
    _say_published(key, published)


def _say_published(key: str, published: "PublishedTemplate") -> None:
    say(f"{key} v{published.number} is live; it was rendered for {published.people:,} people.")


def _refuse(error: "TemplateCheckError") -> NoReturn:
    _say_findings(error.check.errors)
    for each in error.check.failures:
        others = f" and {each.people - 1:,} more" if each.people > 1 else ""
        say(f"  person {each.subscriber_id}{others}: {each.reason}")
    complain(f"nothing was published: {error}", remedy=error.remedy)
    raise typer.Exit(WRONG_INPUT) from error


def _say_findings(findings: "tuple[Finding, ...]") -> None:
    for each in findings:
        place = "" if each.line is None else f"line {each.line}: "
        people = f" ({each.people})" if each.people else ""
        say(f"{each.severity}: {place}{each.message}{people} {each.remedy}")


def _fail(line: int | None, reason: str, remedy: str) -> NoReturn:
    complain(reason if line is None else f"line {line}: {reason}", remedy=remedy)
    raise typer.Exit(WRONG_INPUT)
