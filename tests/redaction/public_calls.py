"""Every public method of `Toast` that sends something, called as a user would."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import toastnb as tn

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJkNcX0ghbaGMnLS1sjyxTWOmVNs5CWGrl+/9OwMdN2k someone"
ID = "5f0c2a1e-7a0b-4a57-9d0e-1c5b8c3d2e10"


def create(toast: tn.Toast, count: int = 1) -> object:
    things = dict.fromkeys(("image", "flavor", "network"), ID)
    place = {"zone": "kr-pub-a", "keypair": "ops", "security_groups": "default"}
    return toast.create_instance(name="web", **things, **place, root_gb=50, count=count)


READS: dict[str, Callable[[tn.Toast, Path], object]] = {
    "flavors": lambda toast, _: toast.flavors(),
    "availability_zones": lambda toast, _: toast.availability_zones(),
    "instances": lambda toast, _: toast.instances(),
    "instances_detail": lambda toast, _: toast.instances_detail(ID),
    "keypairs": lambda toast, _: toast.keypairs(),
    "images": lambda toast, _: toast.images(),
    "networks": lambda toast, _: toast.networks(),
    "subnets": lambda toast, _: toast.subnets(),
    "security_groups": lambda toast, _: toast.security_groups(),
    "floating_ips": lambda toast, _: toast.floating_ips(),
    "volumes": lambda toast, _: toast.volumes(),
    "token_info": lambda toast, _: toast.token_info(),
    "inventory": lambda toast, _: toast.inventory(),
    "wait": lambda toast, _: toast.wait(ID, "ACTIVE", timeout=1),
}
WRITES: dict[str, Callable[[tn.Toast, Path], object]] = {
    "start": lambda toast, _: toast.start(ID),
    "stop": lambda toast, _: toast.stop(ID),
    "reboot": lambda toast, _: toast.reboot(ID, "HARD", wait=True, timeout=1),
    "resize": lambda toast, _: toast.resize(ID, ID),
    "delete_instance": lambda toast, _: toast.delete_instance(ID),
    "add_security_group": lambda toast, _: toast.add_security_group(ID, "web"),
    "remove_security_group": lambda toast, _: toast.remove_security_group(ID, "web"),
    "add_floating_ip": lambda toast, _: toast.add_floating_ip(ID, "133.186.132.7", "10.0.0.4"),
    "remove_floating_ip": lambda toast, _: toast.remove_floating_ip(ID, "133.186.132.7"),
    "attach_volume": lambda toast, _: toast.attach_volume(ID, ID),
    "detach_volume": lambda toast, _: toast.detach_volume(ID, ID),
    "upload_image": lambda toast, _: toast.upload_image(ID, "golden"),
    "create_instance": lambda toast, _: create(toast),
    "create_instance, several": lambda toast, _: create(toast, count=3),
    "create_keypair": lambda toast, folder: toast.create_keypair("ops", folder / "ops.pem"),
    "import_keypair": lambda toast, _: toast.import_keypair("ops", KEY),
    "delete_keypair": lambda toast, _: toast.delete_keypair("ops"),
}
CALLS = {**READS, **WRITES}
