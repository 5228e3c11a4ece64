"""Validated fields of forms, with no widget in them: text, whole numbers, one choice, several, a file's path.

A field keeps what was entered even where it is wrong, and `problem` says what is wrong with it. Whoever shows a field
watches it: bounds, options, notes and visibility change while other fields are filled in.
"""

from toastnb.fields.base import SENTENCES, Field, Option, Watchers
from toastnb.fields.choices import Choice, Several, several
from toastnb.fields.numbers import Integer
from toastnb.fields.texts import FilePath, Text, refusal

__all__ = [
    "SENTENCES",
    "Choice",
    "Field",
    "FilePath",
    "Integer",
    "Option",
    "Several",
    "Text",
    "Watchers",
    "refusal",
    "several",
]
