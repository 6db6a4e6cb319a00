"""A Celery worker for the queues named on its command line; nothing else.

``python -m workers deliver`` sends; ``python -m workers dispatch,notices,maintenance`` does the
rest, in a process of its own: in one worker with both, a confirmation waited 8 s behind two busy
batches. ``python -m workers check deliver`` says by its exit code whether that worker progresses.
"""

import argparse
import sys

from funnel.bootstrap import build
from funnel.tasks.app import QUEUES, configure
from funnel.tasks.process import set_role
from funnel.tasks.stopping import end_when_asked

_DEFAULT_CONCURRENCY = {"deliver": 2}
# Two may be busy with a move of many people; a tick and a batch of notices still wait for nobody.
_OTHERWISE = 4


def main(arguments: list[str]) -> int:
    """Run until SIGTERM, or check one that runs."""
    options = _parse(arguments)
    role = str(options.queues[-1])
    unknown = set(role.split(",")) - set(QUEUES)
    if unknown:
        sys.stderr.write(f"No such queue: {', '.join(sorted(unknown))}. Known: {QUEUES}.\n")
        return 2
    if options.queues[0] == "check":
        from funnel.tasks.liveness import makes_progress

        return 0 if makes_progress(role, on_this_host=True) else 1
    _work(role, options.concurrency or _DEFAULT_CONCURRENCY.get(role, _OTHERWISE))
    return 0


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m workers")
    parser.add_argument("queues", nargs="+", help="queues, separated by commas; or: check QUEUES")
    parser.add_argument("--concurrency", type=int, help="processes that work at once")
    return parser.parse_args(arguments)


def _work(role: str, concurrency: int) -> None:
    settings = build(role=role).settings
    set_role(role)
    end_when_asked()
    app = configure(settings.broker_url, is_demo=settings.is_demo)
    app.worker_main(
        [
            "worker",
            f"--queues={role}",
            f"--concurrency={concurrency}",
            "--loglevel=WARNING",
            # Nobody here asks other workers anything; each of these costs seconds at the start.
            "--without-gossip",
            "--without-mingle",
            "--without-heartbeat",
        ]
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
