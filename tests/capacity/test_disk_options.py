"""Which root disk sizes are valid, from the guide's own words."""

from __future__ import annotations

import pandas as pd
import pytest

import toastnb as tn


def flavor(name: str = "m2.c2m4", ram_mb: int = 4096, volume_gb: int | None = None, max_volume_gb: int | None = None):
    values = {"name": name, "ram_mb": ram_mb, "volume_gb": volume_gb, "max_volume_gb": max_volume_gb}
    return pd.Series(values, dtype=object)


def image(name: str = "Debian 12", os_type: str | None = "linux", min_disk_gb: int | None = 20, min_ram_mb: int = 1024):
    values = {"name": name, "os_type": os_type, "min_disk_gb": min_disk_gb, "min_ram_mb": min_ram_mb}
    return pd.Series(values, dtype=object)


def only(flavor: pd.Series, image: pd.Series) -> dict[str, object]:
    [row] = tn.capacity.disk_options(flavor, image).to_dict("records")
    return {name: None if pd.isna(value) else value for name, value in row.items()}


@pytest.mark.parametrize(
    ("given", "bounds"),
    [
        ((flavor(), image()), (20, 1000, 99)),
        ((flavor(), image(min_disk_gb=35)), (40, 1000, 97)),
        ((flavor(max_volume_gb=60), image(min_disk_gb=40)), (40, 60, 3)),
        ((flavor(), image(name="Windows 2022", os_type="windows", min_disk_gb=20)), (50, 1000, 96)),
        ((flavor(), image(name="Windows 2022", os_type=None)), (50, 1000, 96)),
        ((flavor("u2.c2m4", volume_gb=60), image()), (60, 60, 1)),
    ],
)
def test_sizes_run_from_the_image_to_the_flavor(given: tuple[pd.Series, pd.Series], bounds: tuple[int, ...]) -> None:
    row = only(*given)
    assert (row["min_gb"], row["max_gb"], row["sizes"], row["reason"]) == (*bounds, None)
    assert row["fixed"] == (given[0]["volume_gb"] is not None)
    assert row["step_gb"] == (None if row["fixed"] else 10)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ((flavor(ram_mb=1024), image(min_ram_mb=2048)), "needs 2048 MB"),
        ((flavor(max_volume_gb=30), image(min_disk_gb=40)), "needs more than the flavor can have"),
        ((flavor("u2.c1m1", volume_gb=20), image(min_disk_gb=30)), "has 20 GB, but the image needs 30 GB"),
        (
            (flavor("u2.c2m4", volume_gb=60), image(name="Windows 2022", os_type="windows")),
            "Windows does not run on u2",
        ),
    ],
)
def test_where_no_size_is_valid_the_reason_is_said(given: tuple[pd.Series, pd.Series], said: str) -> None:
    row = only(*given)
    assert said in str(row["reason"])
    assert (row["min_gb"], row["max_gb"], row["sizes"]) == (None, None, 0)


def test_what_is_said_to_be_valid_is_what_create_instance_takes(toast: tn.Toast) -> None:
    flavors, images = toast.flavors(), toast.images()
    table = tn.capacity.disk_options(flavors[~flavors.disabled], images[images.status == "active"])
    assert len(table) == (~flavors.disabled).sum() * (images.status == "active").sum()
    free = table[table.reason.isna() & ~table.fixed].iloc[0]
    common = {
        "flavor": free.flavor_name,
        "image": free.image_name,
        "network": "Default Network",
        "zone": "kr-pub-a",
        "keypair": "ops-shared",
        "security_groups": "default",
    }
    assert len(toast.create_instance(name="fits", root_gb=int(free.min_gb), **common)) == 1
    with pytest.raises(tn.InvalidInput, match="root_gb"):
        toast.create_instance(name="less", root_gb=int(free.min_gb - free.step_gb), **common)


def test_bad_input_is_named() -> None:
    with pytest.raises(tn.InvalidInput, match="flavor lacks the columns ram_mb"):
        tn.capacity.disk_options(flavor().drop("ram_mb"), image())
    with pytest.raises(tn.InvalidInput, match="image is str, but must be a DataFrame"):
        tn.capacity.disk_options(flavor(), "Debian 12")
