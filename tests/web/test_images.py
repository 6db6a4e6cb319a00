"""The addresses of emails' pictures: for everybody, for ever, and nothing but a picture."""

import io

import pytest
from PIL import Image

from funnel.services.keep_image import keep_image
from funnel.services.read_images import list_images
from funnel.storage.audit import list_newest
from funnel.web.guards import MOST_BODY_BYTES, MOST_UPLOAD_BYTES
from tests.web.served import Served


def photo(shade: int = 120) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (90, 60), (shade, 10, 10)).save(out, "PNG")
    return out.getvalue()


def keep(served: Served, content: bytes, name: str = "C:\\Mira\\a \u202ephoto.png"):
    return keep_image(content, name, by="mira", transactions=served.deps.transactions)


def test_a_kept_picture_is_shown_to_every_mail_program(served: Served):
    kept = keep(served, photo())
    answer = served.get(kept.path)
    assert answer.status_code == 200
    assert Image.open(io.BytesIO(answer.content)).size == (90, 60)
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_the_same_picture_is_kept_once(served: Served):
    first, second = keep(served, photo(7)), keep(served, photo(7), "again.png")
    assert first.path == second.path
    found = [each for each in list_images(served.deps.transactions) if each.path == first.path]
    assert [each.name for each in found] == ["a photo.png"]
    with served.deps.transactions.begin() as tx:
        digest = found[0].digest
        assert [each.action for each in list_newest(tx, limit=99) if each.target == digest] == [
            "image.kept"
        ]


@pytest.mark.parametrize(
    "path",
    [
        f"/images/{'0' * 64}.png",
        f"/images/{'0' * 64}.svg",
        f"/images/{'A' * 64}.png",
        "/images/x.png",
        "/images/..%2f..%2fetc%2fpasswd",
        "/images/",
    ],
)
def test_there_is_nothing_else(served: Served, path: str):
    assert served.get(path).status_code == 404


def test_a_picture_has_one_address(served: Served):
    path = keep(served, photo(9)).path
    assert served.get(path.replace(".png", ".jpg")).status_code == 404


def test_only_where_pictures_are_sent_to_may_a_body_be_large(served: Served):
    body = b"x" * (MOST_BODY_BYTES + 1)
    assert served.post("/studio/templates/short/first", data=body).status_code == 413
    assert served.post("/studio/images", data=body).status_code != 413
    body = b"x" * (MOST_UPLOAD_BYTES + 1)
    assert served.post("/studio/images", data=body).status_code == 413
