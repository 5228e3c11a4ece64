"""The field for a public key: a private key that is pasted by mistake is not kept."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from toastnb.audit.public_keys import sha256_of, taken_apart
from toastnb.audit.ssh_keys import judged
from toastnb.errors import InvalidInput, MissingExtra
from toastnb.fields import Text
from toastnb.forms.options import Say
from toastnb.rules import check_public_key

_LARGEST = 16 * 1024
_LINES = 5
_PRIVATE = re.compile("PRIVATE KEY|PuTTY-User-Key-File|^Private-", re.IGNORECASE | re.MULTILINE)


class PublicKeyText(Text):
    """A public key in OpenSSH's form, "ssh-ed25519 AAAA... comment".

    Parameters
    ----------
    name : str
        As in `Form.set`.
    say : callable
        Gives the words of a key in the form's language.
    """

    def __init__(self, name: str, say: Say) -> None:
        super().__init__(name, check=self._check_key, lines=_LINES)
        self._in_words = say
        self._refused = ""

    def set(self, value: Any) -> None:
        """Enter a key. A private one, and what is too large for a key, is let go at once."""
        refused = _refusal(value)
        super().set("" if refused else value)
        self._change(_refused=refused)

    def clear(self) -> None:
        """Let go of the value, and of what was refused."""
        super().clear()
        self._change(_refused="")

    def problem(self) -> str:
        """Say what is wrong, or what was refused."""
        if self._refused and self.visible:
            return self._in_words(self._refused)
        return super().problem()

    def described(self) -> str:
        """Return kind, bits and fingerprint of a key that is right; "" otherwise."""
        if self.is_empty or not self.visible or self.problem():
            return ""
        key = taken_apart(self.name, check_public_key(self.value))
        parts = {"kind": key.kind, "fingerprint": sha256_of(key.blob)}
        try:
            bits = judged(key).bits
        except MissingExtra:
            bits = None
        return self._in_words("keypair.kind_only" if bits is None else "keypair.kind", **parts, bits=bits)

    def _check_key(self, text: str) -> None:
        key = taken_apart(self.name, check_public_key(text))
        try:
            readable = judged(key).readable
        except MissingExtra:  # then the service judges it
            readable = bool(key.blob)
        if not readable:
            raise InvalidInput(self._in_words("keypair.unreadable"))


def _refusal(value: Any) -> str:
    """Return why a text is not taken, as a key of `words`; "" when it is."""
    if not isinstance(value, str):
        return ""
    if _PRIVATE.search(value):
        return "keypair.private"
    return "keypair.large" if len(value) > _LARGEST else ""


def content_of(path: str) -> str:
    """Return the text of a file, as much as is enough to see what it is.

    Raises
    ------
    OSError
        When it cannot be read.
    """
    with Path(path).expanduser().open("rb") as file:
        return file.read(_LARGEST + 1).decode(errors="replace")
