"""All that is public, called as a user would with a real (sandbox) account, and all that it produces, kept in files.

Run as a program, in a folder of its own, with the canary's credentials in the environment: it finds them there as a
user's program does, and has them in no variable of its own. What it leaves behind is searched by the test beside it.
"""

from __future__ import annotations

import copy
import faulthandler
import gc
import http.client
import logging
import os
import pickle
import sys
import warnings
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import matplotlib as mpl
import pandas as pd
from ipywidgets.widgets.widget import _instances as widgets

import toastnb as tn
from tests.redaction.canary import shown_by, shown_by_tools
from tests.redaction.public_calls import KEY, READS
from toastnb.report import exports

CHANGE = {"add": 2, "flavor": "m2.c2m4", "zone": "kr-pub-a", "root_gb": 50}


def _with_keys() -> str:
    """Return the address of a store with a key in it; no variable keeps it."""
    return f"s3://someone:{os.environ['TOASTNB_PASSWORD']}@bucket"


LIMITS = pd.DataFrame({"zone": ["kr-pub-a"], "vcpus": [1000]})


class Account:
    """What the calls below are made with.

    Parameters
    ----------
    toast : Toast
        The account.
    """

    def __init__(self, toast: tn.Toast) -> None:
        self.toast = toast
        self.inventory = toast.inventory()
        self.vms = self.inventory.instances_detail
        self.found = tn.audit.run(self.inventory)
        self.prices = tn.capacity.price_template(self.vms)
        self.own = tn.Sandbox(instances=2)
        for day in ("2026-10-01", "2026-10-02"):
            tn.history.record(self.inventory, "history", at=day, project="shop")
        self.history = tn.history.open_store("history")
        days = pd.date_range("2026-09-01", periods=30, tz="UTC")
        vms = pd.Series(range(30), dtype="Int64")
        self.amounts = pd.DataFrame({"at": days, "project": "shop", "instances": vms, "vcpus": vms, "ram_gb": vms})
        self.amounts = self.amounts.assign(disk_gb=vms, unknown=0)
        self.one, self.other = self.vms["instance_id"][self.vms["status"] == "ACTIVE"].head(2)
        spare = self.inventory.volumes.merge(self.vms.query("instance_id == @self.one"), on="zone")
        self.volume = spare["volume_id"][spare["status_x"] == "available"].iloc[0]
        addresses = self.inventory.floating_ips
        self.floating_ip = addresses["floating_ip"][addresses["status"] == "DOWN"].iloc[0]
        self.fixed_ip = self.vms["ip_address"].iloc[0]
        self.projects = tn.connect_many({"shop": toast, "refused": tn.connect(password="no", timeout=20)})


