"""What every page works with: the dependencies, the templates, and the host it speaks for."""

from collections.abc import Callable
from datetime import timedelta
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Annotated, cast
from uuid import UUID

from fastapi import Depends, Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

from funnel.bootstrap import SHIPPED_DEFINITIONS, Deps
from funnel.domain.brand import Brand
from funnel.domain.errors import NotFoundError, SignatureError
from funnel.domain.signing import LinkPurpose
from funnel.domain.signup import LANDING_SOURCE
from funnel.domain.speech import spoken
from funnel.domain.zones import listed_zone
from funnel.rendering.landing import LandingFile, LandingSource, landing_from_json
from funnel.services.read_offer import Offer, read_offer
from funnel.web import zones
from funnel.web.assets import Assets
from funnel.web.guards import page_policy
from funnel.web.limits import SlidingWindow

_STATIC_FOLDER = Path(__file__).parent / "static"


@lru_cache(maxsize=64)
def _read_landing(kept: str) -> LandingSource:
    return landing_from_json(kept)


class FormLimits:
    """How often our forms may be sent; apart from the webhooks' own."""

    def __init__(self) -> None:
        self.by_visitor = SlidingWindow(timedelta(hours=1))
        self.by_source = SlidingWindow(timedelta(minutes=1))


class Site:
    """One per process; made with the application."""

    def __init__(self, deps: Deps, *, bar_of: "BarOf") -> None:
        """Take the dependencies, and what makes the demo's bar."""
        self.deps = deps
        self._bar_of = bar_of
        self.form_limits = FormLimits()
        self.assets = Assets(_STATIC_FOLDER)
        self._last_brand: Brand | None = None

    @property
    def is_demo(self) -> bool:
        """Whether the bar, the inbox and the clock that skips are there."""
        return self.deps.settings.is_demo

    @cached_property
    def landing_file(self) -> LandingFile:
        """The texts of the landing page: the host's own file if there is one, or ours."""
        own = self.deps.definitions_folder / "web" / "landing.md"
        return LandingFile(own if own.is_file() else SHIPPED_DEFINITIONS / "web" / "landing.md")

    def landing_source(self, offer: Offer) -> LandingSource:
        """Return the texts of a sequence's landing page: its own, or else the file's."""
        if offer.landing is None:
            return self.landing_file.source()
        return _read_landing(offer.landing)

    @cached_property
    def _templates(self) -> Environment:
        environment = Environment(
            loader=FileSystemLoader(SHIPPED_DEFINITIONS / "web"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            extensions=["jinja2.ext.i18n"],
        )
        # Asked for each text when it is printed: one compiled page serves every language.
        environment.install_gettext_callables(  # type: ignore[attr-defined]  # the extension's own
            lambda words: spoken().gettext(words),
            lambda one, many, count: spoken().ngettext(one, many, count),
            newstyle=True,
        )
        environment.globals.update(
            static=self.assets.address,
            has_static=self.assets.has,
            is_demo=self.is_demo,
            zone_regions=zones.zone_regions,
            listed_zone=listed_zone,
        )
        return environment

    def offer(self, sequence_id: UUID) -> Offer:
        """Return who holds a sequence's masterclass, and the dates ahead."""
        offer = read_offer(sequence_id, self.deps.transactions)
        self._last_brand = offer.brand
        return offer

    def target(self, token: str, *purposes: LinkPurpose) -> tuple[LinkPurpose, UUID]:
        """Return what a link's token opens.

        Raises:
            NotFoundError: Not one of ours, or for another page.
        """
        try:
            return self.deps.tokens.read(token, purposes=purposes)
        except SignatureError as error:
            raise NotFoundError("not a link of ours") from error

    def counted_target(self, token: str, purpose: LinkPurpose) -> tuple[int, UUID]:
        """Return the number of the link and the run that a counted link's token names.

        Raises:
            NotFoundError: Not one of ours, or for another page.
        """
        try:
            return self.deps.tokens.read_counted(token, purpose=purpose)
        except SignatureError as error:
            raise NotFoundError("not a link of ours") from error

    def brand_of(self, sequence_id: UUID | None) -> Brand | None:
        """Return who speaks on a page about a sequence; without one, the landing page's host."""
        if sequence_id is None:
            source = self.deps.sources.find(LANDING_SOURCE)
            sequence_id = source.sequence_id if source is not None else None
        return None if sequence_id is None else self.offer(sequence_id).brand

    def page(
        self,
        request: Request,
        name: str,
        *,
        brand: Brand | None,
        status: int = 200,
        **values: object,
    ) -> HTMLResponse:
        """Return a page in the voice of ``brand``; without one it is signed by nobody.

        In a frame (``is_framed`` among the values) it goes without the demo's bar: the page around
        it has one.
        """
        # What broke may break the bar as well: a page about that goes without.
        bar = (
            self._bar_of(self, request) if status < 500 and not values.get("is_framed") else None
        )  # HTTP's line
        html = self._templates.get_template(name).render(
            brand=brand, bar=bar, language=spoken().language, **values
        )
        headers = {}
        if brand is not None:
            after_forms = (brand.thank_you_url, brand.confirmed_url)
            headers["content-security-policy"] = page_policy([brand.logo_url], after_forms)
        return HTMLResponse(html, status_code=status, headers=headers)

    def part(self, name: str, **values: object) -> HTMLResponse:
        """Return a piece of a page, for a script that puts it in its place; without the bar."""
        return HTMLResponse(self._templates.get_template(name).render(**values))

    def brand_seen_last(self) -> Brand | None:
        """Return the brand of the latest page: an error page asks no database."""
        return self._last_brand


def site_of(request: Request) -> Site:
    """Return the application's site."""
    return cast(Site, request.app.state.site)


TheSite = Annotated[Site, Depends(site_of)]
BarOf = Callable[[Site, Request], object | None]
