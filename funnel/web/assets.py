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
}
_FOREVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """One file, kept in memory."""

    content: bytes
    media_type: str


class Assets:
    """Every file of one folder, read once at the start.

    One version for the folder, not one for each file: a style sheet names its pictures by a
    relative address, and they must stand under the same one.
    """

    def __init__(self, folder: Path) -> None:
        self._files = {
            path.name: Asset(content=path.read_bytes(), media_type=_TYPES[path.suffix])
            for path in sorted(folder.iterdir())
            if path.suffix in _TYPES
        }
        digest = sha256()
        for name, asset in self._files.items():
            digest.update(name.encode() + b"\0" + asset.content + b"\0")
        self.version = digest.hexdigest()[:12]

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