Use = Callable[[Account], object]
CAPACITY: dict[str, Use] = {
    "compare": lambda a: tn.capacity.compare(a.vms, a.vms),
    "cost": lambda a: tn.capacity.cost(a.vms, a.prices.fillna(1)),
    "disk_options": lambda a: tn.capacity.disk_options(a.inventory.flavors.iloc[0], a.inventory.images.iloc[0]),
    "disk_sizing": lambda a: tn.capacity.disk_sizing(a.inventory.disks, a.vms),
    "flavor_mix": lambda a: tn.capacity.flavor_mix(a.vms),
    "forecast": lambda a: tn.capacity.forecast(a.amounts, {"vcpus": 50}),
    "forecast_series": lambda a: tn.capacity.forecast_series(a.amounts, {"vcpus": 50}),
    "growth": lambda a: tn.capacity.growth(a.amounts),
    "growth_series": lambda a: tn.capacity.growth_series(a.amounts),
    "headroom": lambda a: tn.capacity.headroom(a.vms, LIMITS),
    "largest_disks": lambda a: tn.capacity.largest_disks(a.inventory.disks, a.vms),
    "limits_of": lambda a: tn.capacity.limits_of(LIMITS, "shop"),
    "price_template": lambda a: tn.capacity.price_template(a.vms),
    "reclaimable": lambda a: tn.capacity.reclaimable(a.vms),
    "single_zone": lambda a: tn.capacity.single_zone(a.vms, app="prefix"),
    "totals": lambda a: tn.capacity.totals(a.vms),
    "volumes_per_instance": lambda a: tn.capacity.volumes_per_instance(a.vms),
    "what_if": lambda a: tn.capacity.what_if(a.vms, CHANGE, a.inventory.flavors),
    "zone_balance": lambda a: tn.capacity.zone_balance(a.vms),
    "zone_failure": lambda a: tn.capacity.zone_failure(a.vms),
}
AUDIT: dict[str, Use] = {
    "as_json": lambda a: tn.audit.as_json(a.found),
    "catalogue": lambda _: tn.audit.catalogue(),
    "fails": lambda a: tn.audit.fails(a.found, "high"),
    "run": lambda a: tn.audit.run(a.inventory),
    "sarif": lambda a: tn.audit.sarif(a.found),
    "summary": lambda a: tn.audit.summary(a.found),
    "unknowable": lambda _: tn.audit.unknowable(),
    "waived": lambda a: tn.audit.waived(a.found),
    "waivers": lambda a: tn.audit.waivers(a.found),
}
REPORT: dict[str, Use] = {
    "OverTime": lambda a: tn.report.OverTime(a.history, ""),
    "copy_notebooks": lambda _: tn.report.copy_notebooks("notebooks"),
    "over_time": lambda a: tn.report.over_time(a.inventory, a.history),
    "over_time, keys": lambda a: tn.report.over_time(a.inventory, _with_keys()),
    "summary": lambda a: tn.report.summary(a.inventory),
    "table": lambda a: tn.report.table(a.vms).as_raw_html(),
    "write, keys": lambda a: tn.report.write(a.inventory, "report", history=_with_keys()),
    "write, no prices": lambda a: tn.report.write(a.inventory, "report", prices="no-such-file.csv"),
    "write": lambda a: tn.report.write(a.inventory, "report"),
}
PLOTS: dict[str, Use] = {
    "compare": lambda a: tn.plots.compare(tn.capacity.compare(a.vms, a.vms)),
    "churn": lambda a: tn.plots.churn(a.history.churn()),
    "cost": lambda a: tn.plots.cost(CAPACITY["cost"](a)),
    "disk_sizes": lambda a: tn.plots.disk_sizes(CAPACITY["disk_sizing"](a)),
    "findings": lambda a: tn.plots.findings(a.found),
    "forecast": lambda a: tn.plots.forecast(CAPACITY["forecast_series"](a)),
    "growth": lambda a: tn.plots.growth(CAPACITY["growth_series"](a)),
    "waterfall": lambda a: tn.plots.waterfall(tn.history.waterfall(a.inventory, a.inventory)),
    **{
        name: lambda a, name=name: getattr(tn.plots, name)(CAPACITY[name](a))
        for name in ("flavor_mix", "headroom", "largest_disks", "reclaimable", "single_zone")
    },
    **{
        name: lambda a, name=name: getattr(tn.plots, name)(CAPACITY[name](a))
        for name in ("totals", "volumes_per_instance", "zone_balance", "zone_failure")
    },
}
FORMS: dict[str, Use] = {
    "actions": lambda a: (
        tn.forms.actions(a.toast, a.vms.query("instance_id == @a.one")).form.set(action="stop").request()
    ),
    "console": lambda a: tn.forms.console(a.toast),
    "login": lambda _: tn.forms.login(),
}
NEW = {"image": "Debian 12", "network": "Default Network", "zone": "kr-pub-a", "security_groups": "default"}


def _new(account: Account, name: str, count: int = 1) -> object:
    keypair = account.inventory.keypairs["name"].iloc[0]
    return account.toast.create_instance(name=name, flavor="m2.c2m4", keypair=keypair, root_gb=50, count=count, **NEW)


