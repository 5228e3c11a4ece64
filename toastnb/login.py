"""Storing a profile: the password in the system's keyring where there is one, the rest in the config file."""

from __future__ import annotations

from pathlib import Path

import tomlkit
from tomlkit.exceptions import TOMLKitError

from toastnb.config import DEFAULT_BASE_URL, KEYRING_SERVICE, Profile, config_path, profile_names
from toastnb.errors import InvalidInput
from toastnb.files import make_private_folder, replace_file
from toastnb.redaction import Secret, sealed


def store(
    name: str,
    *,
    appkey: Secret,
    username: str,
    password: Secret,
    base_url: str | None = None,
    read_only: bool = False,
) -> list[str]:
    """Store a profile, and say where each part went.

    Parameters
    ----------
    name : str
        The profile's name. Of an older profile of that name, what is not given here stays (its base_url, and that it
        is read-only); others and comments stay too.
    appkey, password : Secret
        The password goes into the keyring; without one into the file. The file is readable by its owner only (0600).
    username : str
        TOAST id.
    base_url : str, optional
        The guide's prefix.
    read_only : bool
        Whether the profile refuses writes.

    Returns
    -------
    list of str
        A sentence a place.

    Raises
    ------
    InvalidInput
        When a value is not allowed, or the file cannot be read or written.
    """
    if not name or name == "sandbox":
        raise InvalidInput(f"a profile cannot be named {name!r}", hint="Take another name.")
    Profile(name, base_url or DEFAULT_BASE_URL, appkey, username, password)  # checks the values
    profile_names()  # checks the file, before the keyring is touched
    path = config_path()
    if not path.is_absolute():
        hint = "Set HOME or XDG_CONFIG_HOME to a folder's whole path."
        raise InvalidInput(f"nobody's home is known: {path} is no whole path", action="Storing a profile", hint=hint)
    in_keyring = _into_keyring(name, username, password)
    sealed(lambda: _into_file(path, name, appkey, username, None if in_keyring else password, base_url, read_only))
    places = [f"Profile {name} is in {path}, readable by you only (0600)."]
    if in_keyring:
        return [*places, "The password is in the system's keyring."]
    return [*places, "There is no keyring here, so the password is in that file too."]


def _into_keyring(name: str, username: str, password: Secret) -> bool:
    try:
        import keyring
    except ImportError:
        return False

    def put() -> bool:
        entry = KEYRING_SERVICE, f"{name}:{username}"
        try:
            keyring.set_password(*entry, password.reveal())
            return keyring.get_password(*entry) == password.reveal()  # some backends take it and keep nothing
        except Exception:  # backends raise what they like, with the password in it
            return False

    return sealed(put)


def _into_file(
    path: Path,
    name: str,
    appkey: Secret,
    username: str,
    password: Secret | None,
    base_url: str | None,
    read_only: bool,
) -> None:
    try:
        make_private_folder(path.parent)
        document = tomlkit.parse(path.read_text("utf-8")) if path.exists() else tomlkit.document()
    except (OSError, UnicodeDecodeError, TOMLKitError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not valid TOML"
        hint = "Make it a file that you can write, or set XDG_CONFIG_HOME to another folder."
        raise InvalidInput(f"{path} cannot be used ({why})", action="Storing a profile", hint=hint) from None
    section: dict[str, object] = {"appkey": appkey.reveal(), "username": username}
    section |= {"password": password.reveal()} if password is not None else {}
    section |= {"base_url": base_url} if base_url else {}
    section |= {"read_only": True} if read_only else {}
    document.setdefault("default", name)
    profiles = document.setdefault("profiles", tomlkit.table(is_super_table=True))
    older = profiles.setdefault(name, tomlkit.table())
    if password is None:
        older.pop("password", None)
    older.update(section)
    content = tomlkit.dumps(document).encode()
    replace_file(path, lambda file: file.write(content))
