"""Every error of ours, in one family: a class tells the caller what to do next."""

from datetime import datetime


class FunnelError(Exception):
    """The root of all errors that this service raises itself."""


class InvalidInputError(FunnelError):
    """Somebody gave us something wrong; the message says what, and how to fix it.

    Attributes:
        field: The field at fault, ``None`` where the whole is.
        remedy: One sentence that says what to do.
    """

    def __init__(self, message: str, *, field: str | None = None, remedy: str = "") -> None:
        super().__init__(message)
        self.field = field
        self.remedy = remedy


class DraftConflictError(InvalidInputError):
    """Somebody else saved or published meanwhile: nothing was changed, and both texts are here.

    Attributes:
        theirs: The text as it stands now; empty where it is gone.
        yours: The text that was to be saved or published; empty where the error is about a check.
        revision: What to give as ``seen`` to save over theirs: a template's revision, a sequence
            draft's checksum; empty: there is no draft now.
        by: Who wrote theirs.
        at: When they did, in real time.
    """

    def __init__(  # noqa: PLR0913  (data for a page that shows both)
        self,
        message: str,
        *,
        field: str | None = None,
        remedy: str = "",
        theirs: str = "",
        yours: str = "",
        revision: str = "",
        by: str = "",
        at: datetime | None = None,
    ) -> None:
        super().__init__(message, field=field, remedy=remedy)
        self.theirs = theirs
        self.yours = yours
        self.revision = revision
        self.by = by
        self.at = at


class NotFoundError(FunnelError):
    """The thing that was asked for does not exist (or is not the caller's to see)."""


class SignatureError(FunnelError):
    """A signature or token is missing, wrong or too old: answer 401 or 404, change nothing."""


class SendError(FunnelError):
    """A hand-over to a provider did not end in "accepted"."""


class NotSentError(SendError):
    """Provably not accepted; try again later: connect, TLS, 4yz, HTTP 429."""


class RefusedError(SendError):
    """Refused for good; never try this message again: 5yz, HTTP 400."""


class RecipientRefusedError(RefusedError):
    """The address itself is dead; the caller must suppress it."""


class UnknownOutcomeError(SendError):
    """Handed over, no answer: reset or time-out after the final dot, HTTP 5xx after the body.

    Never try again by yourself (RFC 1047): settle it first.
    """


class RenderError(FunnelError):
    """A template could not be rendered for one person; ``variable`` names what was missing."""

    def __init__(self, message: str, *, variable: str | None = None) -> None:
        super().__init__(message)
        self.variable = variable
