"""Whom the client speaks to, and with what: nobody but the configured host, and nothing but our own credentials."""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

import toastnb as tn
from tests.transport.conftest import Connect
from tests.transport.hostile import Hostile, answer, dripping, reset, token, tunnel
from toastnb.api import Api

Fails = Callable[..., tn.ToastError]
NAME = "api-compute.test"
FLAVORS = answer(flavors=[{"id": "f-1"}])


def certificate(folder: Path) -> Path:
    """Write a certificate, signed by itself, for this machine and for `NAME`; return its file with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    names = x509.SubjectAlternativeName([x509.DNSName(NAME), x509.IPAddress(ip_address("127.0.0.1"))])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(names, critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file = folder / "server.pem"
    file.write_bytes(private + made.public_bytes(pem))
    return file


@pytest.fixture(scope="module")
def pem(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture
def secure(pem: Path) -> Iterator[Hostile]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    with Hostile(tls=context) as secure:
        secure.on("GET flavors", FLAVORS)
        yield secure


@pytest.fixture
def remote(secure: Hostile, pem: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the address of a service that is trusted and, for all that the client knows, far away."""
    look_up = socket.getaddrinfo

    def from_our_own_name_server(host: str, *more: Any, **options: Any) -> Any:
        return look_up("127.0.0.1" if host == NAME else host, *more, **options)

    monkeypatch.setattr(socket, "getaddrinfo", from_our_own_name_server)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(pem))
    return f"https://{NAME}:{secure.port}/compute"


def test_a_trusted_service_elsewhere_is_served(remote: str, secure: Hostile, connect: Connect) -> None:
    assert connect(remote).flavors()[0].id == "f-1"
    assert secure.received[0].headers["host"] == f"{NAME}:{secure.port}"


def test_an_untrusted_certificate_ends_it_at_once(secure: Hostile, connect: Connect, fails: Fails) -> None:
    client = connect(secure.base_url)
    error = fails(client.flavors, tn.NetworkFailure)
    assert "its certificate is not trusted" in str(error)
    assert secure.received == []
    assert secure.connections == 1
    assert not fails(lambda: client.delete_instance("i-1"), tn.NetworkFailure).may_have_happened


def test_a_certificate_for_another_name_ends_it_at_once(
    remote: str, secure: Hostile, connect: Connect, fails: Fails, monkeypatch: pytest.MonkeyPatch
) -> None:
    look_up = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *more, **options: look_up("127.0.0.1", *more, **options))
    error = fails(connect(remote.replace(NAME, "other.test")).flavors, tn.NetworkFailure)
    assert "its certificate is not trusted" in str(error)
    assert secure.received == []


@pytest.mark.usefixtures("no_backoff")
def test_a_service_that_speaks_no_tls_gets_no_credentials(hostile: Hostile, connect: Connect) -> None:
    client = connect(hostile.base_url.replace("http:", "https:"), timeout=0.5)
    with pytest.raises((tn.NetworkFailure, tn.DeadlineExceeded)):
        client.flavors()
    assert all(b"the-password" not in request.body for request in hostile.received)


@pytest.mark.usefixtures("no_backoff")
def test_a_refused_connection(connect: Connect, fails: Fails) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    client = connect(f"http://127.0.0.1:{port}/compute")
    assert f"no connection to 127.0.0.1:{port} (connection refused)" in str(fails(client.flavors, tn.NetworkFailure))
    assert not fails(lambda: client.delete_instance("i-1"), tn.NetworkFailure).may_have_happened


