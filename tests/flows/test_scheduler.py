"""The scheduler sleeps until something is due."""

from datetime import timedelta

from celery import Celery

from scheduler.plain import PlainScheduler


def test_shortly_before_a_tick_it_sleeps_and_does_not_ask_again_at_once() -> None:
    app = Celery("a schedule", broker="memory://", set_as_current=False)
    app.conf.beat_schedule = {"soon": {"task": "soon", "schedule": 0.25}}
    scheduler = PlainScheduler(app=app)
    entry = scheduler.schedule["soon"]
    entry.last_run_at = entry.default_now() - timedelta(seconds=0.245)
    assert 0 < scheduler.tick() <= 0.005
