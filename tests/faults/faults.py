"""The faults: what each does to a call, and what is to come of it."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from dataclasses import dataclass

import toastnb as tn
from tests.faults.proxy import Strike, Wire

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n"
HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </x>; rel=preload\r\n\r\n"
ELSEWHERE = "http://127.0.0.2:9/elsewhere"

# What comes of it when it is over before the call's time is: the call itself succeeds, or only the next one does.
SAME_CALL, NEXT_CALL = "the same call", "the next call"


@dataclass(frozen=True)
class Fault:
    """A fault, and what has to come of it.

    Attributes
    ----------
    name : str
        In words, for the table.
    where : str
        At which point it strikes: see `Plan`; or "name", where the host is looked up.
    strike : callable
        What happens there.
    kind : type
        The error that it ends in.
    fate_open : bool
        Whether a write may have been carried out.
    recovers : str
        What succeeds when it strikes once: the same read, or only the next one.
    reached : tuple of int
        How many requests reach the service while it stays: of a read, of a write.
    waits : bool
        Whether it takes the whole time that the call has.
    """

    name: str
    where: str
    strike: Strike
    kind: type[tn.ToastError]
    fate_open: bool
    recovers: str = SAME_CALL
    reached: tuple[int, int] = (4, 1)
    waits: bool = False


# --- what happens ----------


def answered(content: bytes) -> Strike:
    return lambda wire: wire.client.sendall(content)


def page(status: int, *fields: str) -> Strike:
    """Answer as a gateway does."""
    body = f"<html><body><h1>{status} from a gateway</h1></body></html>".encode()
    head = "".join(f"{field}\r\n" for field in ("Content-Type: text/html", "Connection: close", *fields))
    return answered(f"HTTP/1.1 {status} Whatever\r\n{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)


def reset(wire: Wire) -> None:
    wire.reset()


def reset_unread(wire: Wire) -> None:
    wire.reset_unread()


def hang_up(_: Wire) -> None:
    """Close the connection without an answer."""


def silence(wire: Wire) -> None:
    wire.over.wait()


def reset_half_way(wire: Wire) -> None:
    wire.client.sendall(wire.answer[: -len(body_of(wire.answer)) // 2])
    wire.reset()


def body_of(answer: bytes) -> bytes:
    return answer.partition(b"\r\n\r\n")[2]


def status_of(answer: bytes) -> bytes:
    return answer.partition(b"\r\n")[0]


def framed(answer: bytes, how: str) -> bytes:
    """Return the service's answer with its length told, in chunks, or ended by closing the connection."""
    if how == "length":
        return answer
    body, fields = body_of(answer), b"Content-Type: application/json\r\n"
    if how == "close":
        return status_of(answer) + b"\r\n" + fields + b"\r\n" + body
    parts = [body[i : i + 100] for i in range(0, len(body), 100)]
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts)
    return status_of(answer) + b"\r\n" + fields + b"Transfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n"


def cut(how: str, at: Callable[[bytes], int]) -> Strike:
    """Send the service's answer up to a byte, and close."""

    def strike(wire: Wire) -> None:
        whole = framed(wire.answer, how)
        wire.client.sendall(whole[: at(whole)])

    return strike


def in_status(_: bytes) -> int:
    return 11


def in_head(whole: bytes) -> int:
    return whole.index(b"\r\n\r\n") - 5


def in_body(whole: bytes) -> int:
    return len(whole) - len(body_of(whole)) // 2 - 1


def dripping(head: bytes, drop: bytes) -> Strike:
    return lambda wire: wire.drip(head, drop)


def handed_out_in_drips(wire: Wire) -> None:
    """Send the service's own answer, a byte at a time and never the last."""
    wire.client.sendall(wire.answer[: -len(body_of(wire.answer))])
    for byte in body_of(wire.answer)[:-1]:
        if wire.over.wait(0.05):
            return
        wire.client.sendall(bytes([byte]))
    wire.over.wait()


