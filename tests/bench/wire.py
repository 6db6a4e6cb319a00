"""The wire: smtp-source and smtp-sink of Debian's postfix package, and a sink that takes its time.

The package is unpacked into a folder of its own; no mail server is installed or configured.
"""

import argparse
import asyncio
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

HOST = "127.0.0.1"
_MESSAGE_ID = re.compile(rb"^Message-ID: <([^>]+)>", re.MULTILINE | re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class PostfixTools:
    """Where the two programs are, and the libraries that came with them."""

    source: Path
    sink: Path
    libraries: Path | None

    @property
    def environment(self) -> dict[str, str]:
        if self.libraries is None:
            return dict(os.environ)
        return os.environ | {"LD_LIBRARY_PATH": str(self.libraries)}


def find_postfix(folder: Path) -> PostfixTools | None:
    """Return the two programs: the machine's own, or those of the package, fetched into a folder.

    ``None`` where there is neither: the wire cannot be measured then.
    """
    places = "/usr/sbin:/usr/bin:/sbin"
    found = [shutil.which(name, path=places) for name in ("smtp-source", "smtp-sink")]
    if all(found):
        return PostfixTools(source=Path(str(found[0])), sink=Path(str(found[1])), libraries=None)
    unpacked = folder / "postfix"
    if not (unpacked / "usr/sbin/smtp-sink").exists() and not _fetch(unpacked):
        return None
    return PostfixTools(
        source=unpacked / "usr/sbin/smtp-source",
        sink=unpacked / "usr/sbin/smtp-sink",
        libraries=unpacked / "usr/lib/postfix",
    )


def _fetch(folder: Path) -> bool:
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        return False
    with tempfile.TemporaryDirectory() as place:
        fetched = subprocess.run(
            ["apt-get", "-qq", "download", "postfix"],  # noqa: S607  (as a person would type it)
            cwd=place,
            check=False,
            capture_output=True,
        )
        packages = list(Path(place).glob("postfix_*.deb"))
        if fetched.returncode or not packages:
            return False
        folder.mkdir(parents=True, exist_ok=True)
        command = ["dpkg-deb", "-x", str(packages[0]), str(folder)]
        return subprocess.run(command, check=False).returncode == 0  # noqa: S603  (our own words)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sink:
    """A running server that takes every mail."""

    port: int
    process: "subprocess.Popen[bytes]"
    name: str


@contextmanager
def fast_sink(tools: PostfixTools | None) -> Iterator[Sink]:
    """Run smtp-sink; without it, our own."""
    port = _free_port()
    if tools is None:
        command, environment, name = _own_sink(port, 0), dict(os.environ), "our own sink"
    else:
        user = ["-u", "nobody"] if os.geteuid() == 0 else []
        command = [str(tools.sink), *user, f"{HOST}:{port}", "500"]
        environment, name = tools.environment, "smtp-sink"
    with _running(command, environment, port) as process:
        yield Sink(port=port, process=process, name=name)


@contextmanager
def slow_sink(milliseconds: int) -> Iterator[Sink]:
    """Run a sink that waits so long before it answers each message."""
    port = _free_port()
    with _running(_own_sink(port, milliseconds), dict(os.environ), port) as process:
        yield Sink(port=port, process=process, name=f"a sink that takes {milliseconds} ms")


@contextmanager
def writing_sink(file: Path) -> Iterator[Sink]:
    """Run a sink that writes each Message-ID into a file before it answers."""
    port = _free_port()
    with _running([*_own_sink(port, 0), str(file)], dict(os.environ), port) as process:
        yield Sink(port=port, process=process, name="a sink that writes down what came")


def _own_sink(port: int, milliseconds: int) -> list[str]:
    return [sys.executable, "-m", "tests.bench.wire", str(port), str(milliseconds)]


@contextmanager
def _running(
    command: list[str], environment: dict[str, str], port: int
) -> Iterator["subprocess.Popen[bytes]"]:
    process = subprocess.Popen(command, env=environment)  # noqa: S603  (our own words)
    try:
        ends_at = time.monotonic() + 10
        while not _answers(port):
            if time.monotonic() > ends_at or process.poll() is not None:
                raise SystemExit(f"{command[0]} does not answer")
            time.sleep(0.05)
        yield process
    finally:
        process.terminate()
        process.wait()


def _answers(port: int) -> bool:
    try:
        with socket.create_connection((HOST, port), timeout=1):
            return True
    except OSError:
        return False


def _free_port() -> int:
    with socket.socket() as free:
        free.bind((HOST, 0))
        port: int = free.getsockname()[1]
        return port


def drive_wire(tools: PostfixTools, sink: Sink, *, messages: int, size: int) -> float:
    """Send so many messages of that size over ten kept connections; return messages a second."""
    command = [str(tools.source), "-s", "10", "-d", "-m", str(messages), "-l", str(size)]
    addresses = ["-f", "ana@example.com", "-t", "bo@example.org", f"{HOST}:{sink.port}"]
    began = time.monotonic()
    subprocess.run(  # noqa: S603  (our own words)
        [*command, *addresses], env=tools.environment, check=True
    )
    return messages / (time.monotonic() - began)


# -- our own sink ---------------------------------------------------------------------------


class _Conversation(asyncio.Protocol):
    """As little SMTP as a client needs, with PIPELINING; the answer to a message may wait."""

    def __init__(self, seconds: float, came: BinaryIO | None) -> None:
        self._seconds = seconds
        self._came = came
        self._buffer = b""
        self._in_message = False
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(b"220 sink ESMTP\r\n")

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        self._go_on()

    def _go_on(self) -> None:
        while self._buffer:
            if self._in_message:
                message, dot, rest = self._buffer.partition(b"\r\n.\r\n")
                if not dot:
                    return
                self._buffer, self._in_message = rest, False
                self._write_down(message)
                if self._seconds:
                    asyncio.get_running_loop().call_later(self._seconds, self._accept)
                    return
                self._say(b"250 2.0.0 Ok: queued as 1234567890\r\n")
                continue
            line, end, rest = self._buffer.partition(b"\r\n")
            if not end:
                return
            self._buffer = rest
            self._obey(line)

    def _write_down(self, message: bytes) -> None:
        if self._came is not None:
            found = _MESSAGE_ID.search(message)
            self._came.write((found[1] if found else b"none") + b"\n")

    def _accept(self) -> None:
        self._say(b"250 2.0.0 Ok: queued as 1234567890\r\n")
        self._go_on()

    def _obey(self, line: bytes) -> None:
        verb = line[:4].upper()
        if verb == b"EHLO":
            self._say(b"250-sink\r\n250-PIPELINING\r\n250 8BITMIME\r\n")
        elif verb == b"DATA":
            self._in_message = True
            self._say(b"354 go on\r\n")
        elif verb == b"QUIT":
            self._say(b"221 bye\r\n")
            assert self._transport is not None
            self._transport.close()
        else:
            self._say(b"250 2.0.0 Ok\r\n")

    def _say(self, words: bytes) -> None:
        if self._transport is not None:
            self._transport.write(words)


async def _serve(port: int, milliseconds: int, file: Path | None) -> None:
    # Unbuffered: who is killed after an answer has written down what it answered to.
    came = file.open("ab", buffering=0) if file else None
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Conversation(milliseconds / 1000, came), HOST, port)
    await server.serve_forever()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    parser.add_argument("milliseconds", type=int)
    parser.add_argument("file", type=Path, nargs="?")
    asked = parser.parse_args()
    asyncio.run(_serve(asked.port, asked.milliseconds, asked.file))


if __name__ == "__main__":
    main()
