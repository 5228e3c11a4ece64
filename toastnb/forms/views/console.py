"""What `tn.forms` offers: a console of all forms in tabs with a log of what was sent, and single forms."""

from __future__ import annotations

import threading

import ipywidgets as widgets
import pandas as pd

from toastnb.forms.acting import ActionForm
from toastnb.forms.catalogue import Catalogue
from toastnb.forms.creating import CreateForm
from toastnb.forms.form import Form
from toastnb.forms.keys import KeypairForm
from toastnb.forms.signing_in import LoginForm
from toastnb.forms.views import markup
from toastnb.forms.views.concrete import ActionView, KeypairView, LoginView
from toastnb.forms.views.form import FormView
from toastnb.forms.views.layout import take_away
from toastnb.forms.views.words import Say
from toastnb.toast import Toast


class Console(widgets.VBox):
    """Every write of the guide as a form, in tabs.

    Parameters
    ----------
    toast : Toast
        The account.
    lang : str, optional
        "en" or "ko"; by default the environment's.

    Attributes
    ----------
    create, actions, keypairs : FormView
        The forms on the page; each has its model as `form`.
    """

    def __init__(self, toast: Toast, lang: str | None = None) -> None:
        self._say = say = Say(lang)
        catalogue = Catalogue(toast._api)
        self.create = FormView(CreateForm(toast, catalogue=catalogue, lang=say.lang))
        self.actions = ActionView(ActionForm(toast, catalogue=catalogue, lang=say.lang))
        self.keypairs = KeypairView(KeypairForm(toast, catalogue=catalogue, lang=say.lang))
        self._logged = widgets.HTML()
        self._tab = widgets.Tab([self.create, self.actions, self.keypairs, self._logged])
        self._tab.titles = tuple(say(f"tab.{name}") for name in ("create", "actions", "keypairs", "log"))
        super().__init__([self._tab])
        self.add_class("toastnb-console")
        self._ends = [view.form.watch(self._show_log) for view in self._views]
        self._show_log()

    @property
    def log(self) -> pd.DataFrame:
        """What was sent with any of the forms, the latest first: when, what, on_what, outcome, message."""
        logs = [view.form.log for view in self._views]
        return pd.concat(logs, ignore_index=True).sort_values("when", ascending=False, ignore_index=True)

    def close(self) -> None:
        """Stop what is under way, and take the forms off the page."""
        for end in self._ends:
            end()
        for view in self._views:
            view.close()
        take_away(self)
        super().close()
        self.layout.close()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} with {', '.join(self._tab.titles)}>"

    @property
    def _views(self) -> tuple[FormView, ...]:
        return self.create, self.actions, self.keypairs

    def _show_log(self, _: Form | None = None) -> None:
        log = self.log
        log["outcome"] = log["outcome"].map(self._say.state)
        log["what"] = log["what"].map(self._say.action)
        empty = markup.note(self._say("log_empty"))
        self._logged.value = markup.block(markup.table(log, self._say) if len(log) else empty)


_open: list[Console] = []
_opening = threading.Lock()


def console(toast: Toast, lang: str | None = None) -> Console:
    """Show all forms for an account: create instances, act on them, keypairs, and a log of what was sent.

    One console is open at a time: another closes the former, and stops what it follows.

    Parameters
    ----------
    toast : Toast
        The account.
    lang : str, optional
        "en" or "ko"; by default the environment's language, else English.

    Returns
    -------
    Console
        Shows itself as the last line of a cell. Its attributes create, actions and keypairs are the forms, and each
        has as `form` what can be filled in and sent without a click; `log` is a frame of what was sent; `close()`
        stops all and takes it off the page.

    Raises
    ------
    ToastError
        When the account cannot be read.

    Examples
    --------
    >>> import toastnb as tn
    >>> console = tn.forms.console(toast)
    >>> console.actions.form.search("web", status="STOP").name.tolist()[:2]
    ['web-prod-01', 'web-prod-11']
    >>> console.close()
    """
    with _opening:
        while _open:
            _open.pop().close()
        _open.append(Console(toast, lang))
        return _open[0]


def actions(toast: Toast, df: pd.DataFrame | None = None, lang: str | None = None) -> ActionView:
    """Show the form that acts on instances: start, stop, resize, attach, delete and so on.

    Parameters
    ----------
    toast : Toast
        The account.
    df : DataFrame, optional
        Instances, with a column instance_id: only these are offered, and all of them are chosen at first. All of the
        account's by default.
    lang : str, optional
        "en" or "ko"; by default the environment's language, else English.

    Returns
    -------
    ActionView
        Shows itself as the last line of a cell; `form` is what can be filled in and sent without a click; `close()`
        stops what is under way and takes it off the page.

    Raises
    ------
    InvalidInput
        When the frame has no column instance_id.

    Examples
    --------
    >>> import toastnb as tn
    >>> view = tn.forms.actions(toast, toast.instances_detail().query("status == 'ERROR'"))
    >>> view.form.set(action="stop").problems()
    {'confirm': 'must be 6'}
    >>> view.close()
    """
    return ActionView(ActionForm(toast, df, lang=lang))


def login(lang: str | None = None) -> LoginView:
    """Show the form that signs in, for those without a profile.

    What is typed as appkey and password is taken and emptied at once; nothing of it is in the saved notebook.

    Parameters
    ----------
    lang : str, optional
        "en" or "ko"; by default the environment's language, else English.

    Returns
    -------
    LoginView
        Shows itself as the last line of a cell; `toast` is the account once the service has signed in.

    Examples
    --------
    >>> import toastnb as tn
    >>> view = tn.forms.login()
    >>> view.toast is None
    True
    >>> view.close()
    """
    return LoginView(LoginForm(lang=lang))