# Each succeeds, one after the other, but for those in FAILING.
TOAST: dict[str, Use] = {
    **{name: lambda a, call=call: call(a.toast, Path()) for name, call in READS.items()},
    "instances_detail": lambda a: a.toast.instances_detail(a.one),
    "wait": lambda a: a.toast.wait(a.one, "ACTIVE", timeout=20),
    "add_security_group": lambda a: a.toast.add_security_group(a.one, "migration-2022"),
    "remove_security_group": lambda a: a.toast.remove_security_group(a.one, "migration-2022"),
    "add_floating_ip": lambda a: a.toast.add_floating_ip(a.one, a.floating_ip, a.fixed_ip),
    "remove_floating_ip": lambda a: a.toast.remove_floating_ip(a.one, a.floating_ip),
    "attach_volume": lambda a: a.toast.attach_volume(a.one, a.volume),
    "detach_volume": lambda a: a.toast.detach_volume(a.one, a.volume),
    "reboot": lambda a: a.toast.reboot([a.one, a.other], "HARD", wait=True, timeout=20),
    "stop": lambda a: a.toast.stop([a.one, a.other]),
    "stop, again": lambda a: a.toast.stop(a.one),
    "upload_image": lambda a: a.toast.upload_image(a.one, "golden"),
    "resize": lambda a: a.toast.resize(a.one, "m2.c2m4"),
    "start": lambda a: a.toast.start([a.one, "5f0c2a1e-7a0b-4a57-9d0e-1c5b8c3d2e10"]),
    "create_instance": lambda a: _new(a, "web"),
    "create_instance, several": lambda a: _new(a, "webs", count=3),
    "delete_instance": lambda a: a.toast.delete_instance(a.other, wait=True, timeout=20),
    "create_keypair": lambda a: a.toast.create_keypair("ops", "ops.pem"),
    "create_keypair, again": lambda a: a.toast.create_keypair("ops", "ops.pem"),
    "import_keypair": lambda a: a.toast.import_keypair("mine", KEY),
    "delete_keypair": lambda a: a.toast.delete_keypair("mine"),
    "account": lambda a: a.toast.account(),
    "last_outcome": lambda a: a.toast.last_outcome,
    "close": lambda a: tn.connect().close(),
}
SANDBOX: dict[str, Use] = {
    "start": lambda a: a.own.start(),
    "base_url": lambda a: a.own.base_url,
    "port": lambda a: a.own.port,
    "is_serving": lambda a: a.own.is_serving,
    "latency": lambda a: a.own.latency,
    "calls": lambda a: a.own.calls,
    "advance": lambda a: a.own.advance(1),
    "live": lambda a: a.own.live(),
    "fault": lambda a: a.own.fault("*", "reset"),
    "clear_faults": lambda a: a.own.clear_faults(),
    "reset": lambda a: a.own.reset(),
    "save": lambda a: a.own.save("own-state.json"),
    "stop": lambda a: a.own.stop(),
    "serve_forever": lambda a: a.own.serve_forever,  # it runs with `toastnb sandbox`
}
INVENTORY: dict[str, Use] = {
    "tables": lambda a: a.inventory.tables,
    "save": lambda a: a.inventory.save("account.zip"),
    "with_metadata": lambda a: a.inventory.with_metadata("team"),
}
HISTORY: dict[str, Use] = {
    "History": lambda a: tn.history.History(a.history._place, a.history._chosen),
    "compact": lambda _: tn.history.compact("history"),
    "diff": lambda a: tn.history.diff(a.inventory, a.inventory),
    "not_compared": lambda a: tn.history.not_compared(tn.history.diff(a.inventory, a.inventory)),
    "open_store": lambda _: tn.history.open_store("history"),
    "open_store, dask": lambda _: tn.history.open_store("history", engine="dask").newest().instances_detail.compute(),
    "open_store, keys": lambda _: tn.history.open_store(_with_keys()),
    "record, keys": lambda a: tn.history.record(a.inventory, _with_keys()),
    "compact, keys": lambda _: tn.history.compact(_with_keys()),
    "record": lambda a: tn.history.record(a.inventory, "history", project="lab"),
    "waterfall": lambda a: tn.history.waterfall(a.inventory, a.inventory),
}
KEPT: dict[str, Use] = {
    **{
        name: lambda a, name=name: getattr(a.history, name)()
        for name in ("amounts", "churn", "flavor_migrations", "lifetimes", "newest", "snapshots", "stopped_since")
    },
    "engine": lambda a: a.history.engine,
    "zones": lambda a: a.history.zones(),
    "at": lambda a: a.history.at("2026-10-01"),
    "between": lambda a: a.history.between("2026-10-01", "2026-10-02"),
    "of": lambda a: a.history.of("shop"),
    "of_each": lambda a: list(a.history.of_each(lambda one: one.projects)),
    "projects": lambda a: a.history.projects,
    "sql": lambda a: a.history.sql("SELECT * FROM instances_detail"),
    "table": lambda a: a.history.table("metadata"),
    "timeline": lambda a: a.history.timeline(a.vms["instance_id"].iloc[0]),
}
PROJECTS: dict[str, Use] = {
    **{
        name: lambda a, name=name: getattr(a.projects, name)()
        for name in ("availability_zones", "flavors", "floating_ips", "images", "instances", "instances_detail")
    },
    **{
        name: lambda a, name=name: getattr(a.projects, name)()
        for name in ("inventories", "inventory", "keypairs", "networks", "security_groups", "subnets", "volumes")
    },
    "audit": lambda a: a.projects.audit(),
    "failures": lambda a: a.projects.failures,
    "names": lambda a: a.projects.names,
    "record": lambda a: a.projects.record("many", at="2026-10-01"),
    "record, keys": lambda a: a.projects.record(_with_keys()),
    "close": lambda a: a.projects.close(),
}
TOP: dict[str, Use] = {
    "connect": lambda _: tn.connect(),
    "connect_many": lambda _: tn.connect_many({"lab": "lab"}),
    "Projects": lambda a: a.projects,
    "load_inventory": lambda a: tn.load_inventory(a.inventory.save("loaded.zip")),
    "Toast": lambda a: tn.Toast(a.toast.account()),
    "Inventory": lambda a: tn.Inventory({}, {}, a.inventory.fetched_at),
    "Sandbox": lambda _: tn.Sandbox(instances=1),
    **{
        name: lambda _, name=name: getattr(tn, name)("said", action="doing")
        for name in dir(tn)
        if isinstance(getattr(tn, name), type) and issubclass(getattr(tn, name), Exception)
    },
}
MODULES: dict[object, dict[str, Use]] = {
    tn: TOP,
    tn.Toast: TOAST,
    tn.Inventory: INVENTORY,
    tn.Sandbox: SANDBOX,
    tn.capacity: CAPACITY,
    tn.audit: AUDIT,
    tn.report: REPORT,
    tn.plots: PLOTS,
    tn.forms: FORMS,
    tn.history: HISTORY,
    tn.history.History: KEPT,
    tn.Projects: PROJECTS,
}

