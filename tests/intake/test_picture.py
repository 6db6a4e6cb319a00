"""Pictures that people upload: what becomes of good ones, and of those built to harm."""

import io
import struct
import zlib

import pytest
from PIL import Image, ImageSequence

from funnel.domain.errors import InvalidInputError
from funnel.intake import picture
from funnel.intake.picture import read_picture

SIZE = (64, 40)


def saved(image: Image.Image, kind: str, **rest: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **rest)
    return out.getvalue()


def opened(content: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(content))
    image.load()
    return image


def bomb(width: int, height: int) -> bytes:
    """Return a PNG that says it is huge, in a few bytes."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", head), (b"IDAT", zlib.compress(b"\0" * 100)), (b"IEND", b"")]
    parts = [
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


@pytest.mark.parametrize(
    ("kind", "mode", "media_type", "suffix"),
    [
        ("JPEG", "RGB", "image/jpeg", "jpg"),
        ("JPEG", "CMYK", "image/jpeg", "jpg"),
        ("JPEG", "L", "image/jpeg", "jpg"),
        ("PNG", "RGBA", "image/png", "png"),
        ("PNG", "P", "image/png", "png"),
        ("PNG", "I;16", "image/png", "png"),
        ("GIF", "P", "image/png", "png"),
        ("WEBP", "RGB", "image/jpeg", "jpg"),
        ("WEBP", "RGBA", "image/png", "png"),
    ],
)
def test_each_kind_becomes_one_that_mail_programs_show(kind, mode, media_type, suffix):
    found = read_picture(saved(Image.new(mode, SIZE), kind))
    assert (found.media_type, found.suffix) == (media_type, suffix)
    assert (found.width, found.height) == opened(found.content).size == SIZE
    assert read_picture(saved(Image.new(mode, SIZE), kind)) == found


def test_a_photo_is_turned_upright_made_small_and_loses_what_it_told():
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    exif[0x010F] = "Camera of Mira"
    photo = saved(Image.new("RGB", (3000, 1500)), "JPEG", exif=exif, comment=b"secret place")
    found = read_picture(photo)
    assert (found.width, found.height) == (1200, 2400)
    assert not opened(found.content).getexif()
    assert b"Mira" not in found.content
    assert b"secret" not in found.content


def test_what_hangs_behind_a_picture_is_gone():
    content = saved(Image.new("RGB", SIZE), "PNG") + b"<script>alert(1)</script>"
    assert b"script" not in read_picture(content).content


def test_an_animation_keeps_moving():
    frames = [Image.new("RGB", (2400, 20), (shade, 0, 0)) for shade in (0, 120, 240)]
    content = saved(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=70)
    found = read_picture(content)
    again = opened(found.content)
    assert (found.media_type, again.size, again.n_frames) == ("image/gif", (1200, 10), 3)
    assert [each.info["duration"] for each in ImageSequence.Iterator(again)] == [70, 70, 70]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>', "SVG"),
        (b'<?xml version="1.0"?><!-- x --><SVG onload="alert(1)"/>', "SVG"),
        (b"x" * 20_000_001, "20 MB"),
        (bomb(60_000, 60_000), "60000 by 60000"),
        (bomb(400, 400), "broken"),
        (saved(Image.new("RGB", (300, 300), "red"), "JPEG")[:-200], "broken"),
        (saved(Image.effect_noise((90, 90), 50), "PNG")[:900], "broken"),
        (b"", "no picture"),
        (b"GIF89a", "no picture"),
        (b"<html><script>alert(1)</script>", "no picture"),
        (saved(Image.new("RGB", SIZE), "BMP"), "no picture"),
        (saved(Image.new("RGB", SIZE), "TIFF"), "no picture"),
    ],
    ids=[
        *("svg", "svg as xml", "20 MB", "bomb", "false size", "cut jpeg", "cut png", "empty"),
        *("cut gif", "html", "bmp", "tiff"),
    ],
)
def test_what_is_no_picture_for_emails_is_refused_with_a_remedy(content, words):
    with pytest.raises(InvalidInputError, match=words) as caught:
        read_picture(content)
    assert caught.value.field == "image"
    assert caught.value.remedy


def test_an_animation_without_end_is_refused(monkeypatch):
    monkeypatch.setattr(picture, "MOST_FRAMES", 2)
    frames = [Image.new("RGB", SIZE, (shade, 0, 0)) for shade in (0, 120, 240)]
    content = saved(frames[0], "GIF", save_all=True, append_images=frames[1:])
    with pytest.raises(InvalidInputError, match="too long"):
        read_picture(content)
