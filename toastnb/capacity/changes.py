"""What if: instances added, removed, resized, stopped and moved, and zones lost, as an instances frame again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd

from toastnb.capacity.reclaim import moment_of
from toastnb.capacity.selection import LOCAL_DISK_FAMILY, family_of, positions, require_columns
from toastnb.capacity.zones import Zones, given_zones
from toastnb.errors import InvalidInput
from toastnb.lookup import find
from toastnb.rules import check_instance_name, check_root_size, check_text, root_sizes

Change = Mapping[str, Any]
_Step = Callable[[pd.DataFrame], pd.DataFrame]
_Mask = np.ndarray[Any, np.dtype[np.bool_]]

_NEEDED = ["instance_id", "status", "zone", "flavor_id", "flavor_name", "vcpus", "ram_mb"]
_DISKS = ["root_gb", "attached_gb", "disk_gb"]
_TAKES = {
    "add": ("flavor", "zone", "root_gb", "attached_gb", "name"),
    "remove": (),
    "resize": ("flavor",),
    "stop": (),
    "move": ("zone",),
    "lose": (),
}
# What an added instance has of its flavor, its disks and the plan itself: no change gives it.
_MADE = {"instance_id", "status", "flavor_id", "flavor_name", "vcpus", "ram_mb", "attached_count", "disk_gb"}
_ID = "what-if-"


def what_if(
    df: pd.DataFrame,
    changes: Change | Sequence[Change],
    flavors: pd.DataFrame | None = None,
    zones: Zones | None = None,
) -> pd.DataFrame:
    """Return the instances as they would be after some changes; nothing is sent.

    ================================================================  ================================================
    change                                                            what becomes of it
    ================================================================  ================================================
    ``{"add": 3, "flavor": "m2.c4m8", "zone": "a", "root_gb": 50}``   three ACTIVE instances with ids ``what-if-1``, ...
    ``{"remove": ids}``                                               the instances are gone
    ``{"resize": ids, "flavor": "m2.c2m4"}``                          another flavor; the root disk keeps its size
    ``{"stop": ids}``                                                 state STOP: allocated, not running
    ``{"move": ids, "zone": "b"}``                                    another zone, with the disks
    ``{"lose": "a"}``                                                 all instances of the zone are gone
    ================================================================  ================================================

    ``add`` also takes attached_gb (0 by default), name (``what-if`` by default; they are numbered) and columns of
    `df` such as image_id, keypair or metadata.team. A u2 flavor brings its root disk, so that root_gb is left out.

    Parameters
    ----------
    df : DataFrame
        As `Toast.instances_detail` answers.
    changes : dict or list of dict
        Applied in order; each sees what the former left. Ids are one id, a list, a Series or an index.
    flavors : DataFrame, optional
        As `Toast.flavors` answers; without it only flavors that instances have are known.
    zones : list of str, optional
        The zones that exist, so that those that are empty today are known too.

    Returns
    -------
    DataFrame
        Instances with the columns and dtypes of `df`, in its order, added ones last; the index runs from 0. What is
        not known of added instances is missing. What is stopped has the moment of `df` as `updated_at` and
        `launched_at`, which bound how long it is stopped.

    Raises
    ------
    InvalidInput
        Naming the change by its number: when it is not known, an id, flavor or zone is not there, a count is none,
        or the service would not do it (a disabled flavor, a root disk that does not fit, a resize from or to u2).

    Examples
    --------
    >>> import toastnb as tn
    >>> vms = toast.instances_detail()
    >>> plan = [{"lose": "kr-pub-a"}, {"add": 4, "flavor": "m2.c4m8", "zone": "kr-pub-b", "root_gb": 50}]
    >>> after = tn.capacity.what_if(vms, plan, flavors=toast.flavors())
    >>> after.instance_id.tail(4).tolist()
    ['what-if-1', 'what-if-2', 'what-if-3', 'what-if-4']
    """
    require_columns(df, [*_NEEDED, *_DISKS], "df")
    plan = _Plan(df, flavors, zones)
    steps = []
    for number, change in enumerate(_listed(changes), start=1):
        with _numbered(number):
            steps.append(plan.step(change))
    after = df.reset_index(drop=True)
    for number, step in enumerate(steps, start=1):
        with _numbered(number):
            after = step(after)
    after = after.reset_index(drop=True)
    after.attrs = dict(df.attrs)
    return after


def _listed(changes: Change | Sequence[Change]) -> list[Change]:
    listed = [changes] if isinstance(changes, Mapping) else changes
    if not isinstance(listed, list | tuple):
        hint = 'As {"remove": ids}, or a list of such.'
        raise InvalidInput(f"changes is {type(changes).__name__}, but must be a dict or a list of dicts", hint=hint)
    return list(listed)


@contextmanager
def _numbered(number: int) -> Iterator[None]:
    """Say in errors which change is meant."""
    try:
        yield
    except InvalidInput as error:
        raise InvalidInput(error.said, action=f"change {number}", hint=error.hint) from None


@dataclass
class _Flavor:
    id: str
    name: str | None
    vcpus: int | None
    ram_mb: int | None
    volume_gb: int | None
    max_volume_gb: int | None = None
    disabled: bool | None = None


class _Plan:
    """What changes may name, and what each does to a frame."""

    def __init__(self, df: pd.DataFrame, flavors: pd.DataFrame | None, zones: Zones | None) -> None:
        self._df = df
        self._given = flavors
        self._zones = sorted({*df["zone"].dropna(), *(() if zones is None else given_zones(zones))})
        self._lost: set[str] = set()

    def step(self, change: Change) -> _Step:
        """Check a change as far as it can be told before the former ones are done; return what does it."""
        verb = _verb_of(change)
        others = tuple(name for name in self._df.columns if name not in _MADE) if verb == "add" else ()
        for key in change:
            if key not in (verb, *_TAKES[verb], *others):
                raise InvalidInput(f"{verb} does not take {key!r}", hint=f"It takes {_joined(_TAKES[verb])}.")
        needed = [key for key in ("flavor", "zone") if key in _TAKES[verb] and key not in change]
        if needed:
            raise InvalidInput(f"{verb} needs {' and '.join(needed)}")
        step: _Step = getattr(self, f"_{verb}")(change)
        return step

    def _add(self, change: Change) -> _Step:
        count = _whole(change["add"], "add", least=1)
        flavor, zone = self._flavor(change["flavor"]), self._zone(change["zone"])
        root_gb, attached_gb = change.get("root_gb"), _whole(change.get("attached_gb", 0), "attached_gb", least=0)
        check_root_size(root_gb, root_sizes(None, flavor.max_volume_gb), flavor.volume_gb)
        root_gb = int(root_gb) if flavor.volume_gb is None and root_gb is not None else flavor.volume_gb
        name = check_text(change.get("name", "what-if"), "name")
        check_instance_name(name)
        values = {key: value for key, value in change.items() if key not in ("add", *_TAKES["add"])} | {
            "instance_id": _ID,
            "name": name,
            "status": "ACTIVE",
            "zone": zone,
            **_columns_of(flavor),
            "root_gb": root_gb,
            "attached_gb": attached_gb,
            "attached_count": int(attached_gb > 0),
            "disk_gb": None if root_gb is None else root_gb + attached_gb,
        }
        row = pd.DataFrame({key: _cell(key, values.get(key), self._df[key].dtype) for key in self._df.columns})
        return lambda frame: pd.concat([frame, _rows(row, count, frame["instance_id"])], ignore_index=True)

    def _remove(self, change: Change) -> _Step:
        ids = _ids(change["remove"], "remove")
        return lambda frame: frame[~_found(frame, ids, "remove")]

    def _resize(self, change: Change) -> _Step:
        ids, flavor = _ids(change["resize"], "resize"), self._flavor(change["flavor"])
        if flavor.volume_gb is not None or _is_local(pd.Series([flavor.name])).any():
            raise InvalidInput(f"resize to {flavor.name} is not possible: u2 flavors come with a disk of their own")

        def step(frame: pd.DataFrame) -> pd.DataFrame:
            found = _found(frame, ids, "resize")
            local = frame["instance_id"][found][_is_local(frame["flavor_name"][found])]
            if len(local):
                hint = "The service resizes no u2 instance: remove it and add another."
                raise InvalidInput(
                    f"resize: {_count(local, ids)} have a u2 flavor, the first is {local.iloc[0]}", hint=hint
                )
            return _with(frame, found, _columns_of(flavor))

        return step

    def _stop(self, change: Change) -> _Step:
        ids = _ids(change["stop"], "stop")

        def step(frame: pd.DataFrame) -> pd.DataFrame:
            found = _found(frame, ids, "stop")
            states = frame["status"]
            known = {name: time for name, time in self._stop_times().items() if name in frame}
            return _with(frame, found & ~states.isin(["STOP"]).to_numpy(), {"status": "STOP"} | known)

        return step

    def _move(self, change: Change) -> _Step:
        ids, zone = _ids(change["move"], "move"), self._zone(change["zone"])
        return lambda frame: _with(frame, _found(frame, ids, "move"), {"zone": zone})

    def _lose(self, change: Change) -> _Step:
        zone = self._zone(change["lose"])
        self._lost.add(zone)
        return lambda frame: frame[~frame["zone"].isin([zone])]

    def _stop_times(self) -> dict[str, pd.Timestamp | None]:
        """Return the times that bound how long an instance is stopped: it is since the moment of the frame."""
        if "fetched_at" not in self._df.attrs:
            return {"updated_at": None}
        return dict.fromkeys(("updated_at", "launched_at"), moment_of(self._df, None))

    def _zone(self, value: object) -> str:
        zone = check_text(value, "zone")
        if zone in self._lost:
            raise InvalidInput(f"the zone {zone!r} is lost by a former change")
        if zone not in self._zones:
            hint = f"Zones are {_joined(self._zones)}; give zones= for those that are empty today."
            raise InvalidInput(f"the zone {zone!r} is not known", hint=hint)
        return zone

    def _flavor(self, value: Any) -> _Flavor:
        flavors = self._flavors
        more = "" if self._given is not None else "Give flavors=toast.flavors(): without it only those in df are known."
        try:
            _, flavor = find(value, "flavor", lambda: flavors)
        except InvalidInput as error:
            raise InvalidInput(error.said, hint=f"{error.hint} {more}".strip()) from None
        if flavor is None:
            raise InvalidInput(f"there is no flavor {value!r}", hint=more)
        if sum(other.id == flavor.id for other in flavors) > 1:
            raise InvalidInput(f"of the flavor {value!r} there are several that differ", hint=more)
        if flavor.disabled:
            raise InvalidInput(f"the flavor {value!r} is disabled: no instance can get it")
        return flavor

    @cached_property
    def _flavors(self) -> list[_Flavor]:
        if self._given is None:
            return _flavors_of(_in_use(self._df))
        columns = ["flavor_id", "name", "vcpus", "ram_mb", "volume_gb", "max_volume_gb", "disabled"]
        require_columns(self._given, columns, "flavors")
        return _flavors_of(self._given[columns])


def _in_use(df: pd.DataFrame) -> pd.DataFrame:
    """Return the flavors that instances tell of; the root disk of a u2 instance is its flavor's."""
    known = df[["flavor_id", "flavor_name", "vcpus", "ram_mb", "root_gb"]].drop_duplicates()
    known = known.dropna(subset=["flavor_id", "vcpus", "ram_mb"])
    local = _is_local(known["flavor_name"])
    known = known[~local | known["root_gb"].notna()]
    return known.assign(root_gb=known["root_gb"].where(local)).drop_duplicates()