FAILING = {  # what is called so as to fail; all else succeeds
    "Toast.stop, again",
    "Toast.create_keypair, again",
    "toastnb.report.over_time, keys",
    "toastnb.report.write, keys",
    "toastnb.report.write, no prices",
    *(f"toastnb.history.{name}, keys" for name in ("compact", "open_store", "record")),
    "Projects.record, keys",
}


def keep(name: str, thing: object) -> None:
    """Write all that a thing can show of itself into files."""
    name = name.replace("/", "-").replace(" ", "-")
    shown = [repr(thing), str(thing), repr(getattr(thing, "__dict__", "")), repr(getattr(thing, "attrs", ""))]
    shown += [getattr(thing, way)() for way in ("_repr_html_", "to_csv", "to_json") if hasattr(thing, way)]
    Path(f"{name}.txt").write_text("\n".join(map(str, shown)), "utf-8", errors="surrogateescape")
    for way, write in (("pickle", pickle.dumps), ("copy", lambda one: repr(copy.deepcopy(one)).encode())):
        try:
            Path(f"{name}.{way}").write_bytes(write(thing))
        except Exception as error:  # what cannot be pickled says so, in words that are searched too
            Path(f"{name}.{way}").write_text(repr(error))
    if isinstance(thing, pd.DataFrame) and not isinstance(thing.index, pd.MultiIndex):
        for kind in exports.FILE_FORMATS:
            with suppress(tn.InvalidInput):
                exports.export(thing, f"{name}.{kind}", kind)
    if hasattr(thing, "figure"):
        thing.figure.savefig(f"{name}.png")


