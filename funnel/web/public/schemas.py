"""``/schemas/sequence.json``: what a sequence file may say, for editors that help while writing."""

from fastapi import APIRouter
from starlette.responses import JSONResponse

from funnel.domain.sequence_schema import sequence_schema
from funnel.web.site import TheSite

router = APIRouter()
PATH = "/schemas/sequence.json"


@router.get(PATH)
async def show_sequence_schema(site: TheSite) -> JSONResponse:
    """Return the JSON Schema; it says nothing of this installation but its address."""
    address = f"{site.deps.settings.base_url.rstrip('/')}{PATH}"
    return JSONResponse(sequence_schema(address), media_type="application/schema+json")
