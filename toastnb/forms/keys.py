"""The form for keypairs: create, upload, delete."""

from __future__ import annotations

from contextlib import suppress
from copy import copy
from pathlib import Path

import pandas as pd

from toastnb import rules
from toastnb.errors import InvalidInput, ToastError
from toastnb.fields import Choice, Field, FilePath, Option, Text
from toastnb.forms import options
from toastnb.forms.catalogue import Catalogue
from toastnb.forms.choosing import names_of, typed
from toastnb.forms.form import Form
from toastnb.forms.noting import code_of, request_of
from toastnb.forms.order import Order
from toastnb.forms.public_keys import PublicKeyText, content_of
from toastnb.forms.work import Progress
from toastnb.toast import Toast

_FIELDS = {
    "create_keypair": ("name", "path"),
    "import_keypair": ("name", "file", "public_key"),
    "delete_keypair": ("keypair",),
}
_CALLED = {"create_keypair": "create", "import_keypair": "upload", "delete_keypair": "delete"}
_USED_UP = {
    "create_keypair": ("name",),
    "import_keypair": ("name", "file", "public_key"),
    "delete_keypair": ("keypair",),
}
_NAMED = 5


class KeypairForm(Form):
    """Keypairs: action, and by action name, path, file, public_key, keypair.

    A private key goes from the service straight into a new file of mode 0600; the form never has it.

    Parameters
    ----------
    toast : Toast
        The account.
    catalogue : Catalogue, optional
        What the account offers, shared with other forms.
    lang : str, optional
        "en" or "ko"; by default the environment's.

    Examples
    --------
    >>> from toastnb.forms.keys import KeypairForm
    >>> form = KeypairForm(toast)
    >>> made = form.set(action="create_keypair", name="ops-form", path="ops-form.pem").submit()
    >>> made.columns.tolist(), oct(os.stat(made.path.item()).st_mode & 0o777)
    (['name', 'fingerprint', 'path'], '0o600')
    >>> form.close()
    """

    kind = "keypairs"

    def __init__(self, toast: Toast, *, catalogue: Catalogue | None = None, lang: str | None = None) -> None:
        self._toast = copy(toast)  # with a last_outcome of its own
        self._catalogue = catalogue or Catalogue(toast._api)
        self._catalogue.read("keypairs")
        self._file_read: object = ""
        self._key_read: object = ""
        self._offered_for: object = None
        self._public_key = PublicKeyText("public_key", self._say)
        super().__init__(
            [
                Choice("action"),
                Text("name", check=self._check_name),
                FilePath("path", folder=True),
                FilePath("file", must_exist=True, required=False),
                self._public_key,
                self._listed(),
            ],
            lang=lang,
            read_only=toast.account().read_only,
        )
        self.fields["action"].suggest("create_keypair")
        self._changed()
        self._ends.append(self._catalogue.watch(self._listed_anew))

    def _listed(self) -> Field:
        if self._catalogue.why_absent("keypairs"):
            return Text("keypair", check=lambda text: rules.check_text(text, "keypair"))
        return Choice("keypair")

    @property
    def button(self) -> str:
        """What the button says that sends."""
        action = self.fields["action"].value
        return self._say(f"action.{action}") if action in _FIELDS else super().button

    @property
    def confirmation(self) -> str:
        """What must be typed: the name of a keypair that is to be deleted."""
        name = self.fields["keypair"].value
        if self.fields["action"].value != "delete_keypair" or not name:
            return ""
        return typed(name, self._fingerprint_of(name))

    def refresh(self) -> None:
        """Read the account's keypairs and instances again."""
        super().refresh()
        self._catalogue.read_again("keypairs", "instances")

    # --- what follows from what ----------------------------------------------------------------------------------

    def _follow(self) -> None:
        action = self.fields["action"]
        if isinstance(action, Choice):
            action.options = [Option(name, self._say(f"action.{name}"), name=_CALLED[name]) for name in _FIELDS]
        wanted = _FIELDS.get(action.value, ()) if not action.problem() else ()
        for name, field in self.fields.items():
            if field is not action:
                if action.value != self._offered_for:
                    field.clear()
                field.visible = name in wanted
        self._offered_for = action.value
        self._follow_keypair()
        self._follow_path()
        self._follow_file()
        if described := self._public_key.described():
            self._public_key.note = described

    def _follow_keypair(self) -> None:
        field = self.fields["keypair"]
        if isinstance(field, Choice):
            field.options = options.of_keypairs(self._catalogue.listing("keypairs"))
        elif field.visible:
            field.note = self._say("form.not_listed_names", why=self._catalogue.why_absent("keypairs"))
        if field.visible and field.value and not field.problem():
            field.note = self._users_of(field.value)

    def _users_of(self, name: str) -> str:
        """Return in words which instances were made with a keypair."""
        users = pd.DataFrame()
        with suppress(ToastError):  # it can be deleted all the same
            vms = self._catalogue.tables()["instances_detail"]
            users = vms[vms["keypair"] == name]
            if users.empty:
                return self._say("keypair.unused")
        if users.empty:
            return ""
        names = names_of(users)
        some = ", ".join(names[:_NAMED]) + (", ..." if len(names) > _NAMED else "")
        return self._say("keypair.users", count=len(names), names=some)

    def _follow_path(self) -> None:
        path, name = self.fields["path"], self.fields["name"]
        if path.visible:
            told = not (path.is_empty or path.problem() or name.is_empty or name.problem())
            path.note = self._say("keypair.file", path=self._place()) if told else ""

    def _follow_file(self) -> None:
        """Put the content of a file into the public key's field, as if it had been pasted."""
        file, key = self.fields["file"], self._public_key
        if file.value == self._file_read:
            if not file.is_empty and key.is_own and key.value != self._key_read:
                file.clear()  # what was entered last counts
                self._file_read = file.value
            return
        self._file_read = file.value
        if file.is_empty or file.problem():
            return
        try:
            key.set(content_of(file.value))
        except OSError as error:
            file.note = self._say("keypair.file_unreadable", why=error.strerror)
        self._key_read = key.value

    def _place(self) -> Path:
        """Return where the private key goes."""
        path, name = Path(self.fields["path"].value).expanduser(), self.fields["name"].value
        return path / f"{name}.pem" if path.is_dir() else path

    def _check_name(self, name: str) -> None:
        rules.check_text(name, "name")
        path = self.fields["path"]
        if path.visible and not path.problem() and Path(path.value).expanduser().is_dir():
            rules.check_file_name(f"{name}.pem")
        if any(keypair.name == name for keypair in self._catalogue.listing("keypairs") or ()):
            raise InvalidInput(self._say("keypair.taken"))

    def _fingerprint_of(self, name: str) -> str:
        known = {keypair.name: keypair.fingerprint for keypair in self._catalogue.listing("keypairs") or ()}
        return known.get(name) or "yes"

    # --- sending -------------------------------------------------------------------------------------------------

    def _order(self) -> Order:
        values = self.values()
        action = values["action"]
        if action == "create_keypair":
            arguments, sent = [values["name"], values["path"]], [values["name"]]
            if self._place().exists():
                raise InvalidInput(self._say("sentence.file_exists", path=self._place()))
        elif action == "import_keypair":
            arguments = sent = [values["name"], rules.check_public_key(values["public_key"])]
        else:
            arguments = sent = [values["keypair"]]
        return Order(
            what=action,
            on_what=arguments[0],
            requests=lambda: [request_of(lambda api: getattr(api, action)(*sent))],
            code=lambda: code_of(action, *arguments),
            run=lambda progress: self._run(action, arguments, progress),
            afterwards=lambda: self._catalogue.read_again("keypairs"),
            used_up=_USED_UP[action],
        )

    def _run(self, action: str, arguments: list[str], progress: Progress) -> pd.DataFrame:
        progress.expect({arguments[0]: arguments[0]})
        progress.sent(arguments[0])
        frame: pd.DataFrame = getattr(self._toast, action)(*arguments)
        return frame
