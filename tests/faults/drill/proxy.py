"""A small proxy between a process and a server: it resets, holds back, cuts and slows down.

TCP or a Unix socket on either side: PostgreSQL of the drill has no TCP port.
"""

import asyncio
import random
import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults.drill.loop import Loop

_PIECE = 65536
Place = tuple[str, int] | Path


@dataclass(slots=True)
class Trouble:
    """What happens to what passes; nothing, as made.

    Attributes:
        is_black_hole: What comes from now on is swallowed in both directions, new connections too:
            they open, and nothing ever answers.
        is_stalled: Nothing moves, and nothing is lost: it goes on when this ends.
        delay: Seconds that each piece waits.
        cut_to_server: After so many bytes to the server a connection is reset; ``None``: never.
        cut_to_client: Likewise, after so many bytes of answers. Asked once a connection.
    """

    is_black_hole: bool = False
    is_stalled: bool = False
    delay: float = 0.0
    cut_to_server: Callable[[], int | None] = field(default=lambda: None)
    cut_to_client: Callable[[], int | None] = field(default=lambda: None)


@dataclass(slots=True, eq=False)
class _Pair:
    """A client's connection and the server's."""

    client: asyncio.StreamWriter
    server: asyncio.StreamWriter | None = None
    is_swallowed: bool = False

    def reset(self) -> None:
        for each in (self.client, self.server):
            if each is not None:
                _reset(each)


class Proxy:
    """Listens at ``place`` (port 0: a free one) and passes on to ``server``."""

    def __init__(self, loop: Loop, server: Place, place: Place = ("127.0.0.1", 0)) -> None:
        self.server = server
        self.trouble = Trouble()
        self.resets = 0
        self._loop = loop
        self._pairs: set[_Pair] = set()
        self._listener = loop.run(self._listen(place))

    @property
    def port(self) -> int:
        port: int = self._listener.sockets[0].getsockname()[1]
        return port

    def heal(self) -> None:
        """Let everything pass; what was swallowed is gone, and so are those connections."""
        self._loop.run(self._heal())

    def reset_all(self) -> None:
        """Break every connection that is open now."""
        self._loop.run(self._reset_all())

    def reset_some(self, share: float, chance: random.Random) -> None:
        """Break a share of the connections that are open now."""
        self._loop.run(self._reset_some(share, chance))

    def close(self) -> None:
        self._loop.run(self._close())

    async def _close(self) -> None:
        self._listener.close()
        await self._reset_all()

    async def _heal(self) -> None:
        self.trouble = Trouble()
        for each in [each for each in self._pairs if each.is_swallowed]:
            each.reset()

    async def _reset_all(self) -> None:
        for each in list(self._pairs):
            self.resets += 1
            each.reset()

    async def _reset_some(self, share: float, chance: random.Random) -> None:
        for each in list(self._pairs):
            if chance.random() < share:
                self.resets += 1
                each.reset()

    async def _listen(self, place: Place) -> asyncio.Server:
        if isinstance(place, Path):
            return await asyncio.start_unix_server(self._carry, place)
        return await asyncio.start_server(self._carry, *place)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        pair = _Pair(writer)
        self._pairs.add(pair)
        try:
            if self.trouble.is_black_hole:
                pair.is_swallowed = True
                await reader.read()
                return
            if isinstance(self.server, Path):
                from_server, to_server = await asyncio.open_unix_connection(self.server)
            else:
                from_server, to_server = await asyncio.open_connection(*self.server)
            pair.server = to_server
            there = self._pump(pair, reader, to_server, self.trouble.cut_to_server())
            back = self._pump(pair, from_server, writer, self.trouble.cut_to_client())
            await _both(there, back)
        except (OSError, asyncio.CancelledError):  # cancelled at the end of a drill
            pass
        finally:
            self._pairs.discard(pair)
            for each in (pair.client, pair.server):
                if each is not None:
                    each.close()

    async def _pump(
        self,
        pair: _Pair,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        left: int | None,
    ) -> None:
        while piece := await reader.read(_PIECE):
            if self.trouble.delay:
                await asyncio.sleep(self.trouble.delay)
            while self.trouble.is_stalled:
                await asyncio.sleep(0.02)
            if self.trouble.is_black_hole or pair.is_swallowed:
                pair.is_swallowed = True
                continue
            if left is not None and len(piece) >= left:
                writer.write(piece[:left])
                with suppress(OSError):
                    await writer.drain()
                # What was written has left before the connection is broken.
                await asyncio.sleep(0.01)
                self.resets += 1
                pair.reset()
                return
            left = None if left is None else left - len(piece)
            writer.write(piece)
            await writer.drain()


async def _both(*pumps: "asyncio.Future[None]") -> None:
    """Carry on until one side has ended, then let the other end as well."""
    tasks = [asyncio.ensure_future(each) for each in pumps]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for each in tasks:
            each.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _reset(writer: asyncio.StreamWriter) -> None:
    """Break it: the other side sees ECONNRESET or EPIPE."""
    ours = writer.get_extra_info("socket")
    with suppress(OSError):
        if ours.family != socket.AF_UNIX:
            ours.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