def bomb(layers: int = 1, size: int = 2**23) -> bytes:
    """Return an answer of some kilobytes that unpacks to megabytes of blanks, and then to what the API would answer."""
    content = b" " * size + b'{"header":{"isSuccessful":true,"resultCode":0}}'
    for _ in range(layers):
        content = gzip.compress(content, 9)
    encoding = b", ".join([b"gzip"] * layers)
    return HEAD + b"Content-Encoding: %s\r\nContent-Length: %d\r\n\r\n" % (encoding, len(content)) + content


def flood(head: bytes, piece: bytes, most: int = 2**26) -> Strike:
    """Send and send."""

    def strike(wire: Wire) -> None:
        wire.client.sendall(head)
        for _ in range(most // len(piece)):
            wire.client.sendall(piece)

    return strike


def twice(wire: Wire) -> None:
    """Answer, and then send a second answer that nobody asked for."""
    second = b'{"header":{"isSuccessful":true,"resultCode":0},"of":"somebody else"}' + b" " * 2**17
    wire.client.sendall(wire.answer + HEAD + b"Content-Length: %d\r\n\r\n" % len(second) + second)
    wire.over.wait(0.2)


def empty_and_late(wire: Wire) -> None:
    """Answer with nothing, and with what the service said when the client may be at its next call."""
    wire.client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    wire.over.wait(0.1)
    wire.client.sendall(wire.answer)


# --- all of them ----------

MB = b" " * 2**16
NET, BAD, LATE, SERVICE = tn.NetworkFailure, tn.BadAnswer, tn.DeadlineExceeded, tn.ServiceFailure

ON_THE_WAY = [
    Fault("the host's name is not known", "name", hang_up, NET, False, reached=(0, 0)),
    Fault("looking the name up never ends", "name", silence, LATE, False, NEXT_CALL, (0, 0), waits=True),
    Fault("connection refused", "name", hang_up, NET, False, reached=(0, 0)),
    Fault(
        "connecting is never answered, at any of three addresses", "name", silence, LATE, False, NEXT_CALL, (0, 0), True
    ),
    Fault("reset before the request was read", "accept", reset_unread, NET, True, reached=(0, 0)),
    Fault("reset while the request was read", "first line", reset, NET, True, reached=(0, 0)),
    Fault("reset after the request was read", "request", reset, NET, True, reached=(0, 0)),
    Fault("reset after the request reached the service", "answer", reset, NET, True),
    Fault("closed without an answer", "answer", hang_up, NET, True),
    Fault("reset during the answer", "answer", reset_half_way, NET, True),
    Fault("HTTP 103 first, then closed", "answer", answered(HINTS), NET, True),
]
CERTIFICATES = [
    Fault("TLS: a certificate signed by itself", "certificate", hang_up, NET, False, NEXT_CALL, (0, 0)),
    Fault("TLS: a certificate for another name", "certificate", hang_up, NET, False, NEXT_CALL, (0, 0)),
    Fault("TLS: a certificate that has expired", "certificate", hang_up, NET, False, NEXT_CALL, (0, 0)),
    Fault("TLS: a handshake that is never answered", "handshake", silence, LATE, False, NEXT_CALL, (0, 0), waits=True),
]
CUT = [
    Fault("cut in the status line", "answer", cut("length", in_status), NET, True),
    Fault("cut in the head", "answer", cut("length", in_head), NET, True),
    Fault("cut in the body", "answer", cut("length", in_body), NET, True),
    Fault("cut in the body, in chunks", "answer", cut("chunked", in_body), NET, True),
    Fault("cut in the body, its length not told", "answer", cut("close", in_body), BAD, True),
]
SLOW = [
    Fault("never answered", "answer", silence, LATE, True, NEXT_CALL, (1, 1), waits=True),
    Fault("the status line drips", "answer", dripping(b"H", b"T"), LATE, True, NEXT_CALL, (1, 1), waits=True),
    Fault("the head drips", "answer", dripping(HEAD + b"X: ", b"y"), LATE, True, NEXT_CALL, (1, 1), waits=True),
    Fault("the body drips", "answer", handed_out_in_drips, LATE, True, NEXT_CALL, (1, 1), waits=True),
]
REDIRECTED = [
    Fault(
        f"HTTP {status}, to elsewhere", "request", page(status, f"Location: {ELSEWHERE}"), BAD, False, NEXT_CALL, (0, 0)
    )
    for status in (301, 307, 308)
] + [
    Fault(
        f"HTTP {status}, to elsewhere", "answer", page(status, f"Location: {ELSEWHERE}"), BAD, True, NEXT_CALL, (1, 1)
    )
    for status in (302, 303)
]
GATEWAY = [
    Fault("HTTP 429 with HTML", "request", page(429), SERVICE, False, reached=(0, 0)),
    Fault(
        "HTTP 429 with HTML and Retry-After", "request", page(429, "Retry-After: 3600"), SERVICE, False, reached=(0, 0)
    ),
    Fault("HTTP 408 with HTML", "answer", page(408), SERVICE, True),
    *(
        Fault(f"HTTP {status} with HTML{words}", "answer", page(status, *fields), SERVICE, True)
        for status in (502, 503, 504)
        for words, fields in (("", ()), (" and Retry-After", ("Retry-After: 3600",)))
    ),
]
TOO_MUCH = [
    Fault("a gzip bomb", "answer", answered(bomb()), BAD, True, NEXT_CALL, (1, 1)),
    Fault("a gzip bomb in a gzip", "answer", answered(bomb(2)), BAD, True, reached=(4, 1)),
    Fault(
        "announced larger than any inventory",
        "answer",
        answered(HEAD + b"Content-Length: %d\r\n\r\n{" % (5 * 2**30)),
        BAD,
        True,
        NEXT_CALL,
        (1, 1),
    ),
    Fault(
        "chunks without end",
        "answer",
        flood(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"%x\r\n%s\r\n" % (len(MB), MB)),
        BAD,
        True,
        NEXT_CALL,
        (1, 1),
    ),
    Fault("a body without end", "answer", flood(HEAD + b"\r\n", MB), BAD, True, NEXT_CALL, (1, 1)),
    Fault("a head of very many lines", "answer", flood(HEAD, b"X: y\r\n" * 1000), BAD, True),
    Fault("a head with a very long line", "answer", flood(HEAD + b"X: ", b"y" * 2**16, 2**20), BAD, True),
    Fault("a head line without end", "answer", flood(HEAD + b"X: ", b"y" * 2**16), BAD, True),
]
GARBAGE = [
    Fault("another protocol", "answer", answered(b"SSH-2.0-OpenSSH_9.9\r\n" * 10), BAD, True),
    Fault("noise instead of HTTP", "answer", answered(bytes(range(256)) * 4), BAD, True),
    Fault("a status that is no number", "answer", answered(b"HTTP/1.1 two hundred\r\n\r\n"), BAD, True),
    Fault(
        "gzip that is none",
        "answer",
        answered(HEAD + b"Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\n{  }"),
        BAD,
        True,
    ),
    Fault(
        "an encoding that was not asked for",
        "answer",
        answered(HEAD + b"Content-Encoding: br\r\nContent-Length: 2\r\n\r\n{}"),
        BAD,
        True,
    ),
    Fault("HTML with HTTP 200", "answer", page(200), BAD, True, NEXT_CALL, (1, 1)),
    Fault("an empty answer, and the service's own later", "answer", empty_and_late, BAD, True, NEXT_CALL, (1, 1)),
]
ALL = [*ON_THE_WAY, *CERTIFICATES, *CUT, *SLOW, *REDIRECTED, *GATEWAY, *TOO_MUCH, *GARBAGE]
DESYNC = Fault("a second answer nobody asked for", "answer", twice, NET, False)
