"""What the broker holds right now: asked by people, never by the hot path.

The broker only carries work that is due; the database knows better. Both are shown beside each
other, so that a difference is seen and can be explained.
"""

import base64
import json
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

import redis

from funnel.domain.status import Broker, Queue

KEY_PREFIX = "funnel:"  # Celery's global_keyprefix
_UNACKED = f"{KEY_PREFIX}unacked"
# The transport keeps a queue as one list for each priority; letters have one of their own.
_PRIORITY_SUFFIXES = ("", "\x06\x165")
_PROBE = f"{KEY_PREFIX}takes-writes"
_PROBE_LASTS_SECONDS = 60
_READ_AT_MOST = 2_000  # bodies to look into; the dispatcher's caps keep queues far below that
_TIMEOUT_SECONDS = 3.0


def read_broker(url: str, queues: Iterable[str]) -> Broker:
    """Return how many tasks wait or are taken, and how many emails they carry.

    Never raises: a broker that cannot be asked is an answer too, and so is one that takes no
    writes because its memory or its disk is full.

    Args:
        url: As in the settings, ``redis://…``.
        queues: Names of the queues, without prefix.
    """
    try:
        with _client(url) as client:
            waiting = tuple(_queue(client, name) for name in queues)
            taken = client.hvals(_UNACKED)
            refusal = _why_no_writes(client)
    except (redis.RedisError, ValueError) as error:
        return Broker(error=_plainly(error))
    return Broker(
        error=refusal,
        queues=waiting,
        in_hands=len(taken),
        in_hands_emails=sum(_emails_in(_delivered(each)) for each in taken[:_READ_AT_MOST]),
    )


def why_unreachable(url: str) -> str:
    """Return why the broker cannot be written to, empty where it can."""
    try:
        with _client(url) as client:
            if refusal := _why_no_writes(client):
                return refusal
            policy = client.config_get("maxmemory-policy").get("maxmemory-policy", "noeviction")
    except redis.ResponseError:
        return ""  # hosted servers forbid CONFIG; a write was taken
    except (redis.RedisError, ValueError) as error:
        return _plainly(error)
    if policy != "noeviction":
        return f"its maxmemory-policy is {policy}: it may throw queues away; set noeviction"
    return ""


def _client(url: str) -> "redis.Redis":
    return redis.Redis.from_url(
        url, socket_timeout=_TIMEOUT_SECONDS, socket_connect_timeout=_TIMEOUT_SECONDS
    )


def _why_no_writes(client: "redis.Redis") -> str:
    """Return with what words it refuses a write: memory full, disk full, a replica."""
    try:
        client.set(_PROBE, "", ex=_PROBE_LASTS_SECONDS)
    except redis.ResponseError as error:
        return f"it takes no writes: {_plainly(error)}"
    return ""


def _queue(client: "redis.Redis", name: str) -> Queue:
    keys = [f"{KEY_PREFIX}{name}{suffix}" for suffix in _PRIORITY_SUFFIXES]
    bodies = [each for key in keys for each in client.lrange(key, 0, _READ_AT_MOST - 1)]
    return Queue(
        name=name,
        tasks=sum(client.llen(key) for key in keys),
        emails=sum(_emails_in(each) for each in bodies),
    )


def _delivered(entry: bytes | str) -> bytes:
    """Return the message inside an entry of ``unacked``: [message, exchange, routing key]."""
    try:
        return json.dumps(json.loads(entry)[0]).encode()
    except (ValueError, LookupError, TypeError):
        return b""


def _emails_in(envelope: bytes | str) -> int:
    """Return how many ids a task carries: its first argument, where that is a list."""
    try:
        arguments: list[Any] = json.loads(base64.b64decode(json.loads(envelope)["body"]))[0]
    except (ValueError, LookupError, TypeError):
        return 0  # not one of ours, or of another version of Celery: it still counts as a task
    return len(arguments[0]) if arguments and isinstance(arguments[0], list) else 0


def _plainly(error: Exception) -> str:
    text = str(error).rstrip(".")
    return text or type(error).__name__


def shown_url(url: str) -> str:
    """Return a broker's URL without its password, for people."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname or ''}:{parts.port or 6379}{parts.path}"
