"""What a browser posts, read without a schema: a form's own page says what is wrong with it."""

from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends, Request
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException

from funnel.domain.speech import say

MOST_FIELDS = 150  # a file of people may have 120 columns, each with its meaning
MOST_PART_BYTES = 1024 * 1024  # of a text field; a file is held by what its body may have
_FORM_TYPES = ("application/x-www-form-urlencoded", "multipart/form-data")


@dataclass(frozen=True, slots=True, kw_only=True)
class PostedFile:
    """A file of a form: what its sender called it, and its content."""

    name: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class PostedForm:
    """The text fields of a form in their order, its file if it has one, the body as it came."""

    items: tuple[tuple[str, str], ...] = ()
    file: PostedFile | None = None
    body: bytes = b""

    def get(self, name: str) -> str:
        """Return the first value of a field, "" where it is missing."""
        return next((value for key, value in self.items if key == name), "")


async def posted_form(request: Request) -> PostedForm:
    """Return what was posted; read once, whoever asks for it first.

    Raises:
        HTTPException: It is no form, or holds what no form may.
    """
    found = getattr(request.state, "posted", None)
    if found is None:
        found = request.state.posted = await _read(request)
    return found


async def _read(request: Request) -> PostedForm:
    body = await request.body()
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if not body or kind not in _FORM_TYPES:
        return PostedForm(body=body)
    try:
        # Closed at the end: a file lies in a temporary one.
        async with request.form(
            max_files=1, max_fields=MOST_FIELDS, max_part_size=MOST_PART_BYTES
        ) as form:
            items, file = form.multi_items(), await _file_of(form)
    except (MultiPartException, HTTPException, UnicodeError, LookupError) as error:
        raise HTTPException(status_code=400, detail=say("This is not a form.")) from error
    pairs = tuple((name, value) for name, value in items if isinstance(value, str))
    if any("\x00" in text for pair in pairs for text in pair):
        # The database takes no NUL in a text, and no person types one.
        raise HTTPException(status_code=422, detail=say("This form holds a NUL character."))
    return PostedForm(items=pairs, file=file, body=body)


async def _file_of(form: FormData) -> PostedFile | None:
    for _name, value in form.multi_items():
        if isinstance(value, UploadFile) and value.filename:
            return PostedFile(name=value.filename, content=await value.read())
    return None


async def _posted_or_nothing(request: Request) -> PostedForm:
    try:
        return await posted_form(request)
    except HTTPException:
        return PostedForm()


Posted = Annotated[PostedForm, Depends(posted_form)]
# For the one click of mail services, which send what they like: the address alone says all.
PostedOrNothing = Annotated[PostedForm, Depends(_posted_or_nothing)]
