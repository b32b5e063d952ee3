"""Signatures over ``SHA256SUMS``, made and checked with ``ssh-keygen -Y``.

A release is signed with a key that people have already, and checked with a tool that is on
nearly every machine. The namespace keeps a signature made for something else from passing.
Which key signs is no part of a release: it stands in no file but the signature.
"""

import base64
import binascii
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from onrecord.errors import ConfigurationError, RefusedError

NAMESPACE = "onrecord-release"
#: Names the key where no option does.
VARIABLE = "ONRECORD_SIGNING_KEY"
_BEGIN, _END = "-----BEGIN SSH SIGNATURE-----", "-----END SSH SIGNATURE-----"


class UnavailableError(RefusedError):
    """There is no ssh-keygen to sign or to check with."""


class BadSignatureError(RefusedError):
    """A signature that does not hold."""


def _tool() -> str:
    found = shutil.which("ssh-keygen")
    if not found:
        raise UnavailableError(
            "ssh-keygen is missing. It comes with OpenSSH: apt-get install openssh-client, or "
            "dnf install openssh."
        )
    return found


def signing_key(given: Path | None) -> Path | None:
    """The key to sign with: the one given, else the one in the environment, else none.

    Raises:
        ConfigurationError: there is no such file.
        UnavailableError: there is no ssh-keygen.
    """
    named = given or (Path(os.environ[VARIABLE]) if os.environ.get(VARIABLE) else None)
    if named is None:
        return None
    if not named.is_file():
        raise ConfigurationError(f"{named}: no such signing key")
    _tool()
    return named


def _run(*arguments: str, message: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    command = [_tool(), "-Y", *arguments]
    return subprocess.run(command, input=message, capture_output=True, check=False)  # noqa: S603


def _why(done: subprocess.CompletedProcess[bytes]) -> str:
    lines = (done.stderr or done.stdout).decode("utf-8", "replace").strip().splitlines()
    return lines[-1] if lines else f"ssh-keygen ended with {done.returncode}"


def sign(message: bytes, key: Path) -> bytes:
    """Sign some bytes.

    Args:
        message: what to sign.
        key: a private key; or a public one, where ssh-agent holds the private one.

    Returns:
        The signature, armoured.

    Raises:
        RefusedError: the key can't sign.
        UnavailableError: there is no ssh-keygen.
    """
    done = _run("sign", "-q", "-n", NAMESPACE, "-f", str(key), message=message)
    if done.returncode or not done.stdout:
        raise RefusedError(f"{key}: can't sign: {_why(done)}. Nothing was published.")
    return done.stdout


def _canonical(signature: bytes) -> bool:
    """Whether a signature is written as ssh-keygen writes it, in lines of one width.

    Base64 has spare bits and white space that change without the signature being another.
    """
    try:
        lines = signature.decode("ascii").split("\n")
        blob = base64.b64decode("".join(lines[1:-2]), validate=True)
    except (UnicodeDecodeError, binascii.Error):
        return False
    text = base64.b64encode(blob).decode("ascii")
    width = max(len(lines[1]), 1)
    body = [text[i : i + width] for i in range(0, len(text), width)]
    return lines == [_BEGIN, *body, _END, ""]


def check(message: bytes, signature: bytes, allowed: Path | None) -> str:
    """Check a signature.

    Args:
        message: what was signed.
        signature: as `sign` gives it.
        allowed: an allowed-signers file (see ``man ssh-keygen``); None to check only that
            whoever holds the key in the signature has signed just this.

    Returns:
        Who signed it, in words.

    Raises:
        BadSignatureError: it does not hold, or the signer is not allowed.
        ConfigurationError: the allowed-signers file can't be read.
        UnavailableError: there is no ssh-keygen.
    """
    if allowed is not None and not allowed.is_file():
        raise ConfigurationError(f"{allowed}: no such allowed-signers file")
    if not _canonical(signature):
        raise BadSignatureError("it is not written as ssh-keygen writes it")
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "signature"
        place.write_bytes(signature)
        given = ("-n", NAMESPACE, "-s", str(place))
        done = _run("check-novalidate", *given, message=message)
        if done.returncode:
            raise BadSignatureError(_why(done))
        if allowed is None:
            key = done.stdout.decode("utf-8", "replace").strip().rpartition(" ")[2]
            return f"the key {key}, which was not compared with allowed signers"
        listed = ("-f", str(allowed))
        found = _run("find-principals", *given, *listed)
        for signer in found.stdout.decode("utf-8", "replace").splitlines():
            done = _run("verify", *given, *listed, "-I", signer, message=message)
            if not done.returncode:
                return signer
    raise BadSignatureError(f"{allowed} names nobody who may sign this with that key")
