"""A search of files for secrets: their names, their bytes, and what is packed inside of them."""

from __future__ import annotations

import base64
import binascii
import gzip
import re
import zipfile
from collections.abc import Iterable, Iterator
from io import BytesIO
from pathlib import Path

import pyarrow.parquet as pq

_BASE64 = re.compile(rb"(?:[A-Za-z0-9+/]{4}){10,}(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")
_DEEPEST = 4


def layers(name: str, content: bytes, depth: int = 0) -> Iterator[tuple[str, bytes]]:
    """Yield a content and all that is packed inside: zip members, Parquet columns, gzip, base64."""
    yield name, content
    if depth == _DEEPEST:
        return
    if content.startswith(b"PK"):
        with zipfile.ZipFile(BytesIO(content)) as archive:
            for member in archive.namelist():
                yield f"{name}/{member}", member.encode()
                yield from layers(f"{name}/{member}", archive.read(member), depth + 1)
    elif content.startswith(b"PAR1"):
        table = pq.read_table(BytesIO(content), use_threads=False)
        yield f"{name} (metadata)", repr(table.schema.metadata).encode()
        for column in table.column_names:
            yield f"{name} ({column})", repr(table[column].to_pylist()).encode()
    elif content.startswith(b"\x1f\x8b"):
        yield from layers(f"{name} (gzip)", gzip.decompress(content), depth + 1)
    else:
        for number, found in enumerate(_BASE64.findall(content.replace(b"\\n", b"").replace(b"\n", b""))):
            try:
                yield from layers(f"{name} (base64 {number})", base64.b64decode(found), depth + 1)
            except (binascii.Error, zipfile.BadZipFile, OSError):
                continue


def places(folder: Path, secrets: Iterable[str]) -> dict[Path, list[str]]:
    """Return the files below a folder in which a secret is, and where in them."""
    wanted = [form for secret in secrets for form in (secret.encode(), secret.encode("utf-16-le"))]
    found: dict[Path, list[str]] = {}
    for path in folder.rglob("*"):
        content = path.read_bytes() if path.is_file() and not path.is_symlink() else b""
        for name, layer in [(f"name of {path}", str(path).encode()), *layers(path.name, content)]:
            if any(form in layer for form in wanted):
                found.setdefault(path, []).append(name)
    return found
