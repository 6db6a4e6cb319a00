"""Celery beat with its schedule in memory; two running by mistake do no harm.

It only says "now" four times a second; what is due is decided by rows. ``python -m scheduler
check`` says by its exit code whether its ticks arrive.
"""

import sys

from funnel.bootstrap import build
from funnel.tasks.app import configure
from funnel.tasks.stopping import end_when_asked


def main(arguments: list[str]) -> int:
    """Run until SIGTERM, or check whether one runs."""
    if arguments == ["check"]:
        from funnel.tasks.liveness import makes_progress

        return 0 if makes_progress("scheduler", on_this_host=False) else 1
    settings = build(role="scheduler").settings
    end_when_asked()
    app = configure(settings.broker_url, is_demo=settings.is_demo)
    app.Beat(scheduler_cls="scheduler.plain:PlainScheduler", loglevel="WARNING", quiet=True).run()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
