"""A throw-away certificate for the TLS of the test servers."""

import shutil
import subprocess
from pathlib import Path


def make_certificate(folder: Path, *, host: str) -> tuple[Path, Path]:
    """Return certificate and key, made for ``host`` and signed by itself, good for a day."""
    openssl = shutil.which("openssl")
    assert openssl, "the tests of TLS need openssl: apt-get install openssl"
    certificate, key = folder / f"{host}.pem", folder / f"{host}.key"
    command = [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
    command += ["-nodes", "-days", "1", "-subj", f"/CN={host}", "-addext"]
    command += [f"subjectAltName=DNS:{host}", "-out", str(certificate), "-keyout", str(key)]
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - fixed arguments
    return certificate, key
