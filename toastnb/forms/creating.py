"""The form that makes instances."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from typing import Any

import pandas as pd

from toastnb import rules, wire
from toastnb.fields import Choice, Field, Integer, Option, Several, Text
from toastnb.forms import options
from toastnb.forms.catalogue import Catalogue
from toastnb.forms.following import until_active
from toastnb.forms.form import Form
from toastnb.forms.noting import code_of, request_of
from toastnb.forms.order import Order
from toastnb.forms.previews import added_up
from toastnb.forms.work import Progress
from toastnb.new_instance import new_instance
from toastnb.remarks import heard
from toastnb.toast import Toast
from toastnb.wire_siblings import Image

_READ = ("flavors", "images", "networks", "availability_zones", "keypairs", "security_groups")
_LISTED = {
    "image": "images",
    "flavor": "flavors",
    "network": "networks",
    "zone": "availability_zones",
    "keypair": "keypairs",
    "security_groups": "security_groups",
}
_BY_NAME = {"zone", "keypair", "security_groups"}
_NAMED = 3


class CreateForm(Form):
    """Make instances: name, image, flavor, network, zone, keypair, security_groups, count, root_gb.

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
    >>> from toastnb.forms.creating import CreateForm
    >>> form = CreateForm(toast)
    >>> _ = form.set(name="web", image="Debian 12", flavor="m2.c2m4", network="Default Network", zone="kr-pub-a",
    ...              keypair=toast.keypairs().name[0], root_gb=50)
    >>> form.problems()
    {}
    >>> form.preview().difference.to_dict()
    {'instances': 1.0, 'vcpus': 2.0, 'ram_gb': 4.0, 'disk_gb': 50.0}
    >>> form.close()
    """

    kind = "create"

    def __init__(self, toast: Toast, *, catalogue: Catalogue | None = None, lang: str | None = None) -> None:
        self._toast = copy(toast)  # with a last_outcome of its own
        self._catalogue = catalogue or Catalogue(toast._api)
        self._catalogue.read(*_READ)
        least, *_, most = rules.root_sizes(None)
        super().__init__(
            [
                Text("name", check=self._check_name, longest=rules.longest_name(None)),
                *(self._listed(name) for name in _LISTED),
                Integer("count", 1, rules.MAX_COUNT),
                Integer("root_gb", least, most, rules.ROOT_STEP_GB),
            ],
            lang=lang,
            read_only=toast.account().read_only,
        )
        self.fields["count"].suggest(1)
        self._changed()
        self._ends.append(self._catalogue.watch(self._listed_anew))

    def _listed(self, name: str) -> Field:
        """Return a choice, or where the account is not served the listing, a text."""
        if self._catalogue.why_absent(_LISTED[name]):
            return Text(name, check=lambda text: rules.check_text(text, name))
        return Several(name) if name == "security_groups" else Choice(name)

    @property
    def button(self) -> str:
        """What the button says that sends."""
        count = self.fields["count"].value
        if isinstance(count, int) and count > 1:
            return self._say("button.create_several", count=count)
        return self._say("button.create")

    def preview(self) -> pd.DataFrame | None:
        """Return what it adds to its zone, or None while the entries do not tell that.

        Returns
        -------
        DataFrame or None
            Rows instances, vcpus, ram_gb, disk_gb (allocated, not used): before, difference, after (Float64),
            unknown (Int64: instances of the zone whose figure is not known).
        """
        needed = [self.fields[name] for name in ("flavor", "zone", "count", "root_gb")]
        if self._flavor is None or any(field.problem() for field in needed):
            return None
        values = self.values()
        change = {"add": values["count"], "flavor": values["flavor"], "zone": values["zone"]}
        root = {"root_gb": values["root_gb"]} if "root_gb" in values else {}
        return added_up(self._catalogue, {**change, **root}, values["zone"])

    def refresh(self) -> None:
        """Read the account's choices again."""
        super().refresh()
        self._catalogue.read_again(*_READ, "instances")

    # --- what follows from what ----------------------------------------------------------------------------------

    @property
    def _image(self) -> Image | None:
        found: Image | None = _by_id(self._catalogue.listing("images"), self.fields["image"].value)
        return found

    @property
    def _flavor(self) -> wire.Flavor | None:
        found: wire.Flavor | None = _by_id(self._catalogue.listing("flavors"), self.fields["flavor"].value)
        return found

    def _check_name(self, name: str) -> None:
        rules.check_instance_name(name, options.system_of(self._image) if self._image else None)

    def _follow(self) -> None:
        for name, listing in _LISTED.items():
            field = self.fields[name]
            if isinstance(field, Choice | Several):
                field.options = self._options(name)
                field.suggest(self._suggested(name, field.options))
            else:
                words = "form.not_listed_names" if name in _BY_NAME else "form.not_listed"
                field.note = self._say(words, why=self._catalogue.why_absent(listing))
        self._follow_image()
        self._follow_flavor()
        self._follow_count()

    def _options(self, name: str) -> list[Option]:
        listing: Any = self._catalogue.listing(_LISTED[name])
        if name == "image":
            return options.of_images(listing, self._say)
        if name == "flavor":
            return options.of_flavors(listing, self._image, self._say)
        if name == "network":
            return options.of_networks(listing, self._say)
        if name == "zone":
            return options.of_zones(listing, self._say)
        return options.of_keypairs(listing) if name == "keypair" else options.of_security_groups(listing)

    def _suggested(self, name: str, offered: Sequence[Option]) -> object:
        """Return what most people choose: the only one there is, and the security group default."""
        if name == "security_groups":
            return [option.value for option in offered if option.value == "default"]
        return options.only(offered) if name in {"network", "keypair"} else None

    def _follow_image(self) -> None:
        image, name = self._image, self.fields["name"]
        system = options.system_of(image) if image else None
        if isinstance(name, Text):
            name.longest = rules.longest_name(system)
        if image is not None:
            self.fields["image"].note = "" if system else self._say("image.no_system")

    def _follow_flavor(self) -> None:
        flavor, root = self._flavor, self.fields["root_gb"]
        fixed = flavor.volume_size if flavor else None
        if flavor is not None:
            self.fields["flavor"].note = "" if fixed is None else self._say("flavor.disk", disk_gb=fixed)
            if fixed is not None and root.is_own:
                self.fields["flavor"].note += self._say("flavor.disk_instead", root_gb=root.value)
        root.visible = fixed is None
        root.required = isinstance(self.fields["flavor"], Choice)
        sizes = options.sizes_of(flavor, self._image)
        if isinstance(root, Integer):
            root.bounds = (sizes.start, sizes.stop - 1, sizes.step)
        if sizes and root.required:
            root.suggest(sizes[0])

    def _follow_count(self) -> None:
        count, name = self.fields["count"], self.fields["name"]
        several = not count.problem() and count.value > 1 and bool(name.value) and not name.problem()
        names = _names(name.value, count.value) if several else []
        if not name.problem():
            name.note = self._namesakes(names or [name.value])
        system = options.system_of(self._image) if self._image else None
        too_long = any(len(one) > rules.longest_name(system) for one in names)
        count.note = self._say("count.longer" if too_long else "count.names", names=", ".join(names)) if names else ""

    def _namesakes(self, names: Sequence[str]) -> str:
        """Say which of the names instances have already, as far as that is known; the service allows it."""
        listed = self._catalogue.known("instances")
        there = set(listed["instances_detail"]["name"].dropna()) if listed else set()
        taken = [name for name in names if name in there]
        return self._say("name.taken", names=", ".join(taken[:_NAMED])) if taken else ""

    # --- sending -------------------------------------------------------------------------------------------------

    def _order(self) -> Order:
        values = self.values()
        groups = values["security_groups"]
        listed = [group.strip() for group in groups.split(",")] if isinstance(groups, str) else list(groups)
        arguments = {**values, "security_groups": listed, "root_gb": values.get("root_gb")}
        with heard([]):  # that a system is not known is a note of the image
            request = new_instance(self._catalogue, **arguments)
        names = _names(request.name, request.count)
        return Order(
            what="create_instance",
            on_what=", ".join(names),
            requests=lambda: [request_of(lambda api: api.create_instance(request))],
            code=lambda: self._code(arguments),
            run=lambda progress: self._run(request, names, progress),
            afterwards=lambda: self._catalogue.read_again("instances"),
        )

    def _code(self, arguments: dict[str, Any]) -> str:
        said = {
            name: field.called if isinstance(field := self.fields[name], Choice) else value
            for name, value in arguments.items()
        }
        if said["count"] == 1:
            del said["count"]
        if said["root_gb"] is None:
            del said["root_gb"]
        return code_of("create_instance", **said)

    def _run(self, request: wire.NewInstance, names: list[str], progress: Progress) -> pd.DataFrame:
        progress.expect({name: name for name in names})
        for name in names:
            progress.sent(name)
        made = self._toast._created(request)
        progress.result = made.assign(outcome="done", message=None)
        frame, failures = until_active(self._toast._api, made, names, progress, self.timeout)
        progress.result = frame
        if failures and len(names) == 1:
            raise failures[0]
        return frame


def _names(name: str, count: int) -> list[str]:
    return [name] if count == 1 else [f"{name}-{number}" for number in range(1, count + 1)]


def _by_id(listing: Any, value: Any) -> Any:
    return next((one for one in listing or () if one.id == value), None)
