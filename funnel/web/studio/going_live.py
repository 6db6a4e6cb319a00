"""``/studio/going-live``: the checklist before real people are written to."""

from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from fastapi import APIRouter, Request
from starlette.responses import Response

from funnel.domain.access import Permission
from funnel.domain.brand import Brand
from funnel.domain.domain_records import (
    domain_of,
    is_selector,
    judge_records,
    records_to_copy,
)
from funnel.domain.errors import InvalidInputError, NotFoundError
from funnel.domain.readers import MadeUp, MadeUpReader
from funnel.domain.readiness import Check, CheckState
from funnel.domain.speech import mark, say
from funnel.sending.domain_lookup import look_up_domain
from funnel.services.check_installation import check_installation
from funnel.services.edit_brand import list_brands
from funnel.services.list_sequences import list_sequences
from funnel.services.read_templates import list_templates
from funnel.services.send_test import list_tests, send_test
from funnel.web.auth import EditorForm, Me, Reader
from funnel.web.forms import Posted, PostedForm
from funnel.web.site import Site, TheSite
from funnel.web.studio.faults import NONE, Fault, fault_of
from funnel.web.studio.shell import done, studio_page
from funnel.web.studio.templates import TEST_STATES

_PATH = "/studio/going-live"
_LATEST: Final = 5
_NO_SERVER: Final = ""
# Where a provider's own servers are, which hand on what its API takes: for the records to copy.
_HOSTS_OF_APIS: Final = {"postmark": "smtp.postmarkapp.com", "ses": "amazonaws.com"}
WORDS: Final = {
    CheckState.RIGHT: mark("right"),
    CheckState.LOOK: mark("worth a look"),
    CheckState.WRONG: mark("to put right"),
}

router = APIRouter()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Looked:
    """What was looked at, when somebody asked; nothing before that."""

    checks: tuple[Check, ...] = ()
    by_brand: dict[str, tuple[Check, ...]] = field(default_factory=dict)
    selectors: dict[str, str] = field(default_factory=dict)
    fault: Fault = NONE
    said: str = ""


@router.get("/studio/going-live")
def show_checklist(request: Request, me: Reader, site: TheSite) -> Response:
    """Show what to do; nothing is looked up yet."""
    is_sent = request.query_params.get("done") == "sent"
    said = say("It is on its way. How it fares stands below.") if is_sent else ""
    return _page(request, site, me, _Looked(said=said))


@router.post("/studio/going-live")
def look(request: Request, me: EditorForm, posted: Posted, site: TheSite) -> Response:
    """Look at the installation, and at the DNS of every sender."""
    checks = tuple(check_installation(site.deps.installation))
    by_brand, selectors, fault = {}, {}, NONE
    for brand in list_brands(site.deps.transactions):
        selector = posted.get(f"selector-{brand.slug}").strip().lower()
        selectors[brand.slug] = selector
        if selector and not is_selector(selector):
            fault = Fault(
                text=say("“{value}” cannot be the name of a DKIM key.", value=selector),
                field=f"selector-{brand.slug}",
            )
            continue
        by_brand[brand.slug] = _looked_up(brand, selector, site)
    looked = _Looked(checks=checks, by_brand=by_brand, selectors=selectors, fault=fault)
    return _page(request, site, me, looked)


@router.post("/studio/going-live/send")
def send_one(request: Request, me: EditorForm, posted: Posted, site: TheSite) -> Response:
    """Send a real email by the real way, to who asks."""
    to = posted.get("to").strip() or me.user.email
    try:
        send_test(
            _first_email(posted, site),
            MadeUpReader(kind=MadeUp.USUAL),
            to=to,
            by=me.user.email,
            transactions=site.deps.transactions,
            previewing=site.deps.previewing,
        )
    except InvalidInputError as error:
        return _page(request, site, me, _Looked(fault=fault_of(error)))
    return done(_PATH, "sent")


def _first_email(posted: PostedForm, site: Site) -> str:
    wanted = posted.get("sequence")
    for group in list_templates(site.deps.transactions):
        if group.slug == wanted and group.lines:
            return group.lines[0].key
    raise NotFoundError(f"no sequence “{wanted}” has an email")


def _looked_up(brand: Brand, selector: str, site: Site) -> tuple[Check, ...]:
    found = look_up_domain(domain_of(brand), selector=selector, link_domain=brand.link_domain)
    return judge_records(brand, found, selector=selector, smtp_host=_smtp_host(site))


def _smtp_host(site: Site) -> str:
    settings = site.deps.settings
    if settings.mailer == "smtp":
        return settings.smtp_host
    return _HOSTS_OF_APIS.get(settings.mailer, _NO_SERVER)


def _keys(site: Site) -> dict[str, str]:
    """Return the records of the keys that sign here; one that cannot be read is the doctor's."""
    try:
        return {each.record_name: each.record for each in site.deps.dkim_keys}
    except InvalidInputError:
        return {}


def _own_selector(brand: Brand, site: Site) -> str:
    """Return the newest key of ours that signs for a brand; empty: its provider's is asked for."""
    ending = f"._domainkey.{domain_of(brand)}"
    own = [name.removesuffix(ending) for name in _keys(site) if name.endswith(ending)]
    return own[-1] if own else ""


def _page(request: Request, site: Site, me: Me, looked: _Looked) -> Response:
    transactions = site.deps.transactions
    own_host = urlsplit(site.deps.settings.base_url).hostname or ""
    wrong = [each for each in looked.checks if each.state is CheckState.WRONG]
    wrong += [
        each
        for checks in looked.by_brand.values()
        for each in checks
        if each.state is CheckState.WRONG
    ]
    return studio_page(
        site,
        request,
        "going_live.html",
        me=me,
        place="Settings",
        status=looked.fault.status,
        looked=looked,
        fault=looked.fault,
        said=looked.said,
        brands=[
            {
                "brand": brand,
                "domain": domain_of(brand),
                "records": records_to_copy(
                    brand, smtp_host=_smtp_host(site), own_host=own_host, keys=_keys(site)
                ),
                "checks": looked.by_brand.get(brand.slug, ()),
                "selector": looked.selectors.get(brand.slug, _own_selector(brand, site)),
            }
            for brand in list_brands(transactions)
        ],
        words=WORDS,
        wrong=len(wrong),
        way=_way(site),
        sequences=list_sequences(transactions).lines,
        tests=list_tests(transactions, limit=_LATEST),
        states=TEST_STATES,
        may_edit=me.user.may(Permission.EDIT),
    )


def _way(site: Site) -> str:
    settings = site.deps.settings
    if settings.mailer == "mailbox":
        return say("Emails are kept on this machine; nobody receives them.")
    if settings.mailer == "postmark":
        return say("Emails leave by Postmark.")
    if settings.mailer == "ses":
        return say("Emails leave by Amazon SES, region {region}.", region=settings.ses_region)
    return say(
        "Emails leave by {host}, port {port}.", host=settings.smtp_host, port=settings.smtp_port
    )
