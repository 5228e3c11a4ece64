"""Where `connect` finds what it needs, which place comes first, and what it says when there is nothing."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keyring
import keyring.errors
import pytest
from keyring.backend import KeyringBackend

import toastnb as tn
from tests.redaction.canary import MARK, shown_by
from toastnb import config, login
from toastnb.config import DEFAULT_BASE_URL, Profile, default_name
from toastnb.redaction import Secret

FULL = """
default = "prod"

[profiles.prod]
appkey = "prod-appkey"
username = "prod@example.com"
password = "prod-password"
base_url = "https://prod.example.com/compute"
read_only = true
timeout = 12

[profiles.dev]
appkey = "dev-appkey"
username = "dev@example.com"
password = "dev-password"
"""
VARIABLES = {
    "TOASTNB_APPKEY": "env-appkey",
    "TOASTNB_USERNAME": "env@example.com",
    "TOASTNB_PASSWORD": "env-password",
    "TOASTNB_BASE_URL": "https://env.example.com/compute",
}
ARGUMENTS = {"appkey": "arg-appkey", "username": "arg@example.com", "password": "arg-password"}


def write_config(text: str) -> Path:
    file = Path(os.environ["XDG_CONFIG_HOME"]) / "toastnb" / "config.toml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, "utf-8")
    return file


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)


def found(profile: str | None = None, **more: Any) -> Profile:
    with tn.connect(profile, **more) as toast:
        return toast.account()


def origin(account: Profile) -> list[str]:
    """Return the places that appkey, user name, password and address come from."""
    values = [account.appkey.reveal(), account.username, account.password.reveal(), account.base_url]
    return [value.removeprefix("https://").replace("@", "-").replace(".", "-").split("-")[0] for value in values]


# --- which place comes first ----------


def test_all_from_arguments() -> None:
    account = found(**ARGUMENTS)
    assert origin(account) == ["arg", "arg", "arg", "api"]
    assert (account.name, account.base_url) == ("", DEFAULT_BASE_URL)
    assert (account.read_only, account.timeout) == (False, 300.0)


@pytest.mark.usefixtures("environment")
def test_all_from_the_environment() -> None:
    account = found()
    assert origin(account) == ["env"] * 4
    assert account.name == ""


def test_all_from_the_default_profile_of_the_file() -> None:
    write_config(FULL)
    account = found()
    assert origin(account) == ["prod"] * 4
    assert (account.name, account.read_only, account.timeout) == ("prod", True, 12.0)


def test_a_profile_by_name() -> None:
    write_config(FULL)
    account = found("dev")
    assert origin(account) == ["dev", "dev", "dev", "api"]
    assert (account.name, account.read_only, account.timeout) == ("dev", False, 300.0)


def test_a_profile_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    write_config(FULL)
    monkeypatch.setenv("TOASTNB_PROFILE", "dev")
    assert found().name == "dev"
    assert found("prod").name == "prod"


@pytest.mark.usefixtures("environment")
def test_arguments_stand_before_the_environment_and_that_before_the_default_profile() -> None:
    write_config(FULL)
    assert origin(found()) == ["env"] * 4
    assert origin(found(appkey="arg-appkey")) == ["arg", "env", "env", "env"]
    assert origin(found(base_url="https://arg.example.com/compute")) == ["env", "env", "env", "arg"]


def test_the_account_of_another_appkey_does_not_get_the_name_of_the_default_profile(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write_config(FULL)
    assert (found().name, default_name()) == ("prod", "prod")
    assert found(appkey="arg-appkey").name == ""
    monkeypatch.setenv("TOASTNB_APPKEY", "prod-appkey")
    assert (found().name, default_name()) == ("prod", "prod")
    monkeypatch.setenv("TOASTNB_APPKEY", "env-appkey")
    assert (found().name, default_name()) == ("", "")
    monkeypatch.setenv("TOASTNB_PROFILE", "dev")
    assert (found().name, default_name()) == ("", "")
    assert found("dev").name == "dev"


def test_a_profile_without_an_appkey_is_lent_one_and_keeps_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    write_config('default = "bare"\n[profiles.bare]\nusername = "bare@example.com"\npassword = "bare-password"')
    monkeypatch.setenv("TOASTNB_APPKEY", "env-appkey")
    assert (found().name, default_name()) == ("bare", "bare")


@pytest.mark.usefixtures("environment")
def test_a_profile_that_is_asked_for_stands_before_the_environment() -> None:
    write_config(FULL)
    assert origin(found("prod")) == ["prod"] * 4
    assert origin(found("prod", **ARGUMENTS)) == ["arg", "arg", "arg", "prod"]


@pytest.mark.usefixtures("environment")
def test_the_environment_lends_a_profile_what_it_lacks_but_never_an_address() -> None:
    write_config('[profiles.bare]\nappkey = "bare-appkey"')
    assert origin(found("bare")) == ["bare", "env", "env", "api"]


def test_places_are_put_together_field_by_field(monkeypatch: pytest.MonkeyPatch) -> None:
    write_config(FULL)
    monkeypatch.setenv("TOASTNB_PASSWORD", "env-password")
    assert origin(found()) == ["prod", "prod", "env", "prod"]


def test_an_empty_variable_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    write_config(FULL)
    for name in (*VARIABLES, "TOASTNB_PROFILE"):
        monkeypatch.setenv(name, "")
    assert origin(found()) == ["prod"] * 4


def test_read_only_holds_when_either_says_so(sandbox: tn.Sandbox) -> None:
    write_config(FULL)
    assert found("dev", read_only=True).read_only
    assert found("prod", read_only=False).read_only
    text = FULL.replace("https://prod.example.com/compute", sandbox.base_url)
    write_config(text.replace("prod-appkey", sandbox.appkey).replace("prod-password", sandbox.password))
    with tn.connect("prod", username=sandbox.username) as toast:
        with pytest.raises(tn.ReadOnly):
            toast.delete_keypair("legacy-2016")
        assert len(toast.keypairs()) == 9
    assert sandbox.calls == {"POST tokens": 1, "GET keypairs": 1}


def test_a_timeout_as_an_argument_stands_before_the_profiles() -> None:
    write_config(FULL)
    assert found("prod", timeout=3.5).timeout == 3.5


def test_a_secret_may_come_wrapped() -> None:
    account = found(appkey=Secret("arg-appkey"), username="arg@example.com", password=Secret("arg-password"))
    assert origin(account)[:3] == ["arg"] * 3


# --- when something is missing ----------


def test_with_nothing_configured_the_error_says_what_was_looked_for_where_and_what_to_do() -> None:
    with pytest.raises(tn.CredentialsError) as caught:
        tn.connect()
    message = str(caught.value)
    for part in (
        "no appkey, no username, no password found",
        "arguments",
        "TOASTNB_APPKEY",
        "TOASTNB_USERNAME",
        "TOASTNB_PASSWORD",
        str(Path(os.environ["XDG_CONFIG_HOME"]) / "toastnb" / "config.toml"),
        'connect("sandbox")',
        "no account",
    ):
        assert part in message


def test_only_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOASTNB_APPKEY", "env-appkey")
    with pytest.raises(tn.CredentialsError) as caught:
        tn.connect(password="arg-password")
    assert "no username found" in str(caught.value)
    assert "TOASTNB_APPKEY" not in str(caught.value)
    assert "env-appkey" not in str(caught.value)


@pytest.mark.parametrize("given", ["appkey", "username", "password"])
def test_an_empty_argument_is_none(given: str) -> None:
    with pytest.raises(tn.CredentialsError, match=f"no {given} found"):
        tn.connect(**{**ARGUMENTS, given: ""})


@pytest.mark.parametrize("how", ["argument", "environment"])
def test_an_unknown_profile_is_an_error_that_names_the_known_ones(how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    write_config(FULL)
    if how == "environment":
        monkeypatch.setenv("TOASTNB_PROFILE", "staging")
    with pytest.raises(tn.CredentialsError) as caught:
        tn.connect("staging" if how == "argument" else None, **ARGUMENTS)
    assert "there is no profile 'staging' in" in str(caught.value)
    assert "dev, prod" in str(caught.value)


def test_an_unknown_default_profile_is_no_obstacle_when_all_is_given() -> None:
    write_config('default = "gone"')
    assert origin(found(**ARGUMENTS))[0] == "arg"
    with pytest.raises(tn.CredentialsError, match="'gone'"):
        tn.connect()


def test_profile_names() -> None:
    assert config.profile_names() == []
    write_config(FULL)
    assert config.profile_names() == ["dev", "prod"]


# --- a file that cannot be used ----------


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[profiles.prod", "is not valid TOML"),
        ('[profiles.prod]\npassword = "hidden-away', "is not valid TOML"),
        ('[profiles.prod]\npassword = "hidden-away"\npassword = "hidden-away"', "is not valid TOML"),
        ('[profiles.prod]\npasswort = "hidden-away"', "unknown key 'passwort'"),
        ('[profiles.prod]\nusername = ["hidden-away"]', "username has the wrong type"),
        ("[profiles.prod]\nappkey = 123456", "appkey has the wrong type"),
        ('[profiles.prod]\nread_only = "yes"', "read_only has the wrong type"),
        ('[profiles.prod]\ntimeout = "5"', "timeout has the wrong type"),
        ("[profiles.prod]\ntimeout = true", "timeout has the wrong type"),
        ("profiles = 5", "profiles must be tables"),
        ("[profiles]\nprod = 5", "profiles must be tables"),
        ("default = 5", "default"),
        ("default = ['prod']", "default"),
    ],
)
def test_a_file_that_cannot_be_used_is_an_error_that_says_why(text: str, says: str) -> None:
    write_config(text)
    with pytest.raises(tn.InvalidInput) as caught:
        tn.connect(**ARGUMENTS)
    assert "Reading the config file" in str(caught.value)
    assert says in str(caught.value)
    assert "hidden-away" not in str(caught.value)
    assert "123456" not in str(caught.value)


def test_a_file_that_is_not_utf_8() -> None:
    write_config("").write_bytes("# 한글".encode("euc-kr"))
    with pytest.raises(tn.InvalidInput, match="not UTF-8"):
        tn.connect(**ARGUMENTS)


def test_a_folder_in_the_files_place() -> None:
    file = write_config("")
    file.unlink()
    file.mkdir()
    with pytest.raises(tn.InvalidInput, match="cannot be read"):
        tn.connect(**ARGUMENTS)


def test_names_of_profiles_may_be_of_any_script() -> None:
    write_config('[profiles."운영 환경"]\nappkey = "a-key"\nusername = "u"\npassword = "a-password"')
    assert found("운영 환경").name == "운영 환경"


# --- values that are not allowed ----------


@pytest.mark.parametrize(
    "url",
    [
        "",
        "api-compute.cloud.toast.com/compute",
        "ftp://api-compute.cloud.toast.com/compute",
        "https:///compute",
        "https://[::1/compute",
        "https://me:hidden-away@example.com/compute",
        "https://example.com/compute?x=1",
        "https://example.com/compute#x",
        "https://example.com/compute/v1.0",
        "https://example.com/compute/v1.0/appkeys/hidden-away",
        "https://example.com:99999/compute",
        "https://example.com:port/compute",
        "http://example.com/compute",
    ],
)
def test_an_address_that_is_not_allowed(url: str) -> None:
    with pytest.raises(tn.InvalidInput) as caught:
        tn.connect(**ARGUMENTS, base_url=url)
    assert "base_url" in str(caught.value)
    assert "hidden-away" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://example.com/compute/", "https://example.com/compute"),
        ("https://example.com:8443/a/compute", "https://example.com:8443/a/compute"),
        ("http://127.0.0.1:8801/compute", "http://127.0.0.1:8801/compute"),
        ("http://localhost:8801/compute", "http://localhost:8801/compute"),
        ("http://[::1]:8801/compute", "http://[::1]:8801/compute"),
    ],
)
def test_an_address_that_is_allowed(url: str, kept: str) -> None:
    assert found(**ARGUMENTS, base_url=url).base_url == kept


@pytest.mark.parametrize("name", ["appkey", "username", "password"])
def test_bytes_that_are_no_unicode_are_told_before_anything_is_sent_or_stored(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As of a variable that was set in another encoding; no variable of this test has it.
    monkeypatch.setenv(f"TOASTNB_{name.upper()}", os.fsdecode(f"{MARK}-\u00e9".encode("latin-1")))
    with pytest.raises(tn.InvalidInput, match=f"{name} has broken Unicode") as caught:
        tn.connect(**{key: value for key, value in ARGUMENTS.items() if key != name})
    assert name == "username" or MARK not in shown_by(caught.value)  # which is no secret
    given = {key: Secret(value) for key, value in ARGUMENTS.items()} | {
        name: Secret(os.environ[f"TOASTNB_{name.upper()}"])
    }
    with pytest.raises(tn.InvalidInput, match=f"{name} has broken Unicode") as caught:
        login.store("lab", username=given.pop("username").reveal(), **given)
    assert name == "username" or MARK not in shown_by(caught.value)
    assert not config.config_path().exists()


@pytest.mark.parametrize(
    "wrong",
    [
        {"appkey": 12345},
        {"password": b"hidden-away"},
        {"username": 5},
        {"base_url": 5},
        {"timeout": "soon"},
    ],
    ids=str,
)
def test_an_argument_of_the_wrong_type(wrong: dict[str, Any]) -> None:
    with pytest.raises(tn.InvalidInput) as caught:
        tn.connect(**{**ARGUMENTS, **wrong})
    assert next(iter(wrong)) in str(caught.value)
    assert "hidden-away" not in str(caught.value)


@pytest.mark.parametrize("profile", [5, b"prod", ["prod"], tn.Toast], ids=str)
def test_a_profile_of_the_wrong_type(profile: Any) -> None:
    with pytest.raises(tn.InvalidInput, match="profile is "):
        tn.connect(profile)


@pytest.mark.parametrize("given", [*ARGUMENTS, "base_url"])
def test_a_sandbox_takes_no_credentials(given: str) -> None:
    with pytest.raises(tn.InvalidInput, match="a sandbox has credentials of its own"):
        tn.connect("sandbox", **{given: "https://example.com/compute"})


def test_a_sandbox_ignores_what_is_configured(
    sandbox: tn.Sandbox, environment: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOASTNB_PROFILE", "no-such-profile")
    write_config("[broken")
    with tn.connect(sandbox) as toast:
        assert len(toast.flavors()) == 17
        assert toast.account().base_url == sandbox.base_url


# --- the keyring ----------


class Memory(KeyringBackend):
    """A keyring that is a dict; it breaks if told so."""

    priority = 1

    def __init__(self, error: Exception | None = None) -> None:
        super().__init__()
        self.kept: dict[tuple[str, str], str] = {}
        self.asked: list[tuple[str, str]] = []
        self.error = error

    def get_password(self, service: str, username: str) -> str | None:
        self.asked.append((service, username))
        if self.error:
            raise self.error
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.kept[service, username]


@pytest.fixture
def memory() -> Iterator[Memory]:
    before = keyring.get_keyring()
    memory = Memory()
    keyring.set_keyring(memory)
    yield memory
    keyring.set_keyring(before)


WITHOUT_PASSWORD = '[profiles.prod]\nappkey = "prod-appkey"\nusername = "prod@example.com"'


def test_a_password_comes_from_the_keyring_last(memory: Memory) -> None:
    write_config(WITHOUT_PASSWORD)
    keyring.set_password("toastnb", "prod:prod@example.com", "ring-password")
    assert origin(found("prod"))[:3] == ["prod", "prod", "ring"]
    assert origin(found("prod", password="arg-password"))[2] == "arg"
    assert memory.asked == [("toastnb", "prod:prod@example.com")]


@pytest.mark.usefixtures("environment")
def test_the_keyring_of_a_profile_that_is_asked_for_stands_before_the_environment(memory: Memory) -> None:
    write_config(WITHOUT_PASSWORD)
    keyring.set_password("toastnb", "prod:prod@example.com", "ring-password")
    assert origin(found("prod"))[2] == "ring"
    assert origin(found())[2] == "env"


def test_a_keyring_without_the_password_is_named_among_the_places(memory: Memory) -> None:
    write_config(WITHOUT_PASSWORD)
    with pytest.raises(tn.CredentialsError, match=r"no password found; looked in .*the system's keyring"):
        tn.connect("prod")
    assert memory.asked


def test_a_keyring_is_not_asked_without_a_profile(memory: Memory) -> None:
    with pytest.raises(tn.CredentialsError):
        tn.connect(appkey="arg-appkey", username="arg@example.com")
    assert memory.asked == []


@pytest.mark.parametrize(
    "error",
    [
        keyring.errors.NoKeyringError("no backend"),
        keyring.errors.KeyringLocked("locked hidden-away"),
        keyring.errors.InitError("no D-Bus"),
        RuntimeError("no backend"),
        OSError("no D-Bus"),
        ValueError("a backend of the user's own: hidden-away"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_keyring_that_does_not_work_is_as_good_as_none(memory: Memory, error: Exception) -> None:
    memory.error = error
    write_config(WITHOUT_PASSWORD)
    with pytest.raises(tn.CredentialsError, match="no password found") as caught:
        tn.connect("prod")
    assert "hidden-away" not in str(caught.value)
    assert origin(found("prod", password="arg-password"))[2] == "arg"


def test_no_keyring_package_is_as_good_as_no_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    write_config(WITHOUT_PASSWORD)
    with pytest.raises(tn.CredentialsError, match="no password found"):
        tn.connect("prod")


def test_the_environment_may_name_the_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOASTNB_PROFILE", "sandbox")
    with tn.connect() as toast:
        assert toast.account().name == "sandbox"


def test_a_misspelt_section_is_not_passed_over() -> None:
    write_config('[profile.prod]\nappkey = "k"\n')
    with pytest.raises(tn.InvalidInput, match=r"unknown key 'profile'.*\[profiles\.prod\]"):
        tn.connect("prod")
