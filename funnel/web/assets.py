"""Our own style sheets, scripts and pictures, under addresses that change with their content."""

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.responses import Response

_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}
_FOREVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """One file, kept in memory."""

    content: bytes
    media_type: str


class Assets:
    """Every file of our folder, and what is built from other people's code, read at the start.

    One version for all, not one for each file: a style sheet names its pictures by a relative
    address, a script its modules, and they must stand under the same one.
    """

    def __init__(self, folder: Path) -> None:
        # Built when it is installed (hatch_build.py); whoever installs without has no editor.
        built = folder / "dist"
        self._files = {
            path.name: Asset(content=path.read_bytes(), media_type=_TYPES[path.suffix])
            for path in (
                *sorted(folder.iterdir()),
                *(sorted(built.iterdir()) if built.is_dir() else ()),
            )
            if path.suffix in _TYPES
        }
        digest = sha256()
        for name, asset in self._files.items():
            digest.update(name.encode() + b"\0" + asset.content + b"\0")
        self.version = digest.hexdigest()[:12]

    def has(self, name: str) -> bool:
        """Whether a file is there: what is built may not be."""
        return name in self._files

    def address(self, name: str) -> str:
        """Return the path of a file; it may be kept for ever.

        Raises:
            KeyError: There is no such file: a template names one that was never written.
        """
        if name not in self._files:
            raise KeyError(name)
        return f"/static/{self.version}/{name}"

    def answer(self, version: str, name: str) -> Response:
        """Return the file, to be kept for ever only under its own version.

        Raises:
            HTTPException: 404, there is no such file.
        """
        asset = self._files.get(name)
        if asset is None:
            raise HTTPException(status_code=404)
        # A page from before an update may still ask for the old version: it gets the new file.
        kept = _FOREVER if version == self.version else "no-cache"
        return Response(asset.content, media_type=asset.media_type, headers={"cache-control": kept})
