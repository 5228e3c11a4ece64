"""What all forms are: fields, a preview, and a submit that is followed to its end. No widget is known here.

======================  ================================================================  ======================
form                    fields                                                            module
======================  ================================================================  ======================
``CreateForm(toast)``   name, image, flavor, network, zone, keypair, security_groups,     `creating`
                        count, root_gb
``ActionForm(toast,     instances, action, and by action: reboot_type, flavor,            `acting`
df)``                   image_name, address, ip_address, security_group, volume
``KeypairForm(toast)``  action, and by action: name, path, file, public_key, keypair      `keys`
``LoginForm()``         profile, base_url, username, store; appkey and password are       `signing_in`
                        given with `give_secret`
======================  ================================================================  ======================
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from copy import copy
from types import TracebackType
from typing import Self

import pandas as pd

from toastnb.connection import giving_up_when, is_given_up
from toastnb.errors import InvalidInput, ReadOnly, ToastError
from toastnb.fields import Field
from toastnb.forms.entries import Entries, of_display, unexpected
from toastnb.forms.guard import Guard
from toastnb.forms.journal import Journal, Line
from toastnb.forms.noting import Request
from toastnb.forms.order import Order
from toastnb.forms.work import Progress, Row, Worker
from toastnb.remarks import heard

_FOLLOW_SECONDS = 1800.0


class Form(Entries, ABC):
    """A set of fields, and what becomes of them.

    Parameters
    ----------
    fields : iterable of Field
        In the order in which they are filled in.
    lang : str, optional
        "en" or "ko"; by default the environment's.
    read_only : bool
        Whether nothing can be sent.
    timeout : float
        Seconds for which what was sent is followed.

    Attributes
    ----------
    result : DataFrame or None
        What became of the latest submit.
    """

    def __init__(
        self,
        fields: Iterable[Field],
        *,
        lang: str | None = None,
        read_only: bool = False,
        timeout: float = _FOLLOW_SECONDS,
    ) -> None:
        self.read_only = read_only
        self.timeout = timeout
        self.result: pd.DataFrame | None = None
        self._closed = False
        self._ends: list[Callable[[], object]] = []  # what else is to be done when it closes
        self._under_way: dict[str, Progress] = {}  # one thing at most
        self._guard = Guard()
        super().__init__(fields, lang=lang)
        self._journal = Journal(self._say)
        self._progress = Progress(self._tell)
        self._worker: Worker | None = None

    @property
    def busy(self) -> bool:
        """Whether something is under way."""
        return bool(self._under_way)

    # --- before sending ------------------------------------------------------------------------------------------

    def problems(self) -> dict[str, str]:
        """Return what stands in the way of sending, by field; {} when nothing does, "" for the form as a whole."""
        found = self._unfit()
        if self._closed or self.read_only:
            found[""] = self._say("form.closed" if self._closed else "form.read_only")
        if not found and self._guard.was_sent(self._count()):
            found[""] = self._say("form.sent")
        wanted = self.confirmation if not found else ""
        if wanted and str(self.confirm.value).strip() != wanted:
            found["confirm"] = self._say("form.not_confirmed", wanted=wanted)
        return found

    @property
    def button(self) -> str:
        """What the button says that sends, as the entries are now."""
        return self._say("button.send")

    @property
    def confirmation(self) -> str:
        """What must be typed into `confirm` before sending; "" when nothing."""
        return ""

    def request(self) -> list[Request]:
        """Return exactly what would be sent: dicts of method, path (below the appkey) and body."""
        return self._ordered().requests()

    def code(self) -> str:
        """Return the call of `Toast` that does the same."""
        return self._ordered().code()

    def preview(self) -> pd.DataFrame | None:
        """Return what would be different afterwards, as far as that can be told."""
        return None

    def refresh(self) -> None:
        """Read the account's choices again; what was sent can be sent again then."""
        self._renewed += 1

    # --- sending -------------------------------------------------------------------------------------------------

    def submit(self) -> pd.DataFrame:
        """Send it, and follow it to its end.

        Raises
        ------
        ToastError
            When it fails; the entries stay as they were. InvalidInput while something is under way, or there are
            `problems`.
        """
        with self._taken() as (order, progress), giving_up_when(progress.over):
            return self._carry_out(order, progress)

    def start(self) -> bool:
        """Send it in a thread of its own; False, and nothing happens, while one runs or there are `problems`."""
        if self._guard.is_double_click(self._count()):
            return False
        try:
            with self._taken() as (order, progress):
                self._worker = Worker(lambda: self._carry_out_unheard(order, progress), progress.over)
        except ToastError:
            return False
        if self._closed:  # meanwhile, and without this thread
            self._worker.stop()
        return True

    @property
    def rows(self) -> tuple[Row, ...]:
        """How far each thing of the latest submit has come."""
        return self._progress.rows

    @property
    def log(self) -> pd.DataFrame:
        """All submits: when (datetime64[us, UTC]), what, on_what, outcome, message (str)."""
        return self._journal.frame()

    def close(self) -> None:
        """Stop following, end the thread, and tell nobody any more. What was sent goes on at the service."""
        self._closed = True
        self._watchers.clear()
        for end in self._ends:
            end()
        self._progress.over.set()
        if self._worker is not None:
            self._worker.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    # --- one at a time -------------------------------------------------------------------------------------------

    @abstractmethod
    def _order(self) -> Order:
        """Return what the entries ask for; only called when no field has a problem.

        Raises
        ------
        InvalidInput
            When they do not fit together.
        """

    def _unfit(self) -> dict[str, str]:
        found = {name: text for name, field in self.fields.items() if (text := field.problem())}
        if not found:
            try:
                self._order()
            except InvalidInput as error:
                found[""] = f"{error.said}. {error.hint}" if error.hint else error.said
        return found

    def _ordered(self) -> Order:
        unfit = self._unfit()
        if unfit:
            raise self._not_ready(unfit)
        return self._order()

    @contextmanager
    def _taken(self) -> Iterator[tuple[Order, Progress]]:
        """Take the one place that there is for something under way, and what is to be done; free it where it fails."""
        progress, guard = Progress(self._tell), copy(self._guard)
        try:
            # In one step, and told by whose it is: an interrupt can come right after it.
            if self._under_way.setdefault("now", progress) is not progress:
                raise InvalidInput(self._say("form.busy"), action=self.title, hint=self._say("form.wait"))
            order = self._begin()
            self._progress.over.set()  # lists that are still read again after the former one will be read after this
            self._progress = progress
            if self._closed:
                progress.over.set()
            self.result = self.error = self._defect = None
            self._tell()
            yield order, progress
        except BaseException:
            if self._under_way.get("now") is progress and progress.is_mine():
                self._under_way.clear()
                if progress.is_new:
                    self._guard = guard
                self._tell()
            raise

    def _begin(self) -> Order:
        """Return what is to be done, where it can be."""
        if self.read_only:
            raise ReadOnly("this connection only reads, nothing was sent", action=self.title)
        with self._following:  # no other thread changes what is checked before it is taken
            problems = self.problems()
            if problems:
                raise self._not_ready(problems)
            order = self._order()
            self._guard.begin(self._count())
            return order

    def _carry_out(self, order: Order, progress: Progress) -> pd.DataFrame:
        """Do it, put down what became of it, and read the lists again that may be others now."""
        remarks: list[str] = []
        try:
            frame = self._carried_out(order, progress, remarks)
        finally:
            self._read_again(order)
        return frame

    def _carried_out(self, order: Order, progress: Progress, remarks: list[str]) -> pd.DataFrame:
        line: Line | None = None
        error: ToastError | None = None
        try:
            if not progress.is_mine():  # whoever began it was interrupted
                raise InvalidInput("it was given up before it was sent", action=self.title)
            progress.is_new = False
            line = self._journal.begin(order.what, order.on_what)
            with heard(remarks):
                frame = progress.result = order.run(progress)
            return frame
        except ToastError as raised:
            error = raised
            raise
        except BaseException as raised:
            error = unexpected(raised)
            raise
        finally:
            if line is not None:
                self._put_down(line, order, progress, error, remarks)

    def _put_down(
        self, line: Line, order: Order, progress: Progress, error: ToastError | None, remarks: Sequence[str]
    ) -> None:
        """Put down what became of it, and free the place."""
        try:
            outcome = self._journal.end(line, progress.result, error, remarks)
            progress.end(outcome)
            self.result, self.error = progress.result, error or self._defect
            if self._guard.end(outcome):
                self._let_go(order, error)
        finally:
            self._under_way.clear()
        self._tell()

    def _carry_out_unheard(self, order: Order, progress: Progress) -> None:
        """Do the same in a thread, where nobody would see what is raised: it is kept as `error`."""
        with suppress(BaseException):
            self._carry_out(order, progress)

    def _let_go(self, order: Order, error: ToastError | None) -> None:
        """Empty what was used up, unless something else was entered meanwhile."""
        try:
            self.confirm.clear()
            if self._guard.was_sent(self._count()):
                for name in order.used_up if error is None else ():
                    self.fields[name].clear()
        except Exception as defect:  # of somebody who watches
            self._defect = of_display(defect)
            self.error = error or self._defect

    def _read_again(self, order: Order) -> None:
        """Read what may be another one now; what was carried out has not failed because this did."""
        if is_given_up():
            return
        try:
            with heard([]):
                order.afterwards()
        except ToastError as error:
            if not is_given_up():
                self._journal.add(self._say("form.not_read_again", why=error.said))
                self._tell()

    def _not_ready(self, problems: dict[str, str]) -> InvalidInput:
        said = "; ".join(f"{name} {text}" if name else text for name, text in problems.items())
        return InvalidInput(said, action=self.title, hint=self._say("form.nothing_sent"))

    def _tell(self) -> None:
        self._watchers.tell(self)
