"""``funnel web``: the pages and the webhook."""

from typing import TYPE_CHECKING, Annotated

import typer

from funnel.cli.console import complain, say

if TYPE_CHECKING:
    from funnel.bootstrap import Deps


def web(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 8000,
    processes: Annotated[
        int, typer.Option(min=1, max=32, help="Processes that answer; one for each busy core.")
    ] = 1,
) -> None:
    """Serve the pages and the webhook until stopped."""
    import uvicorn

    from funnel.cli.opening import opened

    with opened(may_be_demo=False) as deps:
        proxies = ",".join(deps.settings.trusted_proxies)
        _offer_first_admin(deps)
    uvicorn.run(
        "funnel.web.app:create_app",
        factory=True,
        host=host,
        port=port,
        workers=processes,
        # Addresses of clients come from headers only behind proxies that a setting names.
        proxy_headers=bool(proxies),
        forwarded_allow_ips=proxies or None,
        access_log=False,  # query strings and tokens do not belong into a log
        server_header=False,
        log_level="warning",
        timeout_graceful_shutdown=10,
    )


def _offer_first_admin(deps: "Deps") -> None:
    """Print the link that makes the first admin, while nobody has an account.

    Not in the demo, which brings a log-in of its own. Whatever stands in the way is said and keeps
    nothing from starting.
    """
    from funnel.cli.users import welcome_address
    from funnel.services.use_one_time_link import offer_first_admin
    from funnel.storage import migrate
    from funnel.storage.errors import DATABASE_IS_AWAY

    if deps.settings.is_demo or not deps.settings.database_url:
        return
    try:
        if not migrate.is_current(deps.settings.database_url):
            complain("the schema is older than the code", remedy="Run `funnel db upgrade`.")
            return
        token = offer_first_admin(deps.transactions)
    except DATABASE_IS_AWAY:
        complain(
            "the database does not answer, so it is not known whether anybody can log in",
            remedy="`funnel user add EMAIL --role admin` makes the first admin at any time.",
        )
        return
    if token is not None:
        say("Nobody can log in yet. Whoever opens this link, once, within 24 hours, is the admin:")
        say(welcome_address(deps, token))
