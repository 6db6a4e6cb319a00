"""A load generator that costs little: one process, kept connections, requests made beforehand.

``python tests/bench/load.py PORT FILE`` reads requests (a JSON list of strings) and their rate,
sends each at its moment whether earlier ones were answered or not, and prints what came back.
"""

import asyncio
import json
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(slots=True)
class Answers:
    """What came back: how often each status, and after how many seconds since its moment."""

    statuses: dict[str, int] = field(default_factory=dict)
    seconds: list[float] = field(default_factory=list)


class Connection(asyncio.Protocol):
    """One kept connection: a request, then its answer."""

    def __init__(self) -> None:
        self._buffer = b""
        self._answered: asyncio.Future[str] | None = None
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, found, body = self._buffer.partition(b"\r\n\r\n")
        if not found:
            return
        length = next(
            int(line.split(b":")[1])
            for line in head.split(b"\r\n")
            if line.lower().startswith(b"content-length:")
        )
        if len(body) >= length and self._answered is not None:
            self._buffer = b""
            self._settle(head.split(b" ", 2)[1].decode())

    def connection_lost(self, error: Exception | None) -> None:
        self._settle("lost")

    async def ask(self, request: bytes) -> str:
        assert self._transport is not None
        self._answered = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._answered

    def _settle(self, status: str) -> None:
        if self._answered is not None and not self._answered.done():
            self._answered.set_result(status)


async def send_all(port: int, requests: list[bytes], per_second: float) -> Answers:
    """Send each request at its moment; wait for a free connection only where all are taken."""
    loop = asyncio.get_running_loop()
    free: asyncio.Queue[Connection] = asyncio.Queue()
    for _ in range(32):
        _, connection = await loop.create_connection(Connection, "127.0.0.1", port)
        free.put_nowait(connection)
    answers = Answers()
    begun = time.perf_counter()

    async def send(request: bytes, moment: float) -> None:
        connection = await free.get()
        status = await connection.ask(request)
        answers.seconds.append(time.perf_counter() - begun - moment)
        answers.statuses[status] = answers.statuses.get(status, 0) + 1
        free.put_nowait(connection)

    tasks = []
    for index, request in enumerate(requests):
        moment = index / per_second
        ahead = moment - (time.perf_counter() - begun)
        if ahead > 0:
            await asyncio.sleep(ahead)
        tasks.append(asyncio.create_task(send(request, moment)))
    await asyncio.gather(*tasks)
    return answers


def main() -> None:
    plan = json.loads(Path(sys.argv[2]).read_text())
    requests = [each.encode() for each in plan["requests"]]
    answers = asyncio.run(send_all(int(sys.argv[1]), requests, plan["per_second"]))
    print(json.dumps({"statuses": answers.statuses, "seconds": answers.seconds}))  # noqa: T201


if __name__ == "__main__":
    main()
