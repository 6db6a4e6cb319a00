"""Render template files with the sample readers and photograph them: to be looked at, not run.

``python -m tests.rendering.look FILE… --out FOLDER [--photos]`` writes an .html and a .txt per file
and reader; with ``--photos`` also a .png per width, light and dark (Debian's chromium).
"""

import argparse
import sys
from pathlib import Path

from funnel.rendering.compiler import compile_template
from funnel.rendering.errors import TemplateError
from funnel.rendering.renderer import Renderer
from funnel.rendering.samples import bare_sample, full_sample

WIDTHS = (320, 360, 700, 1280)
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def main() -> None:
    arguments = _arguments()
    arguments.out.mkdir(parents=True, exist_ok=True)
    renderer = Renderer()
    pages = []
    for file in arguments.files:
        try:
            compiled = compile_template(file.read_text("utf-8"), name=file.name)
        except TemplateError as error:
            sys.stdout.write(f"{error} {error.remedy}\n")
            continue
        for reader, context in (
            ("full", full_sample()),
            ("seat", bare_sample(with_session=True)),
            ("bare", bare_sample()),
        ):
            try:
                email = renderer.render(compiled, context)
            except Exception as error:  # noqa: BLE001 # every failure is worth a line here
                sys.stdout.write(f"{file.name} for {reader}: {error}\n")
                continue
            words = renderer.body_words(compiled, context)
            sys.stdout.write(f"{file.name} for {reader}: {words} words, “{email.subject}”\n")
            page = arguments.out / f"{file.stem}.{reader}.html"
            page.write_text(email.html, "utf-8")
            text = f"{email.subject}\n{email.preheader}\n\n{email.text}"
            page.with_suffix(".txt").write_text(text, "utf-8")
            pages.append(page)
    if arguments.photos:
        photograph(pages)


def photograph(pages: list[Path]) -> None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        for scheme in ("light", "dark"):
            for width in WIDTHS:
                tab = browser.new_page(
                    viewport={"width": width, "height": 700}, color_scheme=scheme
                )
                for page in pages:
                    tab.goto(page.resolve().as_uri())
                    wide = tab.evaluate("document.documentElement.scrollWidth")
                    if wide > width:
                        sys.stdout.write(f"{page.name} scrolls sideways at {width}: {wide}\n")
                    tab.screenshot(path=page.with_suffix(f".{scheme}-{width}.png"), full_page=True)
                tab.close()
        browser.close()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--photos", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    main()
