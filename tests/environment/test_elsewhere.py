"""What a machine's environment says about networks leads nothing astray: ~/.netrc, proxies, files of certificates."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import toastnb as tn
from tests.environment.support import command, environment_of
from tests.transport.hostile import Hostile, answer

PROXIES = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"]
BUNDLES = ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR"]
NAME = "api-compute.test"


@pytest.fixture
def proxy() -> Iterator[Hostile]:
    with Hostile() as proxy:
        proxy.on("*", answer(403))
        yield proxy


def against_us(folder: Path, proxy: Hostile, bundle: Path) -> dict[str, str]:
    """Return an environment in which everything points elsewhere, in lower case too."""
    netrc = folder / "home" / ".netrc"
    lines = [f"machine {host} login someone password else\n" for host in ("127.0.0.1", "localhost")]
    netrc.write_text("".join([*lines, "default login someone password else\n"]))
    netrc.chmod(0o600)
    where = dict.fromkeys(PROXIES, f"http://someone:else@127.0.0.1:{proxy.port}") | dict.fromkeys(BUNDLES, str(bundle))
    return where | {name.lower(): value for name, value in where.items()} | {"NETRC": str(netrc)}


@pytest.mark.parametrize("bundle", ["gone.pem", "garbage.pem"])
def test_this_machine_is_reached_directly_whatever_the_environment_says(
    sandbox: tn.Sandbox, proxy: Hostile, tmp_path: Path, bundle: str
) -> None:
    (tmp_path / "garbage.pem").write_text("no certificate")
    environment = environment_of(sandbox, tmp_path) | against_us(tmp_path, proxy, tmp_path / bundle)
    done = command(["inventory", "--save", "account.zip", "-t", "flavors"], environment, tmp_path)
    assert done.returncode == 0, done.stderr
    assert proxy.connections == 0
    assert len(tn.load_inventory(tmp_path / "account.zip").instances_detail) == 40


def test_what_netrc_says_is_not_sent(proxy: Hostile, hostile: Hostile, tmp_path: Path) -> None:
    environment = environment_of(None, tmp_path) | against_us(tmp_path, proxy, tmp_path / "gone.pem")
    account = {"APPKEY": "an-appkey", "USERNAME": "me", "PASSWORD": "a-password", "BASE_URL": hostile.base_url}
    environment |= {f"TOASTNB_{name}": value for name, value in account.items()}
    hostile.on("GET tokens", answer(401))
    assert command(["whoami"], environment, tmp_path).returncode == 2
    assert [request.call for request in hostile.received][:2] == ["POST tokens", "GET tokens"]
    assert all("authorization" not in request.headers for request in hostile.received)
    assert "else" not in str(hostile.received)
    assert proxy.connections == 0


BROKEN: dict[str, tuple[dict[str, str], str]] = {
    **{
        f"{name}, {file}": ({name: file}, "the CA certificates that REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE names")
        for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
        for file in ("gone.pem", "garbage.pem")
    },
    "no proxy's address": ({"HTTPS_PROXY": "http://"}, "the proxy that the environment names cannot be used"),
    "a proxy of another kind": ({"HTTPS_PROXY": "gopher://x"}, "the proxy that the environment names cannot be used"),
}


@pytest.mark.usefixtures("no_backoff")
@pytest.mark.parametrize("how", BROKEN)
def test_another_machine_is_not_reached_around_what_is_broken(
    hostile: Hostile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """It is refused before anything is sent, and the error names what is wrong."""
    look_up = socket.getaddrinfo

    def from_our_own_name_server(host: str, *more: Any, **options: Any) -> Any:
        return look_up("127.0.0.1" if host == NAME else host, *more, **options)

    monkeypatch.setattr(socket, "getaddrinfo", from_our_own_name_server)
    (tmp_path / "garbage.pem").write_text("no certificate")
    monkeypatch.chdir(tmp_path)
    for name in BUNDLES:
        monkeypatch.delenv(name, raising=False)
    variables, said = BROKEN[how]
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    account = {"appkey": "an-appkey", "username": "me", "password": "a-password"}
    base_url = f"https://{NAME}:{hostile.port}/compute"
    with tn.connect(**account, base_url=base_url, timeout=20) as toast, pytest.raises(tn.NetworkFailure) as caught:
        toast.flavors()
    assert said in str(caught.value)
    assert hostile.received == []