def _is_local(flavor_names: pd.Series) -> pd.Series:
    return family_of(flavor_names) == LOCAL_DISK_FAMILY


def _flavors_of(table: pd.DataFrame) -> list[_Flavor]:
    rows = table.astype("object").where(table.notna(), None)
    return [_Flavor(*row) for row in rows.itertuples(index=False, name=None)]


def _columns_of(flavor: _Flavor) -> dict[str, Any]:
    """Return the columns that an instance has of its flavor."""
    return {"flavor_id": flavor.id, "flavor_name": flavor.name, "vcpus": flavor.vcpus, "ram_mb": flavor.ram_mb}


def _verb_of(change: Change) -> str:
    if not isinstance(change, Mapping):
        raise InvalidInput(f"it is {type(change).__name__}, but must be a dict", hint='As {"remove": ids}.')
    verbs = [verb for verb in _TAKES if verb in change]
    if len(verbs) == 1:
        return verbs[0]
    problem = f"it has {' and '.join(verbs)}" if verbs else f"nothing in it ({_joined(change)}) says what to do"
    raise InvalidInput(problem, hint=f"Give one of {_joined(_TAKES)} a change.")


def _joined(names: Any) -> str:
    return ", ".join(map(str, names)) or "nothing more"


def _whole(value: object, what: str, least: int) -> int:
    if not isinstance(value, Integral) or isinstance(value, bool) or value < least:
        raise InvalidInput(f"{what} is {value!r}, but must be a whole number, at least {least}")
    return int(value)