def reachable(thing: object) -> str:
    """Return what is found from a thing by its attributes and whatever these refer to, but not inside of functions."""
    pending, seen, shown = [thing], set(), []
    while pending:
        one = pending.pop()
        if id(one) in seen or isinstance(one, type | type(sys) | type(reachable) | type(keep.__code__)):
            continue
        seen.add(id(one))
        with suppress(Exception):
            shown.append(bytes(one).decode("latin-1") if isinstance(one, bytes | bytearray) else repr(one))
        if not isinstance(one, str | bytes | bytearray | pd.DataFrame):
            pending += gc.get_referents(one) if type(one).__name__ not in {"cell", "frame", "method"} else []
    return f"{len(seen)} things\n" + "\n".join(shown)


def sign_in_with_a_form(base_url: str, good: bool) -> None:
    """Type credentials into the form on the page, as a person does, and keep the states of all widgets."""
    view = tn.forms.login()
    view.form.set(base_url=base_url, username=os.environ["TOASTNB_USERNAME"])
    view.secrets["appkey"].control.set_state({"value": os.environ["TOASTNB_APPKEY"]})  # as it comes from the page
    view.secrets["password"].control.set_state({"value": os.environ["TOASTNB_PASSWORD"] + ("" if good else "?")})
    with suppress(tn.ToastError):
        view.form.submit()
    states = [widget.get_state() for widget in widgets.values()]
    Path(f"states-{good}.txt").write_text(f"{len(states)} widgets\n{states!r}", "utf-8")
    view.close()


def main() -> None:
    """Do all of it."""
    mpl.use("Agg")
    warnings.simplefilter("always")
    logging.basicConfig(level=logging.DEBUG, stream=sys.stderr, force=True)
    http.client.HTTPConnection.debuglevel = 1
    faulthandler.enable()
    toast = tn.connect(timeout=20)
    account, failed = Account(toast), set[str]()
    for module, calls in MODULES.items():
        for name, use in calls.items():
            label = f"{getattr(module, '__name__', module)}.{name}"
            try:
                keep(label, use(account))
            except tn.ToastError as error:
                failed.add(label)
                keep(f"{label}.error", error)
                Path(f"{label}.traceback.txt").write_text(shown_by(error) + shown_by_tools(error), "utf-8")
    account.inventory.save("account.zip")
    base_url = toast.account().base_url
    sign_in_with_a_form(base_url, good=False)
    sign_in_with_a_form(base_url, good=True)
    toast.flavors()
    Path("reachable.txt").write_text(reachable(toast), "utf-8", errors="surrogateescape")
    with Path("faulthandler.txt").open("w") as file:
        faulthandler.dump_traceback(file)
    sys.stdout.write(f"{sum(len(calls) for calls in MODULES.values())} calls\n")
    sys.stdout.write(f"not as they should be: {sorted(failed ^ FAILING)}\n")
    account.own.stop()


if __name__ == "__main__":
    main()
