"""What `tn.forms` offers: a console of all forms in tabs with a log of what was sent, and single forms."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import TypeVar

import ipywidgets as widgets
import pandas as pd

from toastnb.config import Profile
from toastnb.errors import InvalidInput
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
from toastnb.forms.views.opened import View, closed, in_place
from toastnb.forms.views.words import Say
from toastnb.toast import Toast

V = TypeVar("V", bound=FormView)


class Console(widgets.VBox):
    """Every write of the guide as a form, in tabs.

    Parameters
    ----------
    create : CreateForm
        The form that makes instances.
    actions : ActionForm
        The form that acts on them.
    keypairs : KeypairForm
        The form of keypairs.
    account : Profile
        Whose instances and keypairs these are.

    Attributes
    ----------
    create, actions, keypairs : FormView
        The forms on the page; each has its model as `form`.
    """

    def __init__(self, create: CreateForm, actions: ActionForm, keypairs: KeypairForm, account: Profile) -> None:
        self._is_closed = False
        self._account = account
        self._before: list[pd.DataFrame] = []  # what was sent with the console in whose place this one comes
        self._ends: list[Callable[[], None]] = []
        self._say = say = Say(create.lang)
        self._views: list[FormView] = []
        self.create = self._with(FormView(create))
        self.actions = self._with(ActionView(actions))
        self.keypairs = self._with(KeypairView(keypairs))
        self._logged = widgets.HTML()
        self._tab = widgets.Tab([self.create, self.actions, self.keypairs, self._logged])
        self._tab.titles = tuple(say(f"tab.{name}") for name in ("create", "actions", "keypairs", "log"))
        super().__init__([self._tab])
        self.add_class("toastnb-console")
        self._ends += [view.form.watch(self._show_log) for view in self._views]
        self._show_log()

    @property
    def log(self) -> pd.DataFrame:
        """What was sent with any of the forms, and with a console before this one, the latest first.

        Columns when, what, on_what, outcome, message.
        """
        logs = [*self._before, *(view.form.log for view in self._views)]
        return pd.concat(logs, ignore_index=True).sort_values("when", ascending=False, ignore_index=True)

    @property
    def followed(self) -> list[str]:
        """The names of what is under way."""
        return [name for view in self._views for name in view.followed]

    def take_over(self, former: Sequence[View], followed: Sequence[str]) -> None:
        """Go on with the log of the console before, which is closed now, and say what it was following."""
        self._before = [view.log for view in former if isinstance(view, Console) and view._account == self._account]
        self._show_log()
        for view in self._views:
            view.take_over(former, followed)

    def close(self) -> None:
        """Stop what is under way, and take the forms off the page."""
        if self._is_closed:
            return
        self._is_closed = True
        closed(self)
        for end in self._ends:
            end()
        for view in self._views:
            view.close()
        take_away(self)
        super().close()
        self.layout.close()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} with {', '.join(self._tab.titles)}>"

    def _with(self, view: V) -> V:
        """Put a form among those of the console: what is half made can be closed, too."""
        self._views.append(view)
        return view

    def _show_log(self, _: Form | None = None) -> None:
        log = self.log
        log["outcome"] = log["outcome"].map(self._say.state)
        log["what"] = log["what"].map(self._say.action)
        empty = markup.note(self._say("log_empty"))
        self._logged.value = markup.block(markup.table(log, self._say) if len(log) else empty)


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
        When the account cannot be read. InvalidInput when `toast` is no connection.

    Examples
    --------
    >>> import toastnb as tn
    >>> console = tn.forms.console(toast)
    >>> console.actions.form.search("web", status="STOP").name.tolist()[:2]
    ['web-prod-01', 'web-prod-11']
    >>> console.close()
    """
    _check_connection(toast)

    def make() -> Console:
        catalogue = Catalogue(toast._api)
        with ExitStack() as forms:  # all of them before any widget: it is reading the account that may fail
            create = forms.enter_context(CreateForm(toast, catalogue=catalogue, lang=lang))
            actions = forms.enter_context(ActionForm(toast, catalogue=catalogue, lang=lang))
            keypairs = forms.enter_context(KeypairForm(toast, catalogue=catalogue, lang=lang))
            console = Console(create, actions, keypairs, toast.account())
            forms.pop_all()
        return console

    return in_place("console", make, one=True)


def actions(toast: Toast, df: pd.DataFrame | None = None, lang: str | None = None) -> ActionView:
    """Show the form that acts on instances: start, stop, resize, attach, delete and so on.

    A cell that is run again closes the form that it made before. Where cells cannot be told apart, one is open at a
    time.

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
        When the frame has no column instance_id, or `toast` is no connection.

    Examples
    --------
    >>> import toastnb as tn
    >>> view = tn.forms.actions(toast, toast.instances_detail().query("status == 'ERROR'"))
    >>> view.form.set(action="stop").problems()
    {'confirm': 'must be 6'}
    >>> view.close()
    """
    _check_connection(toast)
    return in_place("actions", lambda: ActionView(ActionForm(toast, df, lang=lang)))


def login(lang: str | None = None) -> LoginView:
    """Show the form that signs in, for those without a profile.

    What is typed as appkey and password is taken and emptied at once; nothing of it is in the saved notebook. A cell
    that is run again closes the form that it made before.

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
    return in_place("login", lambda: LoginView(LoginForm(lang=lang)))


def _check_connection(toast: object) -> None:
    if not isinstance(toast, Toast):
        said = f"toast is {type(toast).__name__}, but must be a connection"
        raise InvalidInput(said, hint="Give what tn.connect() returns.")
