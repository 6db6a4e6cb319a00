"""What somebody typed is compiled and rendered in another process, which may fail.

That process (``untrusted.py``) is kept ready, so that asking costs milliseconds. Where it takes
longer than its time, more memory than it has, or breaks, it is killed and another one takes its
place; who asked gets a ``TemplateError`` that says so, and nobody else notices.
"""

import json
import os
import select
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from queue import Empty, LifoQueue
from threading import Lock
from time import monotonic
from typing import Any

from funnel.domain.speech import say
from funnel.domain.template import EmailContext, RenderedEmail
from funnel.rendering.compiled import CompiledTemplate
from funnel.rendering.context_json import context_to_json
from funnel.rendering.errors import TemplateError
from funnel.rendering.lint import Finding, Severity
from funnel.rendering.source import MAX_SOURCE
from funnel.rendering.spoken_later import said
from funnel.rendering.untrusted import LARGEST_ANSWER, LENGTH

_ANSWERS_EACH = 500  # then it is replaced: what a template may have left in it goes with it
_START_SECONDS = 20.0
_PIPE_BYTES = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class Confines:
    """What one question may take: ``seconds`` by the clock and of computing, and memory in bytes.

    ``processes`` are kept ready; ``waits_seconds`` is how long a question waits for one of them.
    """

    seconds: int = 3
    memory_bytes: int = 256_000_000
    processes: int = 2
    waits_seconds: float = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """One reader, by their place in what was asked, for whom the text cannot be rendered."""

    index: int
    reason: str
    variable: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintedEmpty:
    """A value that was printed for one reader, by their place, though they have none."""

    index: int
    variable: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What became of a text.

    Attributes:
        email: The finished email of the reader who was asked for.
        failed: Why there is none though the text compiles; ``index`` says nothing.
        findings: What is to mend in it; they name no line of a text that was not given.
        failures: Of the other readers.
        empty: The values that the email prints though its reader has none.
        empties: The same of the other readers.
    """

    compiled: CompiledTemplate
    email: RenderedEmail | None = None
    failed: Failure | None = None
    findings: tuple[Finding, ...] = ()
    failures: tuple[Failure, ...] = ()
    empty: tuple[str, ...] = ()
    empties: tuple[PrintedEmpty, ...] = ()


class Confinement:
    """A few processes that render what people typed; safe to share between threads."""

    def __init__(self, *, layouts: Path | None = None, confines: Confines | None = None) -> None:
        """Start nothing yet.

        Args:
            layouts: Folder of the installation's own layouts; those that ship where there is none.
            confines: Other limits than the usual ones.
        """
        self._layouts = layouts
        self._confines = confines or Confines()
        self._ready: LifoQueue[_Process] = LifoQueue()
        self._lock = Lock()
        self._processes: set[_Process] = set()
        self._is_closed = False

    def try_source(
        self,
        source: str,
        *,
        name: str,
        reader: EmailContext | None = None,
        others: Sequence[EmailContext] = (),
        is_notice: bool = False,
    ) -> Tried:
        """Compile a text, and render it for one reader and, without keeping it, for others.

        Args:
            source: As it was typed.
            name: The template's key, for messages.
            reader: For whom the email and the findings are; ``None``: neither is wanted.
            others: For whom it is only tried.
            is_notice: Whether it is a notice, which carries no unsubscribe link.

        Raises:
            TemplateError: It does not compile, with the line; or it was stopped.
        """
        if len(source) > MAX_SOURCE:
            # Said here as by the compiler: five megabytes need not travel to be refused.
            raise TemplateError(
                say(
                    "The text has {length} characters; {limit} are the most for an email.",
                    length=f"{len(source):,}",
                    limit=f"{MAX_SOURCE:,}",
                ),
                name=name,
                remedy=say("Shorten it; put pictures in by their address."),
            )
        question = {"source": source, "name": name, "is_notice": is_notice, **self._layout_words()}
        return self._tried(question, reader, others)

    def try_compiled(
        self, compiled: CompiledTemplate, *, name: str, others: Sequence[EmailContext]
    ) -> Tried:
        """Render a compiled text for some readers, and return for whom it cannot be.

        Raises:
            TemplateError: It was stopped.
        """
        question = {"compiled": compiled.to_json(), "name": name}
        return self._tried(question, None, others)

    def close(self) -> None:
        """End every process; a question that is being asked ends in an error."""
        with self._lock:
            self._is_closed = True
            processes, self._processes = self._processes, set()
        for process in processes:
            process.end()

    def _tried(
        self, question: dict[str, Any], reader: EmailContext | None, others: Sequence[EmailContext]
    ) -> Tried:
        if reader is not None:
            question["context"] = context_to_json(reader)
        question["others"] = [context_to_json(each) for each in others]
        name = str(question["name"])
        try:
            return _read_answer(self._ask(question), name)
        except (ValueError, TypeError, LookupError, AttributeError) as error:
            # Only a process that was taken over answers in another form.
            raise _broken(name) from error

    def _ask(self, question: Mapping[str, Any]) -> dict[str, Any]:
        name = str(question["name"])
        process = self._take(name)
        try:
            answer = process.ask(question, seconds=self._confines.seconds)
        except _StoppedError as error:
            self._replace(process)
            raise _stopped(error, name, self._confines) from error
        except BaseException:
            self._replace(process)
            raise
        if process.answers >= _ANSWERS_EACH:
            self._replace(process)
        else:
            self._ready.put(process)
        return answer

    def _take(self, name: str) -> "_Process":
        with self._lock:
            missing = 0 if self._is_closed else self._confines.processes - len(self._processes)
            for _ in range(missing):
                self._start()
        try:
            return self._ready.get(timeout=self._confines.waits_seconds)
        except Empty as error:
            raise TemplateError(
                say("Many previews are being made at this moment."),
                name=name,
                remedy=say("Wait some seconds, then type on."),
            ) from error

    def _start(self) -> None:
        process = _Process(self._confines)
        self._processes.add(process)
        self._ready.put(process)

    def _replace(self, process: "_Process") -> None:
        process.end()
        with self._lock:
            self._processes.discard(process)
            if not self._is_closed:
                self._start()

    def _layout_words(self) -> dict[str, str]:
        folder = self._layouts
        if folder is None or not folder.is_dir():
            return {"layouts": "", "layouts_stamp": ""}
        stamps = [f"{each.name}:{each.stat().st_mtime_ns}" for each in sorted(folder.iterdir())]
        return {"layouts": str(folder), "layouts_stamp": " ".join(stamps)}


class _StoppedError(Exception):
    """The process gave no answer: ``in_time`` tells whether it broke before its time was up."""

    def __init__(self, *, in_time: bool) -> None:
        super().__init__()
        self.in_time = in_time


class _Process:
    """One process, and the two pipes to it; used by one thread at a time."""

    def __init__(self, confines: Confines) -> None:
        # No environment: what it may give away, it must not know.
        self._process = subprocess.Popen(  # noqa: S603  (our own module)
            [
                *(sys.executable, "-I", "-m", "funnel.rendering.untrusted"),
                *(str(confines.memory_bytes), str(confines.seconds)),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={},
            cwd="/",
            bufsize=0,
        )
        self.answers = 0
        self._is_ready = False
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                os.set_blocking(pipe.fileno(), False)

    @property
    def pid(self) -> int:
        return self._process.pid

    def ask(self, question: Mapping[str, Any], *, seconds: float) -> dict[str, Any]:
        if not self._is_ready:
            self._answer(monotonic() + _START_SECONDS)
            self._is_ready = True
        until = monotonic() + seconds
        content = json.dumps(question).encode()
        self._write(LENGTH.pack(len(content)) + content, until)
        self.answers += 1
        return self._answer(until)

    def end(self) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    def _write(self, content: bytes, until: float) -> None:
        pipe = self._process.stdin
        assert pipe is not None  # noqa: S101 # it was asked for
        rest = memoryview(content)
        while rest:
            self._wait(until, to_write=True)
            try:
                rest = rest[os.write(pipe.fileno(), rest[:_PIPE_BYTES]) :]
            except BlockingIOError:
                continue
            except OSError as error:
                raise _StoppedError(in_time=True) from error

    def _answer(self, until: float) -> dict[str, Any]:
        length = LENGTH.unpack(self._read(LENGTH.size, until))[0]
        if length > LARGEST_ANSWER:
            raise _StoppedError(in_time=True)
        answer: dict[str, Any] = json.loads(self._read(length, until))
        return answer

    def _read(self, size: int, until: float) -> bytes:
        pipe = self._process.stdout
        assert pipe is not None  # noqa: S101 # it was asked for
        parts = bytearray()
        while len(parts) < size:
            self._wait(until, to_write=False)
            try:
                part = os.read(pipe.fileno(), min(size - len(parts), _PIPE_BYTES))
            except BlockingIOError:
                continue
            if not part:
                raise _StoppedError(in_time=True)
            parts += part
        return bytes(parts)

    def _wait(self, until: float, *, to_write: bool) -> None:
        pipe = self._process.stdin if to_write else self._process.stdout
        waits = select.poll()  # not select(): a busy server has more than 1,024 files open
        assert pipe is not None  # noqa: S101 # it was asked for
        waits.register(pipe.fileno(), select.POLLOUT if to_write else select.POLLIN)
        if not waits.poll(max(until - monotonic(), 0) * 1000):
            raise _StoppedError(in_time=False)


def _stopped(error: _StoppedError, name: str, confines: Confines) -> TemplateError:
    if error.in_time:
        return _broken(name, memory_bytes=confines.memory_bytes)
    return TemplateError(
        say(
            "This text was stopped: it took longer than {seconds} seconds.",
            seconds=confines.seconds,
        ),
        name=name,
        remedy=say("Take out what repeats or stands deep in itself; an email takes milliseconds."),
    )


def _broken(name: str, *, memory_bytes: int = Confines().memory_bytes) -> TemplateError:
    return TemplateError(
        say(
            "This text was stopped: it needed more computing, or more memory than {megabytes} MB.",
            megabytes=memory_bytes // 1_000_000,
        ),
        name=name,
        remedy=say("Take out what repeats or multiplies, or what is nested deeply."),
    )


def _read_answer(answer: Mapping[str, Any], name: str) -> Tried:
    if "error" in answer:
        error = answer["error"]
        line = error["line"]
        raise TemplateError(
            said(str(error["reason"])),
            name=name,
            line=None if line is None else int(line),
            remedy=said(str(error["remedy"])),
            field=str(error["field"]) or None,
        )
    email = answer.get("email")
    failed = answer.get("failed")
    return Tried(
        compiled=CompiledTemplate.from_json(str(answer["compiled"])),
        email=None
        if email is None
        else RenderedEmail(**{each: str(email[each]) for each in RenderedEmail.__slots__}),
        failed=None if failed is None else _failure({"index": 0, **failed}),
        findings=tuple(_finding(each) for each in answer.get("findings", ())),
        failures=tuple(_failure(each) for each in answer["failures"]),
        empty=tuple(str(each) for each in answer.get("empty", ())),
        empties=tuple(
            PrintedEmpty(index=int(each["index"]), variable=str(each["variable"]))
            for each in answer["empties"]
        ),
    )


def _failure(values: Mapping[str, Any]) -> Failure:
    return Failure(
        index=int(values["index"]),
        reason=said(str(values["reason"])),
        variable=str(values["variable"]),
    )


def _finding(values: Mapping[str, Any]) -> Finding:
    finding = Finding(**{**values, "severity": Severity(values["severity"])})
    return replace(finding, message=said(finding.message), remedy=said(finding.remedy))