def _ids(ids: Any, verb: str) -> pd.Series:
    """Return ids as a column, checked: a row of NA, a duplicate or a whole frame is a mistake."""
    if isinstance(ids, pd.DataFrame):
        raise InvalidInput(f"{verb}: a whole frame was given", hint="Give its column of ids: df.instance_id.")
    if isinstance(ids, pd.Series) and "instance_id" in ids.index:
        raise InvalidInput(f"{verb}: a row was given", hint="Give its id: row.instance_id.")
    listed = [ids] if isinstance(ids, str) else ids
    if not pd.api.types.is_list_like(listed) or isinstance(listed, Mapping):
        raise InvalidInput(f"{verb}: ids are {type(ids).__name__}, but must be text, a list, a Series or an index")
    values = pd.Series(list(listed), dtype="object")
    missing = values[values.isna()]
    if len(missing):
        raise InvalidInput(f"{verb}: {_count(missing, values)} are missing (NA)", hint="Leave them out: ids.dropna().")
    if pd.api.types.infer_dtype(values) not in ("string", "empty"):
        raise InvalidInput(f"{verb}: ids must be text", hint="Give instance_id of the instances.")
    if not values.is_unique:
        first = values[values.duplicated()].iloc[0]
        raise InvalidInput(f"{verb}: ids are given more than once, the first is {first}", hint="Give each id once.")
    return values.astype("str")


