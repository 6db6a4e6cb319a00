"""A picture that somebody uploads, decoded and written anew: nothing of the file itself is kept.

What a file hides behind or inside its picture (a place in EXIF, a script in a comment, a second
file) does not survive. What is kept is what every mail program shows: JPEG, PNG, GIF; WebP becomes
one of them.
"""

import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from threading import Lock

from PIL import Image, ImageOps, ImageSequence, UnidentifiedImageError

from funnel.domain.errors import InvalidInputError
from funnel.domain.speech import say

MOST_BYTES = 20_000_000
MOST_PIXELS = 60_000_000  # four bytes each while it is worked on
MOST_FRAMES = 200
WIDEST = 1200  # pixels: twice an email's column, for fine screens

_FORMATS = ("JPEG", "PNG", "GIF", "WEBP")
# What Pillow raises for a file that is broken, cut off, or built to break it.
_BROKEN = (OSError, ValueError, TypeError, LookupError, ArithmeticError, SyntaxError, EOFError)

# We look at the size before anything is decoded; Pillow's own limit only warns at first.
Image.MAX_IMAGE_PIXELS = None
# One at a time: a large photo takes a quarter of a gigabyte while it is made small.
_one_at_a_time = Lock()


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A picture as it is kept; ``suffix`` is "jpg", "png" or "gif"."""

    content: bytes = field(repr=False)
    media_type: str
    suffix: str
    width: int
    height: int


def read_picture(content: bytes) -> Picture:
    """Return the picture in a file: upright, at most ``WIDEST`` pixels wide, with nothing else.

    The same file always gives the same picture.

    Raises:
        InvalidInputError: It is no picture, one that emails cannot show, or too large.
    """
    if len(content) > MOST_BYTES:
        raise _refused(
            say("The file has {size} MB.", size=f"{len(content) / 1_000_000:.0f}"),
            say("20 MB are the most; make it smaller, an email shows 1,200 pixels."),
        )
    if _is_drawing(content):
        raise _refused(
            say("Mail programs do not show SVG."), say("Save it as a PNG and upload that.")
        )
    with _one_at_a_time:
        try:
            with Image.open(io.BytesIO(content), formats=_FORMATS) as image:
                _check_size(image)
                return _animation(image) if _is_animated(image) else _still(image)
        except UnidentifiedImageError as error:
            raise _refused(
                say("This file is no picture that emails can show."),
                say("Upload a JPEG, a PNG, a GIF or a WebP."),
            ) from error
        except _BROKEN as error:
            raise _refused(
                say("This picture is broken or cut off."),
                say("Open it, save it once more, and upload that."),
            ) from error


def _is_drawing(content: bytes) -> bool:
    begins = content[:4096].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return (
        begins.startswith((b"<svg", b"<?xml", b"<!doctype svg", b"<!--"))
        and b"<svg" in content.lower()
    )


def _check_size(image: Image.Image) -> None:
    if image.width * image.height > MOST_PIXELS:
        raise _refused(
            say(
                "The picture has {width} by {height} pixels.",
                width=image.width,
                height=image.height,
            ),
            say("Make it smaller; an email shows 1,200 pixels across."),
        )


def _is_animated(image: Image.Image) -> bool:
    return image.format == "GIF" and bool(getattr(image, "is_animated", False))


def _still(image: Image.Image) -> Picture:
    if image.format == "JPEG":
        image.draft("RGB", (2 * WIDEST, 2 * WIDEST))  # decoded smaller where that is enough
    upright = ImageOps.exif_transpose(image)
    has_alpha = upright.has_transparency_data
    if image.format == "JPEG" or (image.format == "WEBP" and not has_alpha):
        return _written(_fitting(upright.convert("RGB")), "JPEG")
    plain = upright.convert("RGBA" if has_alpha else "RGB")
    return _written(_fitting(plain), "PNG")


def _animation(image: Image.Image) -> Picture:
    frames = list(_frames(image))
    out = io.BytesIO()
    frames[0].save(
        out,
        "GIF",
        save_all=True,
        append_images=frames[1:],
        duration=[frame.info["duration"] for frame in frames],
        loop=0,
        disposal=2,
    )
    return Picture(
        content=out.getvalue(),
        media_type="image/gif",
        suffix="gif",
        width=frames[0].width,
        height=frames[0].height,
    )


def _frames(image: Image.Image) -> Iterator[Image.Image]:
    pixels = image.width * image.height
    for number, frame in enumerate(ImageSequence.Iterator(image), start=1):
        if number > MOST_FRAMES or number * pixels > MOST_PIXELS:
            raise _refused(
                say("This animation is too long."),
                say("Make it shorter or smaller: {count} frames are the most.", count=MOST_FRAMES),
            )
        duration = frame.info.get("duration", 100)
        fitting = _fitting(frame.convert("RGBA"))
        fitting.info = {"duration": int(duration)}
        yield fitting


def _fitting(image: Image.Image) -> Image.Image:
    if image.width <= WIDEST:
        return image
    height = max(round(image.height * WIDEST / image.width), 1)
    return image.resize((WIDEST, height), Image.Resampling.LANCZOS)


def _written(image: Image.Image, kind: str) -> Picture:
    profile = image.info.get("icc_profile")  # without it colours of a wide space look dull
    image.info = {}
    out = io.BytesIO()
    if kind == "JPEG":
        image.save(out, "JPEG", quality=85, optimize=True, progressive=True, icc_profile=profile)
    else:
        image.save(out, "PNG", optimize=True, icc_profile=profile)
    return Picture(
        content=out.getvalue(),
        media_type=f"image/{kind.lower()}",
        suffix="jpg" if kind == "JPEG" else "png",
        width=image.width,
        height=image.height,
    )


def _refused(message: str, remedy: str) -> InvalidInputError:
    return InvalidInputError(message, field="image", remedy=remedy)
