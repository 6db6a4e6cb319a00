"""The body of a webhook, read to its end whatever its size."""

from typing import Final

from starlette.requests import Request

MOST_DRAINED: Final = 8 * 1024 * 1024  # bytes read, and thrown away, of what is too large


async def read_body(request: Request, most: int) -> bytes | None:
    """Return the body, ``None`` where it has more than ``most`` bytes.

    Read to its end even then, without keeping it: a sender that is cut off in the middle sees a
    broken connection, no answer. What does not end within 8 MB is cut off by the route's limit.
    """
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size <= most:
            chunks.append(chunk)
        else:
            chunks.clear()
    return b"".join(chunks) if size <= most else None
