"""The form that signs in, for those without a profile."""

from __future__ import annotations

from typing import Any, Self
from urllib.parse import urlsplit

import pandas as pd

from toastnb import login
from toastnb.arrays import texts
from toastnb.config import DEFAULT_BASE_URL, Profile, checked_base_url
from toastnb.errors import InvalidInput
from toastnb.fields import Choice, Option, Text
from toastnb.forms.form import Form
from toastnb.forms.noting import Request
from toastnb.forms.order import Order
from toastnb.forms.work import Progress
from toastnb.redaction import MASK, Secret, as_secret
from toastnb.remarks import remark
from toastnb.rules import check_text
from toastnb.toast import Toast

_SECRETS = ("appkey", "password")


class LoginForm(Form):
    """Sign in: profile, base_url, username, store; appkey and password come with `give_secret`.

    Parameters
    ----------
    lang : str, optional
        "en" or "ko"; by default the environment's.

    Attributes
    ----------
    toast : Toast or None
        The account, once the service has signed in. It stays open when the form is closed.

    Examples
    --------
    >>> from toastnb.forms.signing_in import LoginForm
    >>> form = LoginForm().set(base_url=sandbox.base_url, username=sandbox.username, store=False)
    >>> form.give_secret("appkey", sandbox.appkey)
    >>> form.give_secret("password", sandbox.password)
    >>> form.submit()[["username", "roles"]].iloc[0].tolist()
    ['demo@example.com', 'ADMIN']
    >>> form.toast.close()
    """

    kind = "login"

    def __init__(self, *, lang: str | None = None) -> None:
        self.toast: Toast | None = None
        self._secrets: dict[str, Secret] = {}
        super().__init__(
            [
                Text("base_url", check=checked_base_url),
                Text("username", check=lambda text: check_text(text, "username")),
                Choice("store"),
                Text("profile", check=self._check_profile),
            ],
            lang=lang,
        )
        self.fields["base_url"].suggest(DEFAULT_BASE_URL)
        self.fields["profile"].suggest("default")
        self.fields["store"].suggest(False)
        self._changed()

    def set(self, **values: Any) -> Self:
        """Fill in fields, as `Entries.set` does; secrets are none."""
        given = [name for name in _SECRETS if name in values]
        if given:
            hint = f"Give it with form.give_secret({given[0]!r}, getpass.getpass())."
            raise InvalidInput(f"the {given[0]} is kept in no field", hint=hint)
        return super().set(**values)

    def close(self) -> None:
        """Stop what is under way, and let go of the secrets."""
        super().close()
        self._secrets.clear()

    def give_secret(self, name: str, text: str | Secret) -> None:
        """Take the appkey or the password over; whoever had it lets go of it. An empty one takes it back.

        Raises
        ------
        InvalidInput
            When there is no such secret.
        """
        secret = as_secret(text)
        del text
        if name not in _SECRETS:
            raise InvalidInput(f"there is no secret {name!r}", hint=f"There are: {', '.join(_SECRETS)}.")
        if secret:
            self._secrets[name] = secret
        else:
            self._secrets.pop(name, None)
        self._renewed += 1
        self._changed()

    @property
    def secrets(self) -> dict[str, bool]:
        """Which secrets there are, and whether each was given."""
        return {name: name in self._secrets for name in _SECRETS}

    def problems(self) -> dict[str, str]:
        """Return what stands in the way of signing in."""
        lacking = {name: self._say("sentence.missing") for name, given in self.secrets.items() if not given}
        return super().problems() | lacking

    @property
    def button(self) -> str:
        """What the button says that signs in."""
        return self._say("button.login")

    def _follow(self) -> None:
        store = self.fields["store"]
        if isinstance(store, Choice):
            store.options = [Option(True, self._say("choice.yes")), Option(False, self._say("choice.no"))]
        self.fields["profile"].visible = store.value is True

    def _check_profile(self, name: str) -> None:
        if check_text(name, "profile") == "sandbox":
            raise InvalidInput(self._say("login.name", name=name))

    def _order(self) -> Order:
        values, secrets = self.values(), dict(self._secrets)
        host = urlsplit(values["base_url"]).netloc
        return Order(
            what="login",
            on_what=f"{values['username']} · {host}",
            requests=lambda: [_request(values["username"])],
            code=lambda: _code(values),
            run=lambda progress: self._run(values, secrets, progress),
        )

    def _run(self, values: dict[str, str], secrets: dict[str, Secret], progress: Progress) -> pd.DataFrame:
        progress.expect({"login": values["username"]})
        progress.sent("login")
        name = values.get("profile", "")
        profile = Profile(
            name, checked_base_url(values["base_url"]), secrets["appkey"], values["username"], secrets["password"]
        )
        toast = Toast(profile)
        try:
            token = toast.token_info()
        except BaseException:
            toast.close()
            raise
        self.toast = toast
        result = texts(profile=[name or None], username=[profile.username], endpoint=[profile.base_url])
        progress.result = result.assign(roles=token["roles"], expires=token["expires"])
        if name:
            for place in login.store(
                name,
                appkey=profile.appkey,
                username=profile.username,
                password=profile.password,
                base_url=profile.base_url,
            ):
                remark(place, stacklevel=2)
        self._secrets.clear()
        return progress.result


def _request(username: str) -> Request:
    """Return the sign-in as it is sent, but for the password."""
    return {"method": "POST", "path": "tokens", "body": {"auth": {"username": username, "password": MASK}}}


def _code(values: dict[str, str]) -> str:
    if "profile" in values:
        return f"toast = tn.connect({values['profile']!r})"
    where = "" if values["base_url"] == DEFAULT_BASE_URL else f", base_url={values['base_url']!r}"
    return f"toast = tn.connect(username={values['username']!r}{where})  # TOASTNB_APPKEY and TOASTNB_PASSWORD are set"
