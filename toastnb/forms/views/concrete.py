"""The forms that need more than the view of any form: actions on instances, keypairs, signing in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import ipywidgets as widgets

from toastnb.fields import Field
from toastnb.forms.acting import ActionForm
from toastnb.forms.keys import KeypairForm
from toastnb.forms.signing_in import LoginForm
from toastnb.forms.views.fields import FieldView
from toastnb.forms.views.form import FormView
from toastnb.forms.views.layout import beside_labels, button_layout
from toastnb.forms.views.picker import Picker
from toastnb.forms.views.secret import SecretView
from toastnb.toast import Toast


class ActionView(FormView):
    """The form of actions: instances are chosen with a search and filters."""

    form: ActionForm

    def _caution(self) -> str:
        entered = self.form.values()
        if entered.get("action") == "delete_instance":
            return "caution.delete"
        return "caution.hard" if entered.get("reboot_type") == "HARD" else ""

    def _view_of(self, field: Field) -> FieldView:
        return Picker(self.form, self._say) if field.name == "instances" else super()._view_of(field)

    def show(self) -> None:
        """Show the form as it is now; instances that were read again, too."""
        picker = self.views["instances"]
        if isinstance(picker, Picker) and picker.is_outdated:
            picker.show()
        super().show()


class KeypairView(FormView):
    """The form of keypairs: a public key can be read from a file of the reader's own machine, too."""

    form: KeypairForm

    def _caution(self) -> str:
        return "caution.delete" if self.form.fields["action"].value == "delete_keypair" else ""

    def _build(self) -> None:
        super()._build()
        self.upload = widgets.FileUpload(description=self._say("upload"), accept=".pub", layout=button_layout())
        self.upload.observe(self._uploaded, "value")
        self.uploading = widgets.HBox([self.upload], **beside_labels())

    def _parts(self) -> Sequence[widgets.Widget]:
        parts = list(super()._parts())
        parts.insert(parts.index(self.views["public_key"]), self.uploading)
        return parts

    def show(self) -> None:
        """Show the form as it is now."""
        self.uploading.layout.display = None if self.form.fields["public_key"].visible else "none"
        super().show()

    def _uploaded(self, change: dict[str, Any]) -> None:
        """Put the file's text into the field, and keep nothing of it: it may be a private key by mistake."""
        files = change.pop("new")
        if files:
            self.upload.value = ()
            self.views["public_key"].asked = True
            self.form.set(public_key=bytes(files[0]["content"]).decode(errors="replace"))


class LoginView(FormView):
    """The form that signs in."""

    form: LoginForm

    @property
    def toast(self) -> Toast | None:
        """The account, once the service has signed in."""
        return self.form.toast

    def _build(self) -> None:
        super()._build()
        self.again.layout.display = "none"  # there are no lists
        self.secrets = {name: SecretView(name, self._say, self.form.give_secret) for name in self.form.secrets}

    def _parts(self) -> Sequence[widgets.Widget]:
        parts = list(super()._parts())
        place = parts.index(self.views["username"])
        return [*parts[:place], self.secrets["appkey"], parts[place], self.secrets["password"], *parts[place + 1 :]]

    def _asked_of(self) -> Sequence[FieldView | SecretView]:
        return [*super()._asked_of(), *self.secrets.values()]

    def show(self) -> None:
        """Show the form as it is now."""
        for name, given in self.form.secrets.items():
            self.secrets[name].show(given)
        super().show()
