"""An SMTP server that writes down the id of every email that it takes, before it says so.

It does to each step of a conversation what a fault asks for; as made, it behaves well.
"""

import asyncio
import re
import socket
import struct
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path
from uuid import UUID

from tests.faults.drill.loop import Loop

_MESSAGE_ID = re.compile(rb"^Message-ID: <([0-9a-f-]{36})@", re.MULTILINE | re.IGNORECASE)
_HELLO = b"250-sink\r\n250-PIPELINING\r\n250-SIZE 20000000\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n"


class Step(Enum):
    """Where in a conversation something happens."""

    CONNECT = auto()
    EHLO = auto()
    MAIL = auto()
    RCPT = auto()
    DATA = auto()
    CONTENT = auto()  # some of the message is here, its end is not
    DOT = auto()  # all of it is here, and nothing was taken
    TAKEN = auto()  # it was taken and written down, and no answer was given


@dataclass(frozen=True, slots=True, kw_only=True)
class Reaction:
    """What is done instead of going on.

    Attributes:
        say: An answer; ``None``: nothing is said.
        breaks: The connection is reset afterwards.
        is_silent: Nothing is read or said any more.
    """

    say: bytes | None = None
    breaks: bool = False
    is_silent: bool = False


RESET = Reaction(breaks=True)
SILENCE = Reaction(is_silent=True)
HALF_AN_ANSWER = Reaction(say=b"250 2.0.0 O", breaks=True)
# The address of the recipient, or "" before one was named.
React = Callable[[Step, str], Reaction | None]


def as_usual(_step: Step, _address: str) -> Reaction | None:
    """React to nothing."""
    return None


def _unread(_message: bytes) -> None:
    """Look at nothing."""


class Sink:
    """Takes emails until it is closed; ``came`` are the ids, each as often as it was taken."""

    def __init__(self, loop: Loop, file: Path) -> None:
        self.react: React = as_usual
        self.delay = 0.0  # seconds before it answers each message
        self.read: Callable[[bytes], None] = _unread  # is given each message, as it came
        self.came: Counter[UUID] = Counter()
        self.came_at: dict[UUID, float] = {}  # by this machine's clock, as the database's is
        self.reactions = 0
        # Unbuffered: what is written is written.
        self._file = file.open("ab", buffering=0)
        self._loop = loop
        self._listener = loop.run(self._listen())

    @property
    def port(self) -> int:
        port: int = self._listener.sockets[0].getsockname()[1]
        return port

    @property
    def total(self) -> int:
        """How many emails were taken."""
        return self.came.total()

    def take(self, message_id: UUID) -> None:
        """Write an email down; a provider by HTTP does it here as well."""
        self._file.write(f"{message_id}\n".encode())
        self.came[message_id] += 1
        self.came_at.setdefault(message_id, time.time())

    def heal(self) -> None:
        """Behave well again, without delay."""
        self.react, self.delay = as_usual, 0.0

    def close(self) -> None:
        self._loop.run(self._close())
        self._file.close()

    async def _listen(self) -> asyncio.Server:
        return await asyncio.start_server(self._talk, "127.0.0.1", 0, limit=1 << 20)

    async def _close(self) -> None:
        self._listener.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # Cancelled at the end of a drill: whoever is kept waiting by then is told nothing more.
        with suppress(_OverError, OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await _Conversation(self, reader, writer).run()
        writer.close()


class _OverError(Exception):
    """This connection says no more."""


class _Conversation:
    def __init__(
        self, sink: Sink, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._sink = sink
        self._reader = reader
        self._writer = writer
        self._address = ""

    async def run(self) -> None:
        if not await self._reacted(Step.CONNECT):
            self._writer.write(b"220 sink ESMTP\r\n")
        while True:
            line = await self._reader.readuntil(b"\r\n")
            await self._obey(line[:4].upper(), line)

    async def _obey(self, verb: bytes, line: bytes) -> None:
        if verb == b"EHLO":
            if not await self._reacted(Step.EHLO):
                self._writer.write(_HELLO)
        elif verb == b"MAIL":
            self._address = ""
            await self._answer(Step.MAIL)
        elif verb == b"RCPT":
            self._address = line.split(b"<")[1].split(b">")[0].decode()
            await self._answer(Step.RCPT)
        elif verb == b"DATA":
            if not await self._reacted(Step.DATA):
                self._writer.write(b"354 go on\r\n")
                await self._take()
        elif verb == b"QUIT":
            self._writer.write(b"221 bye\r\n")
            raise _OverError
        else:
            self._writer.write(b"250 2.0.0 Ok\r\n")

    async def _take(self) -> None:
        first = await self._reader.readuntil(b"\r\n")
        if await self._reacted(Step.CONTENT):
            raise _OverError
        message = first + await self._reader.readuntil(b"\r\n.\r\n")
        if await self._reacted(Step.DOT):
            return
        if self._sink.delay:
            await asyncio.sleep(self._sink.delay)
        found = _MESSAGE_ID.search(message)
        if found is None:
            raise AssertionError("an email without an id of ours")
        self._sink.take(UUID(found[1].decode()))
        self._sink.read(message)
        await self._answer(Step.TAKEN)

    async def _answer(self, step: Step) -> None:
        if not await self._reacted(step):
            self._writer.write(b"250 2.0.0 Ok\r\n")

    async def _reacted(self, step: Step) -> bool:
        """Do what a fault asks for; say whether it did."""
        reaction = self._sink.react(step, self._address)
        if reaction is None:
            return False
        self._sink.reactions += 1
        if reaction.say is not None:
            self._writer.write(reaction.say)
        if reaction.is_silent:
            await asyncio.sleep(3600)
        if reaction.breaks:
            await asyncio.sleep(0.01)
            ours: socket.socket = self._writer.get_extra_info("socket")
            ours.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self._writer.transport.abort()
            raise _OverError
        return True
