"""The usual way to send emails with Celery: one task, one connection, one EmailMessage per email.

As a tutorial writes it, and faster than most: the page is a Jinja template that was compiled
beforehand, the context is in memory, nothing is recorded. Letters as long as ours.
"""

import os
import smtplib
import subprocess
import sys
import time
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from pathlib import Path

import jinja2
import redis
from celery import Celery

app = Celery("usual", broker=os.environ.get("USUAL_BROKER", ""))
app.conf.update(task_ignore_result=True, worker_prefetch_multiplier=16, broker_transport_options={})

_DONE = "usual:done"
_QUEUE = "usual"
_SAID: dict[str, jinja2.Template] = {}


@app.task(name="usual.send", queue=_QUEUE)
def send(number: int) -> None:
    """Render, put together, connect, send."""
    text, html = _template("text"), _template("html")
    values = {"first_name": "Ana", "number": number}
    email = EmailMessage()
    email["From"] = "Ana Brandt <ana@example.com>"
    email["To"] = f"p{number}@example.org"
    email["Subject"] = "The tables have turned"
    email["Date"] = format_datetime(datetime.now(UTC))
    email["Message-ID"] = make_msgid(domain="example.com")
    email["List-Unsubscribe"] = f"<https://example.com/u/{number}>"
    email.set_content(text.render(values))
    email.add_alternative(html.render(values), subtype="html")
    with smtplib.SMTP("127.0.0.1", int(os.environ["USUAL_PORT"])) as server:
        server.send_message(email)
    _broker().incr(_DONE)


def _template(part: str) -> jinja2.Template:
    if part not in _SAID:
        source = Path(os.environ["USUAL_FOLDER"], part).read_text()
        plain = part == "text"
        environment = jinja2.Environment(autoescape=not plain)  # noqa: S701  (a plain text)
        _SAID[part] = environment.from_string(source)
    return _SAID[part]


_BROKERS: list["redis.Redis"] = []


def _broker() -> "redis.Redis":
    if not _BROKERS:
        _BROKERS.append(redis.Redis.from_url(os.environ["USUAL_BROKER"]))
    return _BROKERS[0]


def measure(  # two texts, two places
    *, broker_url: str, port: int, folder: Path, text: str, html: str, messages: int
) -> float:
    """Send so many with two processes; return messages a second, all of them sent."""
    (folder / "text").write_text(text)
    (folder / "html").write_text(html)
    settings = {"USUAL_BROKER": broker_url, "USUAL_PORT": str(port), "USUAL_FOLDER": str(folder)}
    os.environ.update(settings)
    app.conf.update(broker_url=broker_url)
    done = redis.Redis.from_url(broker_url)
    done.delete(_DONE)
    options = ["--concurrency=2", "--loglevel=ERROR", "-Q", _QUEUE, "--without-gossip"]
    command = [sys.executable, "-m", "celery", "-A", "tests.bench.usual_way", "worker", *options]
    worker = subprocess.Popen(command, stdout=subprocess.DEVNULL)  # noqa: S603  (our own words)
    try:
        send.delay(0)
        _wait(done, 1)
        for number in range(messages):
            send.delay(number)
        # Timed are the last three quarters: who publishes needs a processor as well.
        quarter, began = _wait(done, messages // 4 + 1)
        total, ended = _wait(done, messages + 1)
        return (total - quarter) / (ended - began)
    finally:
        worker.terminate()
        worker.wait()


def _wait(broker: "redis.Redis", wanted: int) -> tuple[int, float]:
    while True:
        found = int(broker.get(_DONE) or 0)
        if found >= wanted:
            return found, time.monotonic()
        time.sleep(0.01)
