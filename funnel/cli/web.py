"""``funnel web``: the pages and the webhook."""

from typing import Annotated

import typer


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
