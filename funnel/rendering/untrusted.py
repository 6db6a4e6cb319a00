"""Compile and render what somebody typed, in a process of its own: ``python -m`` this module.

Its parent is ``confinement.py``. It reads one question after the other from its standard input and
answers each on its standard output, both as a length and JSON. It has no secrets (its environment
is empty), opens no file but layouts, and the operating system stops it: at 256 MB, and three
seconds of computing after each question began. A template that finds its way out of the sandbox
finds itself here.
"""

import json
import resource
import struct
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO

from funnel.domain.errors import FunnelError, RenderError
from funnel.domain.speech import say, speaking
from funnel.rendering.compiled import CompiledTemplate
from funnel.rendering.compiler import compile_template
from funnel.rendering.context_json import context_from_json
from funnel.rendering.environment import noting_empty
from funnel.rendering.errors import TemplateError
from funnel.rendering.layouts import Layouts, read_layouts, shipped_layouts
from funnel.rendering.lint import lint
from funnel.rendering.renderer import Renderer
from funnel.rendering.samples import full_sample
from funnel.rendering.spoken_later import Notes, without_notes

LENGTH = struct.Struct(">I")
LARGEST_ANSWER = 4_000_000  # bytes

# What odd templates and odd data can make of rendering.
_UNFIT = (FunnelError, ValueError, TypeError, LookupError, AttributeError, ArithmeticError)


def main() -> None:
    """Answer until the parent closes the pipe."""
    memory_bytes, cpu_seconds = int(sys.argv[1]), int(sys.argv[2])
    answering = Answering()
    answering.warm_up()
    _set_limits(memory_bytes)
    questions, answers = sys.stdin.buffer, sys.stdout.buffer
    _write(answers, {"ready": True})
    with speaking(Notes()):
        while (question := _read(questions)) is not None:
            _allow(cpu_seconds)
            _write(answers, answering.answer(question))


class Answering:
    """Answers questions; the layouts are read anew when their files change."""

    def __init__(self) -> None:
        self._layouts: Layouts = {}
        self._stamp = ""

    def warm_up(self) -> None:
        """Do once what is slow the first time."""
        compiled = compile_template(_WARM_UP, name="warm-up")
        lint(compiled, full_sample())

    def answer(self, question: dict[str, Any]) -> dict[str, Any]:
        """Return the compiled text, the email, findings, and for whom it cannot be rendered."""
        try:
            return self._answer(question)
        except RecursionError:
            return _error(
                TemplateError(
                    say("The text stands too deep in itself."),
                    remedy=say(
                        "Take apart what stands within another: brackets, {% if %}, quotes, lists."
                    ),
                )
            )
        except MemoryError:
            return _error(
                TemplateError(
                    say("The text needs more memory than an email may."),
                    remedy=say("Take out what repeats or multiplies."),
                )
            )

    def _answer(self, question: dict[str, Any]) -> dict[str, Any]:
        try:
            compiled = self._compiled(question)
        except TemplateError as error:
            return _error(error)
        except _UNFIT as error:
            return _error(TemplateError(say("This text cannot be read: {reason}.", reason=error)))
        renderer = Renderer()
        answer = {"compiled": compiled.to_json()} | self._email(compiled, question, renderer)
        answer["failures"], answer["empties"] = [], []
        for index, values in enumerate(question.get("others", ())):
            with noting_empty() as noted:
                failure = _tried(compiled, values, renderer, index)
            answer["failures"].extend([failure] if failure is not None else [])
            answer["empties"].extend({"index": index, "variable": each} for each in sorted(noted))
        return answer

    def _compiled(self, question: dict[str, Any]) -> CompiledTemplate:
        if "compiled" in question:
            return CompiledTemplate.from_json(question["compiled"])
        source, name = without_notes(question["source"]), question["name"]
        return compile_template(source, name=name, layouts=self._layouts_of(question))

    def _email(
        self, compiled: CompiledTemplate, question: dict[str, Any], renderer: Renderer
    ) -> dict[str, Any]:
        if "context" not in question:
            return {}
        context = context_from_json(question["context"])
        try:
            with noting_empty() as noted:
                email = renderer.render(compiled, context)
        except _UNFIT as error:
            return _failed(error)
        findings = lint(
            compiled,
            context,
            renderer=renderer,
            is_notice=question["is_notice"],
            source=without_notes(question.get("source", "")),
        )
        return {
            "email": asdict(email),
            "empty": sorted(noted),
            "findings": [asdict(each) for each in findings],
        }

    def _layouts_of(self, question: dict[str, Any]) -> Layouts:
        folder, stamp = question["layouts"], question["layouts_stamp"]
        if not folder:
            return shipped_layouts()
        if stamp != self._stamp:
            self._layouts, self._stamp = read_layouts(Path(folder)), stamp
        return self._layouts


def _tried(
    compiled: CompiledTemplate, values: dict[str, Any], renderer: Renderer, index: int
) -> dict[str, Any] | None:
    try:
        renderer.render(compiled, context_from_json(values))
    except _UNFIT as error:
        return {
            "index": index,
            "reason": str(error),
            "variable": getattr(error, "variable", "") or "",
        }
    return None


def _error(error: TemplateError) -> dict[str, Any]:
    return {
        "error": {
            "reason": error.reason,
            "line": error.line,
            "remedy": error.remedy,
            "field": error.field or "",
        }
    }


def _failed(error: Exception) -> dict[str, Any]:
    variable = (error.variable or "") if isinstance(error, RenderError) else ""
    return {"failed": {"reason": str(error), "variable": variable}}


def _read(stream: BinaryIO) -> dict[str, Any] | None:
    head = stream.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    question: dict[str, Any] = json.loads(stream.read(LENGTH.unpack(head)[0]))
    return question


def _write(stream: BinaryIO, answer: dict[str, Any]) -> None:
    content = json.dumps(answer).encode()
    if len(content) > LARGEST_ANSWER:
        content = json.dumps(_too_large()).encode()
    stream.write(LENGTH.pack(len(content)) + content)
    stream.flush()


def _too_large() -> dict[str, Any]:
    return _error(
        TemplateError(
            say("The email is larger than 4 MB."),
            remedy=say("Under 60 KB it is read everywhere; shorten it."),
        )
    )


def _set_limits(memory_bytes: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (16, 16))


def _allow(seconds: int) -> None:
    """Let the next answer take so much computing, on top of what all before it took."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    _, most = resource.getrlimit(resource.RLIMIT_CPU)
    # The limit counts whole seconds: one more than asked, never one less.
    resource.setrlimit(
        resource.RLIMIT_CPU, (int(used.ru_utime + used.ru_stime) + seconds + 1, most)
    )


_WARM_UP = """---
subject: "{{ session.day }}"
preheader: Ready
layout: letter
---
{{ person.greeting }}

[A page](https://example.org "link: page")
"""

if __name__ == "__main__":
    main()
