"""What the tests of forms share."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pandas as pd

import toastnb as tn
from tests.support import eventually
from toastnb.forms.acting import ActionForm
from toastnb.forms.creating import CreateForm
from toastnb.forms.form import Form
from toastnb.forms.work import THREAD

ENTRIES = {
    "name": "web",
    "image": "Debian 12",
    "flavor": "m2.c2m4",
    "network": "Default Network",
    "zone": "kr-pub-a",
    "security_groups": ["default"],
    "root_gb": 50,
}


def create_form(toast: tn.Toast, **entries: Any) -> CreateForm:
    """Return a form that is ready to make instances, but for the entries that are given."""
    keypair = toast.keypairs().name.iloc[0]
    return CreateForm(toast, lang="en").set(**{**ENTRIES, "keypair": keypair, **entries})


def action_form(toast: tn.Toast, status: str = "ACTIVE", count: int = 1, **entries: Any) -> ActionForm:
    """Return a form with so many instances of a state chosen."""
    form = ActionForm(toast, lang="en")
    fits = form.instances[~form.instances.flavor_name.str.startswith("u2")]
    return form.select(fits[fits.status == status].instance_id.head(count)).set(**entries)


def why_not(form: Form, field: str) -> dict[str, str]:
    """Return why each option of a field cannot be chosen, by its name (or value); "" where it can."""
    return {option.name or option.value: option.why_not for option in form.fields[field].options}


def labels(form: Form, field: str) -> list[str]:
    return [option.label for option in form.fields[field].options]


def ended(form: Form) -> Form:
    """Wait until nothing is under way, and the thread is gone."""
    eventually(lambda: not form.busy)
    eventually(lambda: not form_threads())
    return form


def form_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == THREAD]


@contextmanager
def time_passing(sandbox: tn.Sandbox, seconds: float = 5.0) -> Iterator[None]:
    """Let the sandbox's clock go on each time that the client has looked at instances since its latest write."""
    over = threading.Event()

    def counts() -> tuple[int, int]:
        calls = sandbox.calls
        writes = sum(count for call, count in calls.items() if not call.startswith("GET"))
        return writes, calls["GET instances-detail"]

    def work() -> None:
        writes, looks = counts()
        while not over.wait(0.01):
            written, looked = counts()
            if written == writes and looked > looks:
                sandbox.advance(seconds)
            writes, looks = written, looked

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def followed(form: Form, what: Callable[[], object]) -> list[dict[str, str]]:
    """Do something, and return the states of its rows, each time that they changed."""
    seen: list[dict[str, str]] = []

    def note(_: Form) -> None:
        states = {row.name: row.state for row in form.rows}
        if not seen or seen[-1] != states:
            seen.append(states)

    unwatch = form.watch(note)
    what()
    unwatch()
    return seen


def log(form: Form) -> list[list[object]]:
    """Return what was submitted and what became of it, without the times."""
    frame = form.log
    assert frame.columns.tolist() == ["when", "what", "on_what", "outcome", "message"]
    assert frame.when.dtype == pd.DatetimeTZDtype("us", "UTC")
    return frame[["what", "on_what", "outcome"]].values.tolist()
