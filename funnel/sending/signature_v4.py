"""AWS signature version 4, the part that a JSON request without a query needs.

"Create a signed AWS API request" (docs.aws.amazon.com/IAM/latest/UserGuide): a canonical request,
its hash in a string to sign, a key derived from the secret, the day, the region and the service.
The tests hold it to the vectors of AWS's published test suite.
"""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import quote

_ALGORITHM = "AWS4-HMAC-SHA256"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """Who signs, and for what."""

    access_key: str
    secret_key: str = field(repr=False)
    region: str
    service: str

    def sign(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes, *, now: datetime
    ) -> dict[str, str]:
        """Return the headers that sign a request: ``X-Amz-Date`` and ``Authorization``.

        Args:
            method: Upper case.
            path: As it is sent, without a query; of characters that need no second encoding.
            headers: All that shall be signed, ``Host`` among them.
            body: The very bytes that are sent.
            now: Aware real moment; AWS takes five minutes to either side of its own.
        """
        moment = now.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
        scope = f"{moment[:8]}/{self.region}/{self.service}/aws4_request"
        signed = {name.lower(): " ".join(value.split()) for name, value in headers.items()}
        signed["x-amz-date"] = moment
        names = ";".join(sorted(signed))
        canonical = "\n".join(
            [
                method,
                quote(path, safe="/-_.~"),
                "",  # no query
                *(f"{name}:{signed[name]}" for name in sorted(signed)),
                "",
                names,
                hashlib.sha256(body).hexdigest(),
            ]
        )
        digest = hashlib.sha256(canonical.encode()).hexdigest()
        text = "\n".join([_ALGORITHM, moment, scope, digest])
        signature = hmac.new(self._key(moment[:8]), text.encode(), hashlib.sha256).hexdigest()
        credential = f"Credential={self.access_key}/{scope}"
        return {
            "X-Amz-Date": moment,
            "Authorization": f"{_ALGORITHM} {credential}, SignedHeaders={names}, "
            f"Signature={signature}",
        }

    def _key(self, day: str) -> bytes:
        key = f"AWS4{self.secret_key}".encode()
        for part in (day, self.region, self.service, "aws4_request"):
            key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        return key
