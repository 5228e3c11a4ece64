"""Texts that somebody who may name an instance could choose, to do harm or by accident."""

from __future__ import annotations

import re
import unicodedata

LONG = 10_000

SCRIPTS = {
    "script": "<script>window.taken=1;alert(1)</script>",
    "image": "<img src=x onerror=\"window.taken=1;document.title='taken'\">",
    "image, quoted once": "<img src=x onerror='window.taken=1'>",
    "svg": "<svg/onload=window.taken=1>",
    "attribute": '" onmouseover="window.taken=1" x="',
    "attribute, single": "' autofocus onfocus='window.taken=1",
    "end of a table": "</td></tr></table><b id=taken>loose</b>",
    "end of all": "</script></style></title></textarea></pre><b id=taken>loose</b>",
    "comment": "<!-- and then nothing",
    "cdata": "]]><b id=taken>loose</b>",
    "frame": '<iframe srcdoc="<script>parent.taken=1</script>"></iframe>',
    "link": '<a id=taken href="javascript:window.taken=1">here</a>',
    "style": "<style>*{display:none}</style>",
    "entity": "&lt;b&gt; &amp; &#60;b&#62; &nbsp;",
    "template": "{{constructor.constructor('window.taken=1')()}}",
    "dollar template": "${window.taken=1} $title $body",
}
MARKUP = {
    "mathtext": r"$\alpha$ and $x^2$",
    "broken mathtext": r"$\frac{1}{ and $\nosuchcommand$ $",
    "file by TeX": r"\input{/etc/passwd} $\href{javascript:taken=1}{x}$",
    "emphasis": "_a_ **b** `c` ~~d~~",
    "rows": "| a | b |\n|---|---|",
    "heading": "# one\n\n---",
    "markdown link": "[here](javascript:alert(1)) ![x](x)",
}
FORMULAS = {
    "sum": "=1+1",
    "plus": "+1+1",
    "minus": "-1-1",
    "at": "@SUM(A1)",
    "tab": "\t=1+1",
    "return": "\r=1+1",
    "newline": "\n=1+1",
    "blank": " =1+1",
    "ideographic blank": "\u3000=1+1",
    "full width": "＝1+1",
    "full width plus": "＋1",
    "full width minus": "－1",
    "full width at": "＠SUM(A1)",
    "command": "=cmd|' /C calc'!A0",
    "hyperlink": '=HYPERLINK("http://127.0.0.1/?"&A1,"here")',
    "array": "{=1+1}",
    "leading quote": "'=1+1",
    "leading double quote": '"=1+1',
    "own cell": 'web","=1+1',
    "own cell by semicolon": "web;=cmd|' /C calc'!A0;x",
    "own cell by tab": "web\t=1+1",
    "own row": "web\n=1+1",
    "own row by return": "web\r\n=1+1\r\n",
    "number": "1e5",
    "zeros": "007",
    "date": "2026-01-02",
    "escape of Excel": "_x0041_ _x000D_",
}
CONTROLS = {
    "clear": "\x1b[2J\x1b[H gone",
    "title": "\x1b]0;taken\x07",
    "colour": "\x1b[31mred",
    "clipboard": "\x1b]52;c;dGFrZW4=\x07",
    "C1": "\x9b31mred \x85 \x9d0;taken\x9c",
    "bell": "a\x07b",
    "backspace": "ab\x08\x08cd",
    "delete": "a\x7fb",
    "NUL": "a\x00b",
    "return alone": "web-01\rdb-99",
    "newline": "one\ntwo",
    "several lines": "one\r\ntwo\u2028three\u2029four\x0bfive\x0csix",
    "all controls": "".join(map(chr, [*range(0x20), *range(0x7F, 0xA0)])),
}
DIRECTIONS = {
    "override": "user\u202egpj.exe",
    "isolate": "\u2067abc\u2066def",
    "left open": "\u202e\u202d\u2068 never closed",
    "marks": "\u200ea\u200fb\u061cc",
    "Hebrew": "שלום web-01 (prod)",
    "Arabic": "خادم 01",
    "zero width": "we\u200bb\u200c-\u200d01\ufeff\u2060",
    "soft hyphen": "we\u00adb",
    "tags": "web\U000e0041\U000e007f",
}
CHARACTERS = {
    "combining": "Z\u0351\u036b\u0343\u036a" * 20,
    "only combining": "\u0301\u0302",
    "emoji": "😀 web 🚀",
    "emoji, joined": "👨\u200d👩\u200d👧 🇰🇷 ☎️",
    "Korean": "한국 웹 서버",
    "Korean, decomposed": unicodedata.normalize("NFD", "한국 웹 서버"),
    "accent, decomposed": "cafe\u0301",
    "ideographs": "漢字 サーバー",
    "private": "\ue000\U0010fffd",
    "no character": "\ufffe\uffff\U0001ffff",
    "unassigned": "\u0378",
    "lone surrogate": "a\ud800b",
    "other half": "\udc00",
    "halves in the wrong order": "\ude00\ud83d",
    "replacement": "\ufffd",
}
LENGTHS = {
    "empty": "",
    "blanks": "   ",
    "one blank": " ",
    "no-break blanks": "\u00a0\u3000",
    "long": "long name " * (LONG // 10),
    "long, no blanks": "x" * LONG,
    "long script": "<b>" * (LONG // 3),
    "long emoji": "🚀" * LONG,
    "too long for a cell": "y" * 40_000,
    "too long for a cell, astral": "🚀" * 20_000,
}
WORDS = {
    "nan": "nan",
    "NaN": "NaN",
    "None": "None",
    "NA": "NA",
    "<NA>": "<NA>",
    "null": "null",
    "true": "true",
    "Total": "Total",
    "missing": "(missing)",
    "in all": "in all",
    "dash": "-",
    "column": "zone",
    "figure": "ram_gb",
    "size class": "to_50_gb",
    "share": "vcpus_share",
    "underscores": "my_key_gb",
    "private name": "__class__",
    "percent": "%s %d %(name)s %n",
    "braces": "{} {0} {name} {0.__class__}",
    "escapes": r"\N{BULLET} \x41 \u0041 \n \\",
    "code": "'); __import__('os').system('touch taken') #",
    "triple quotes": "'''\"\"\"",
    "path": "../../etc/passwd",
    "parent": "..",
    "root": "/etc/passwd",
    "Windows path": "C:\\Windows\\win.ini",
    "device": "CON",
    "device with ending": "nul.txt",
    "option": "--out=/tmp/taken",
    "shell": "$(touch taken) `touch taken` ; touch taken | x",
    "query": "'; DROP TABLE instances; --",
    "URL": "https://127.0.0.1/?x=y&z",
    "glob": "[a-z]*?",
}
TEXTS: dict[str, str] = {
    f"{kind}: {name}": text
    for kind, texts in {
        "script": SCRIPTS,
        "markup": MARKUP,
        "formula": FORMULAS,
        "control": CONTROLS,
        "direction": DIRECTIONS,
        "character": CHARACTERS,
        "length": LENGTHS,
        "word": WORDS,
    }.items()
    for name, text in texts.items()
}

HARMFUL = re.compile(
    r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e007f]"
)
"""What must not reach a terminal: control characters but the end of a line, marks that turn or hide text."""

_HALF = re.compile(r"[\ud800-\udfff]")


def mended(text: str) -> str:
    """Return a text as the client shows it: what is no Unicode is U+FFFD."""
    return _HALF.sub("\ufffd", text)
