"""Where the links of a test email lead: whoever reads one is not the person as whom it was made."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from funnel.web.site import TheSite

router = APIRouter()


@router.get("/test-link")
def show_tested(request: Request, site: TheSite) -> Response:
    """Say what the link would have done; it does nothing."""
    return site.page(
        request,
        "error.html",
        brand=site.brand_of(None),
        title="This link works: it came from a test",
        text="The email was a test, so its links act for nobody. In the email that a person gets, "
        "this one opens their own page.",
    )
