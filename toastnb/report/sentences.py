"""Sentences that show themselves as a list."""

from __future__ import annotations

from html import escape


class Sentences(tuple[str, ...]):
    """Sentences that show themselves as a list, with names from the service as text."""

    __slots__ = ()

    def __str__(self) -> str:
        return "\n".join(self)

    def _repr_html_(self) -> str:
        return f"<ul>{''.join(f'<li>{escape(sentence)}</li>' for sentence in self)}</ul>"
