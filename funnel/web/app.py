"""The pages and the hooks as one ASGI application, with what stands before all of them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.middleware import Middleware
from starlette.responses import Response

from funnel.bootstrap import Deps, build
from funnel.services.edit_brand import list_link_domains
from funnel.web import errors, guards, health, look, request_log
from funnel.web.api import access, calendars
from funnel.web.demo import bar, inbox, rooms
from funnel.web.demo import calendar as demo_calendar
from funnel.web.hooks import delivery, facts, signup
from funnel.web.hosts import BrandHosts, KnownHosts
from funnel.web.languages import SpeaksLanguage
from funnel.web.public import (
    calendar,
    confirm,
    images,
    join,
    landing,
    link,
    preferences,
    replay,
    schemas,
    tested,
    unsubscribe,
)
from funnel.web.site import Site, TheSite
from funnel.web.studio import (
    account,
    audit,
    brands,
    date,
    date_announce,
    date_move,
    date_report,
    date_seats,
    date_warm,
    dates,
    dates_new,
    dates_series,
    do_not_email,
    going_live,
    people,
    people_import,
    person,
    person_acts,
    person_data,
    person_emails,
    results,
    sending,
    sequence,
    sequence_affected,
    sequence_copy,
    sequence_draft,
    sequence_files,
    sequence_rehearsal,
    sequence_settings,
    sequence_steps,
    sequence_versions,
    sequences,
    settings,
    template_editor,
    template_images,
    template_preview,
    template_publish,
    template_readers,
    template_tests,
    template_versions,
    templates,
    tokens,
    users,
    way_in,
    welcome,
)
from funnel.web.studio import forms as studio_forms
from funnel.web.studio import landing as studio_landing

# One-click posts come from mail services, webhooks from other systems: neither is a browser. Forms
# of other sites only fill in our page.
_POSTED_BY_OTHERS = ("/webhooks/", "/u/", "/form/")
_UPLOADS = {
    "/studio/images": guards.MOST_UPLOAD_BYTES,
    "/studio/brand-logo": guards.MOST_UPLOAD_BYTES,
    "/studio/people/import": guards.MOST_TABLE_BYTES,
}


def create_app(deps: Deps | None = None) -> FastAPI:
    """Return the application.

    Args:
        deps: Given by tests; otherwise made from the settings, and closed at the end.
    """
    own = deps is None
    deps = deps or build(role="web")

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        if own:
            deps.close()

    app = FastAPI(
        title="Masterclass Funnel",
        lifespan=lifespan,
        middleware=_guards(deps),
        redirect_slashes=False,  # a redirect would break the one click of RFC 8058
        docs_url=None,  # its page loads scripts from elsewhere
        redoc_url=None,
        openapi_url=None,
    )
    app.state.deps = deps
    app.state.site = Site(deps, bar_of=bar.bar_of)
    errors.add_error_answers(app)
    app.add_exception_handler(access.RefusedError, access.answer_refused)
    _add_routes(app, is_demo=deps.settings.is_demo)
    return app


def _guards(deps: Deps) -> list[Middleware]:
    is_https = deps.settings.base_url.startswith("https://")
    return [
        Middleware(request_log.RequestLog),
        Middleware(guards.SafeHeaders, is_https=is_https),
        *([Middleware(guards.OnlyThisMachine)] if deps.settings.is_demo else []),
        Middleware(
            KnownHosts,
            own=deps.allowed_hosts,
            brands=BrandHosts(lambda: list_link_domains(deps.transactions)),
        ),
        Middleware(guards.OwnOrigin, except_for=_POSTED_BY_OTHERS),
        Middleware(guards.HeadAsGet),
        Middleware(SpeaksLanguage, below="/studio"),
        Middleware(errors.CatchAll),
        # Innermost: what it refuses is its answer, and no failure of ours.
        Middleware(guards.BodyLimit, uploads=_UPLOADS),
    ]


def _add_routes(app: FastAPI, *, is_demo: bool) -> None:
    for module in (health, look, signup, landing, confirm, preferences, unsubscribe, join, replay):
        app.include_router(module.router)
    app.include_router(facts.router)
    app.include_router(delivery.router)
    app.include_router(calendar.router)
    app.include_router(calendars.router)
    app.include_router(link.router)
    app.include_router(schemas.router)
    app.include_router(tested.router)
    app.include_router(images.router)
    for studio_module in (
        sequence,
        sequence_affected,
        sequence_copy,
        sequence_draft,
        sequence_files,
        sequence_rehearsal,
        sequence_settings,
        sequence_steps,
        sequence_versions,
        sequences,
        dates,
        # Before the date itself, whose address takes whatever stands there.
        dates_new,
        dates_series,
        date,
        date_move,
        date_seats,
        date_report,
        date_warm,
        date_announce,
        people,
        do_not_email,
        people_import,  # before the page of one person, whose address would take its
        person,
        person_acts,
        person_emails,
        person_data,
        results,
        account,
        users,
        way_in,
        welcome,
        settings,
        sending,
        brands,
        studio_landing,
        studio_forms,
        going_live,
        tokens,
        audit,
        templates,
        template_readers,
        template_editor,
        template_images,
        template_preview,
        template_publish,
        template_versions,
        template_tests,
    ):
        app.include_router(studio_module.router)
    app.add_api_route("/static/{version}/{name}", _show_asset)
    if is_demo:
        # Before the bar, whose buttons take what is left below /demo/.
        for demo_module in (demo_calendar, bar, inbox, rooms):
            app.include_router(demo_module.router)


async def _show_asset(version: str, name: str, site: TheSite) -> Response:
    return site.assets.answer(version, name)
