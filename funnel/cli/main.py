"""The command ``funnel``: each group of commands in a file of its own.

What a command needs is imported inside it, so that ``funnel --help`` and every start stay fast.
"""

import typer

from funnel.cli import (
    announcements,
    audit,
    budget,
    database,
    demo,
    doctor,
    email_tests,
    fact_sources,
    facts,
    launches,
    ops,
    people,
    people_acts,
    people_import,
    providers,
    publishing,
    rehearse,
    results,
    sending,
    sequences,
    series,
    session_dates,
    sessions,
    sources,
    status,
    templates,
    tokens,
    users,
    versions,
    web,
)
from funnel.cli.errors import SpokenErrors

app = typer.Typer(
    name="funnel",
    cls=SpokenErrors,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # it would print local variables, secrets among them
    help="A self-hosted masterclass email funnel.",
)
app.command("demo")(demo.demo)
app.command("web")(web.web)
app.command("rehearse")(rehearse.rehearse)
app.command("test")(rehearse.check)
app.command("status")(status.status)
app.command("doctor")(doctor.doctor)
app.command("calendar")(people.calendar)
app.command("explain")(people.explain)
app.command("audit")(audit.audit)
sequences.app.command("show")(versions.show_version)
sequences.app.command("export")(versions.export)
sequences.app.command("draft")(versions.draft)
sequences.app.command("diff")(versions.diff)
sequences.app.command("impact")(publishing.impact)
sequences.app.command("publish")(publishing.publish)
sequences.app.command("rollback")(publishing.rollback)
sequences.app.command("discard")(versions.discard)
sequences.app.command("versions")(versions.versions)
sequences.app.command("copy")(launches.copy)
sequences.app.command("schema")(launches.schema)
app.add_typer(sequences.app, name="sequence")
sessions.app.command("move")(session_dates.move)
sessions.app.command("cancel")(session_dates.cancel)
app.add_typer(sessions.app, name="session")
app.command("announce")(announcements.announce)
app.command("test-email")(email_tests.email_test)
app.add_typer(announcements.app, name="announcement")
app.add_typer(series.app, name="series")
app.add_typer(templates.app, name="template")
app.add_typer(results.app, name="results")
app.add_typer(sources.app, name="source")
app.add_typer(providers.app, name="provider")
app.add_typer(budget.app, name="budget")
people_acts.add_to(people_import.app)
app.add_typer(people_import.app, name="people")
app.add_typer(users.app, name="user")
app.add_typer(tokens.app, name="token")
app.add_typer(fact_sources.app, name="fact-source")
app.add_typer(facts.app, name="facts")
app.add_typer(sending.pause_app, name="pause")
app.add_typer(sending.resume_app, name="resume")
app.add_typer(ops.app, name="ops")
app.add_typer(database.app, name="db")
