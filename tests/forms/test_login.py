"""Signing in: secrets are taken over at once, nothing shows them, and the account is there afterwards."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import toastnb as tn
from tests.forms.support import ended, log
from toastnb.config import DEFAULT_BASE_URL, config_path, resolve
from toastnb.forms.signing_in import LoginForm
from toastnb.redaction import Secret


@pytest.fixture
def form(sandbox: tn.Sandbox) -> Iterator[LoginForm]:
    with LoginForm(lang="en") as form:
        form.set(base_url=sandbox.base_url, username=sandbox.username)
        form.give_secret("appkey", sandbox.appkey)
        form.give_secret("password", sandbox.password)
        yield form
        if form.toast:
            form.toast.close()


def test_it_signs_in_and_says_as_whom(form: LoginForm, sandbox: tn.Sandbox) -> None:
    assert form.problems() == {}
    result = form.submit()
    assert result.columns.tolist() == ["profile", "username", "endpoint", "roles", "expires"]
    assert result[["username", "endpoint", "roles"]].values.tolist() == [[sandbox.username, sandbox.base_url, "ADMIN"]]
    assert result.profile.isna().all()
    assert len(form.toast.instances()) == 40
    assert log(form) == [["login", f"{sandbox.username} · 127.0.0.1:{sandbox.port}", "done"]]
    assert form.secrets == {"appkey": False, "password": False}
    assert not config_path().exists()


def test_it_works_in_a_thread(form: LoginForm) -> None:
    assert form.start()
    ended(form)
    assert form.error is None
    assert len(form.toast.flavors()) > 5


def test_what_is_missing_is_said(sandbox: tn.Sandbox) -> None:
    with LoginForm() as form:
        assert form.values() == {"base_url": DEFAULT_BASE_URL, "username": "", "store": False}
        assert form.problems().keys() == {"username", "appkey", "password"}
        form.give_secret("appkey", "x" * 9)
        assert form.problems().keys() == {"username", "password"}
        form.give_secret("appkey", "")
        assert form.secrets == {"appkey": False, "password": False}
        with pytest.raises(tn.InvalidInput, match="no secret 'token'"):
            form.give_secret("token", "x")
        with pytest.raises(tn.InvalidInput, match="the password is kept in no field"):
            form.set(password="x")


@pytest.mark.parametrize("url", ["http://api.example.com/compute", "ftp://x", "https://x/v1.0", "https://me:pw@x/c"])
def test_an_address_that_is_not_allowed_is_a_problem(form: LoginForm, url: str) -> None:
    form.set(base_url=url)
    assert form.problems().keys() == {"base_url"}
    assert not form.start()


def test_a_wrong_password_is_an_error_and_can_be_given_again(form: LoginForm, sandbox: tn.Sandbox) -> None:
    form.give_secret("password", "not the password")
    entries = form.values()
    with pytest.raises(tn.CredentialsError):
        form.submit()
    assert form.toast is None
    assert form.values() == entries
    assert log(form)[0][2] == "not_sent"
    form.give_secret("password", Secret(sandbox.password))
    form.submit()
    assert form.toast is not None


def test_a_profile_is_stored_when_asked_for(form: LoginForm, sandbox: tn.Sandbox) -> None:
    form.set(store=True)
    assert form.values()["profile"] == "default"
    form.set(profile="lab")
    result = form.submit()
    assert result.profile.tolist() == ["lab"]
    stored = resolve("lab")
    assert (stored.username, stored.base_url) == (sandbox.username, sandbox.base_url)
    assert stored.password.reveal() == sandbox.password
    assert form.toast.account().name == "lab"
    assert str(config_path()) in form.log.message[0]
    assert form.code() == "toast = tn.connect('lab')"


@pytest.mark.parametrize("name", ["", "sandbox", "a\nb"])
def test_a_profile_needs_a_name(form: LoginForm, name: str) -> None:
    form.set(store=True, profile=name)
    assert form.problems().keys() == {"profile"}
    assert not form.set(store=False).problems()


def test_a_profile_that_cannot_be_stored_is_an_error_but_signed_in(form: LoginForm) -> None:
    config_path().parent.mkdir(parents=True)
    config_path().write_text("not = [toml")
    with pytest.raises(tn.InvalidInput, match="not valid TOML"):
        form.set(store=True, profile="lab").submit()
    assert form.toast is not None
    assert form.result.username.tolist() == [form.values()["username"]]
    config_path().unlink()
    form.submit()
    assert resolve("lab").name == "lab"


def test_the_request_and_the_code_have_no_secret(form: LoginForm, sandbox: tn.Sandbox) -> None:
    body = {"auth": {"username": sandbox.username, "password": "***"}}
    assert form.request() == [{"method": "POST", "path": "tokens", "body": body}]
    assert form.code().startswith(f"toast = tn.connect(username={sandbox.username!r}, base_url={sandbox.base_url!r})")


def test_closing_leaves_the_account_open(form: LoginForm) -> None:
    form.submit()
    form.close()
    assert len(form.toast.flavors()) > 5