def _count(some: pd.Series, ids: pd.Series) -> str:
    return f"{len(some)} of {len(ids)} ids"


def _found(frame: pd.DataFrame, ids: pd.Series, verb: str) -> _Mask:
    """Return which rows are meant; each id has to be there once."""
    place = positions(frame["instance_id"], among=ids)
    times = np.bincount(place[place >= 0], minlength=len(ids))
    lacking, twice = ids[times == 0], ids[times > 1]
    if len(lacking):
        said = f"{verb}: {_count(lacking, ids)} are not in df by then, the first is {lacking.iloc[0]}"
        raise InvalidInput(said, hint="Take them from df.instance_id; former changes may have removed them.")
    if len(twice):
        raise InvalidInput(f"df has the instance {twice.iloc[0]} twice", hint="Give the frame of one moment.")
    found: _Mask = place >= 0
    going = frame["instance_id"][found & frame["status"].isin(["DELETING"]).to_numpy()]
    if len(going) and verb != "remove":
        raise InvalidInput(f"{verb}: {_count(going, ids)} are being deleted, the first is {going.iloc[0]}")
    return found


def _with(frame: pd.DataFrame, rows: _Mask, values: Mapping[str, Any]) -> pd.DataFrame:
    """Return the frame with other values in some rows, in the same dtypes."""
    columns = {}
    for name, value in values.items():
        column = frame[name].copy()
        column[rows] = _cell(name, value, column.dtype).iloc[0]
        columns[name] = column
    return frame.assign(**columns)


def _cell(name: str, value: Any, dtype: Any) -> pd.Series:
    """Return a value as a column of one row; what the dtype cannot hold as it is, is refused."""
    missing = not pd.api.types.is_list_like(value) and bool(pd.isna(value))
    if missing and isinstance(dtype, np.dtype) and dtype.kind in "biu":
        hint = "Make the column Int64 or boolean, or give a value where the change takes one."
        raise InvalidInput(f"{name} is not known, and its column ({dtype}) has no room for missing values", hint=hint)
    is_new = isinstance(dtype, pd.CategoricalDtype) and not missing and value not in list(dtype.categories)
    try:
        cell = pd.Series([None if missing or is_new else value], dtype=dtype)
        fits = missing or bool(cell.iloc[0] == value)
    except (TypeError, ValueError, OverflowError):
        fits = False
    if not fits:
        raise InvalidInput(f"{name} is {value!r}, which its column ({dtype}) cannot hold")
    return cell


def _rows(row: pd.DataFrame, count: int, taken: pd.Series) -> pd.DataFrame:
    """Return a row so many times, with ids that are not taken yet, and names that are numbered."""
    rows = row.take(np.zeros(count, dtype=int)).reset_index(drop=True)
    used = taken[taken.str.startswith(_ID).fillna(False).to_numpy(dtype=bool)]
    numbers = pd.Series(np.arange(1, count + len(used) + 1)).astype("str")
    ids = _ID + numbers
    numbered = {"instance_id": ids[~ids.isin(used)].head(count).reset_index(drop=True)}
    if "name" in rows:
        numbered["name"] = rows["name"] + "-" + numbers.head(count)
    return rows.assign(**{name: values.astype(rows[name].dtype) for name, values in numbered.items()})