@pytest.mark.usefixtures("no_backoff")
def test_an_unknown_host_name(connect: Connect, fails: Fails, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(host: str, *_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    error = fails(connect("https://no-such-host.invalid/compute").flavors, tn.NetworkFailure)
    assert "no connection to no-such-host.invalid (its name is not known)" in str(error)


@pytest.mark.usefixtures("no_backoff")
@pytest.mark.parametrize("host", ["a" * 64 + ".invalid", "a..b", "*", "%", "한글..kr"])
def test_a_host_name_that_cannot_be(connect: Connect, host: str) -> None:
    with pytest.raises((tn.NetworkFailure, tn.InvalidInput)):
        connect(f"https://{host}/compute", timeout=10).flavors()


@pytest.mark.parametrize(
    "url",
    [
        "http://192.0.2.1/compute",
        "http://api-compute.cloud.toast.com/compute",
        "HTTP://api-compute.cloud.toast.com/compute",
        "http://127.0.0.1.example.com/compute",
        "http://127.0.0.1@example.com/compute",
        "http://example.com\\@127.0.0.1/compute",
        "http://127.0.0.1\\@example.com/compute",
        "http://127.0.0.1#@example.com/compute",
        "http://[::ffff:192.0.2.1]/compute",
        "http://0.0.0.0/compute",
        "http://2130706433.example.com/compute",
    ],
)
def test_plain_http_is_for_this_machine_only(url: str) -> None:
    with pytest.raises(tn.InvalidInput, match="base_url must"):
        tn.connect(appkey="an-appkey", username="u", password="a-password", base_url=url)


def test_cookies_are_not_kept(hostile: Hostile, client: Api) -> None:
    hostile.on("GET flavors", answer(flavors=[]))
    hostile.on("POST tokens", token(Set_Cookie="who=you; Path=/"))
    client.flavors()
    client.flavors()
    assert len(hostile.received) == 3
    assert all("cookie" not in request.headers for request in hostile.received)


@pytest.fixture
def netrc(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave a ~/.netrc with an entry for everybody."""
    file = Path.home() / ".netrc"
    entries = [f"machine {host} login someone password else" for host in (NAME, "127.0.0.1")]
    file.write_text("\n".join([*entries, "default login someone password else\n"]))
    file.chmod(0o600)
    monkeypatch.setenv("NETRC", str(file))


@pytest.mark.usefixtures("netrc")
def test_netrc_is_not_used(remote: str, secure: Hostile, hostile: Hostile, connect: Connect) -> None:
    for service, base_url in ((secure, remote), (hostile, hostile.base_url)):
        service.on("GET flavors", FLAVORS)
        requests.get(base_url, timeout=5)  # what requests does by itself, to see that the entry is found
        assert service.received[0].headers["authorization"].startswith("Basic ")
        connect(base_url).flavors()
        sign_in, read = service.received[1:]
        assert "authorization" not in sign_in.headers
        assert "authorization" not in read.headers


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "HTTPS_PROXY"])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_no_proxy_stands_between_us_and_loopback(
    hostile: Hostile, connect: Connect, monkeypatch: pytest.MonkeyPatch, variable: str, host: str
) -> None:
    hostile.on("GET flavors", FLAVORS)
    with Hostile() as proxy:
        monkeypatch.setenv(variable, f"http://127.0.0.1:{proxy.port}")
        connect(hostile.base_url.replace("127.0.0.1", host)).flavors()
        assert proxy.connections == 0
    assert len(hostile.received) == 2


@pytest.mark.usefixtures("no_backoff")
def test_a_proxy_for_elsewhere_sees_the_host_and_nothing_else(
    remote: str, connect: Connect, fails: Fails, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Hostile() as proxy:
        proxy.on("*", answer(403))
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
        client = connect(remote)
        fails(client.flavors, tn.NetworkFailure)
        assert {request.method for request in proxy.received} == {"CONNECT"}
        assert all(request.target.startswith(f"{NAME}:") for request in proxy.received)
        assert "the-appkey" not in str(proxy.received)


@pytest.mark.usefixtures("no_backoff")
def test_a_write_that_a_proxy_refused_to_carry_has_not_happened(
    remote: str, secure: Hostile, connect: Connect, fails: Fails, monkeypatch: pytest.MonkeyPatch
) -> None:
    secure.on("POST tokens", token(Connection="close"))
    with Hostile() as proxy:
        proxy.on("*", tunnel, answer(403))
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
        error = fails(lambda: connect(remote).delete_instance("i-1"), tn.NetworkFailure)
    assert [request.call for request in secure.received] == ["POST tokens"]
    assert len(proxy.received) == 2
    assert not error.may_have_happened


def test_a_service_far_behind_a_proxy_has_time_for_its_handshake(
    remote: str, secure: Hostile, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    secure.on("GET flavors", FLAVORS)
    with Hostile() as proxy:
        proxy.on("*", partial(tunnel, far_away=0.6))
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
        assert connect(remote).flavors()[0].id == "f-1"
    assert proxy.connections == 1


@pytest.fixture
def behind(remote: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Return the address of a service that is reached through a proxy."""
    with Hostile() as proxy:
        proxy.on("*", tunnel)
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
        yield remote
        assert proxy.connections > 0


def test_a_slow_answer_through_a_proxy_ends_by_the_timeout(
    behind: str, secure: Hostile, connect: Connect, fails: Fails
) -> None:
    secure.on("GET flavors", dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n", b" "))
    timer = threading.Timer(15, secure.end)  # a client that would wait for ever is told otherwise
    timer.start()
    start = time.monotonic()
    fails(connect(behind, timeout=1).flavors, tn.DeadlineExceeded)
    assert time.monotonic() - start < 10
    timer.cancel()
    timer.join()


def test_a_write_that_breaks_off_behind_a_proxy_may_have_happened(
    behind: str, secure: Hostile, connect: Connect, fails: Fails
) -> None:
    secure.on("DELETE instances", reset)
    assert fails(lambda: connect(behind).delete_instance("i-1"), tn.NetworkFailure).may_have_happened
    assert len(secure.calls("DELETE instances")) == 1


def test_the_debug_level_of_http_client_prints_nothing(
    hostile: Hostile, client: Api, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(http.client.HTTPConnection, "debuglevel", 1)
    hostile.on("GET flavors", FLAVORS)
    client.flavors()
    assert capfd.readouterr() == ("", "")
