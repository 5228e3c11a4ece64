"""Times come with or without fraction, with or without Z, with an offset: all are UTC, and what is none is an error."""

from __future__ import annotations

import pandas as pd
import pytest

import toastnb as tn
from tests.frames.conftest import Serve
from tests.frames.dictionary import TIME


def created(serve: Serve, *times: str | None) -> pd.Series:
    instances = [{"id": str(number), "createdAt": time} for number, time in enumerate(times)]
    return serve(instances=instances).instances_detail().created_at


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2017-05-16T02:17:50.166563", "2017-05-16 02:17:50.166563"),
        ("2017-05-16T03:17:50Z", "2017-05-16 03:17:50"),
        ("2017-05-16T03:17:50", "2017-05-16 03:17:50"),
        ("2017-05-16T03:17:50.5Z", "2017-05-16 03:17:50.5"),
        ("2017-05-16T12:17:50+09:00", "2017-05-16 03:17:50"),
        ("2017-05-16T12:17:50.000001+0900", "2017-05-16 03:17:50.000001"),
        ("2017-05-15T22:17:50-05:00", "2017-05-16 03:17:50"),
        ("2017-05-16T03:17:50+00:00", "2017-05-16 03:17:50"),
        ("2017-05-16T03:17:50.123456789Z", "2017-05-16 03:17:50.123456"),
        ("2017-05-16 03:17:50", "2017-05-16 03:17:50"),
        ("1969-12-31T23:59:59Z", "1969-12-31 23:59:59"),
        ("2300-01-01T00:00:00Z", "2300-01-01 00:00:00"),
        ("9999-12-31T23:59:59Z", "9999-12-31 23:59:59"),
    ],
)
def test_a_shape_of_time(serve: Serve, text: str, moment: str) -> None:
    expected = pd.Timestamp(moment, tz="UTC").as_unit("us")
    assert created(serve, text).tolist() == [expected]
    mixed = created(serve, "2017-05-16T02:17:50.166563", None, text, "2017-05-16T03:17:50Z")
    assert mixed.dtype == TIME
    assert mixed[2] == expected
    assert mixed.isna().tolist() == [False, True, False, False]
    assert mixed[0] == pd.Timestamp("2017-05-16T02:17:50.166563Z")
    assert mixed[3] == pd.Timestamp("2017-05-16T03:17:50Z")


@pytest.mark.parametrize(
    "text", ["yesterday", "2017-13-01T00:00:00Z", "2017-05-16T25:00:00", "1494901070", "Z", "now", "NaT", "today"]
)
def test_what_is_no_time_is_an_error_that_names_the_column(serve: Serve, text: str) -> None:
    for times in ([text], ["2017-05-16T03:17:50Z", text], [text, "2017-05-16T12:17:50+09:00"]):
        with pytest.raises(tn.BadAnswer, match=r"instances_detail\.created_at"):
            created(serve, *times)


def test_a_missing_time_is_missing_and_never_now(serve: Serve) -> None:
    frame = serve(instances=[{"id": "a"}, {"id": "b", "launchedAt": None}]).instances_detail()
    assert frame[["launched_at", "created_at", "updated_at"]].isna().all(axis=None)
