"""Whether the process lives, and whether it can serve."""

from fastapi import APIRouter

from funnel.web.site import TheSite

router = APIRouter()


@router.get("/healthz")
async def tell_alive() -> dict[str, str]:
    """Answer that the process lives; asks nobody, so that a slow database restarts nothing."""
    return {"status": "alive"}


@router.get("/readyz")
def tell_ready(site: TheSite) -> dict[str, str]:
    """Answer once the database has; a database that does not is a 500 like any other failure."""
    site.deps.real_clock.asked_anew()
    return {"status": "ready"}
