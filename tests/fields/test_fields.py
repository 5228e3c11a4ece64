"""Fields: what they accept, what they say, what they keep, and whom they tell."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toastnb import rules
from toastnb.errors import InvalidInput
from toastnb.fields import SENTENCES, Choice, Field, FilePath, Integer, Option, Several, Text

A, B, OFF = Option("id-a", "A · large", name="a"), Option("id-b", "B", name="b"), Option("id-c", "C", "disabled", "c")
ANYTHING = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(),
    st.lists(st.one_of(st.text(), st.integers())),
    st.binary(),
    st.just(np.int64(30)),
    st.just(pd.NA),
    st.just(np.array([1, 2])),
    st.just(pd.DataFrame({"a": [1]})),
    st.just(pd.Series(["x", "y"])),
)


def all_fields() -> list[Field]:
    return [
        Text("name", rules.check_instance_name, 20),
        Integer("root_gb", 20, 1000, 10),
        Choice("flavor", [A, B, OFF]),
        Several("groups", [A, B, OFF]),
        FilePath("path"),
        FilePath("file", must_exist=True),
    ]


# --- all fields ----------


@given(ANYTHING, st.integers(0, 5))
def test_whatever_is_entered_is_kept_or_read_and_never_raises(value: object, which: int) -> None:
    field = all_fields()[which]
    field.set(value)
    assert isinstance(field.problem(), str)
    once = field.value
    field.set(once)
    assert field.value is once or field.value == once


@pytest.mark.parametrize("field", all_fields(), ids=lambda field: field.name)
def test_what_is_required_and_empty_is_a_problem_and_what_is_hidden_is_not(field: Field) -> None:
    assert field.is_empty
    assert field.problem()
    field.visible = False
    assert field.problem() == ""
    field.visible = True
    field.required = False
    assert field.problem() == ""


def test_a_wrong_value_stays_and_hides_its_problem_with_the_field() -> None:
    name = Text("name", rules.check_instance_name)
    name.set("web_01")
    assert name.value == "web_01"
    assert "ASCII letters" in name.problem()
    name.visible = False
    assert name.problem() == ""


def test_those_who_watch_are_told_of_each_change_and_of_nothing_else() -> None:
    seen: list[object] = []
    field = Choice("flavor", [A, B])
    unwatch = field.watch(lambda one: seen.append((one.value, one.visible, one.note)))
    field.set("id-a")
    field.set("id-a")
    field.note = "a remark"
    field.note = "a remark"
    field.visible = False
    field.visible = False
    field.options = [A, B]
    assert seen == [("id-a", True, ""), ("id-a", True, "a remark"), ("id-a", False, "a remark")]
    unwatch()
    unwatch()
    field.set("id-b")
    assert len(seen) == 3


def test_true_is_another_value_than_one() -> None:
    seen: list[object] = []
    field = Integer("count", 1, 10)
    field.watch(lambda one: seen.append(one.value))
    field.set(1)
    field.set(True)
    assert seen == [1, True]
    assert "whole number" in field.problem()


def test_entering_lets_a_note_go() -> None:
    field = Text("name")
    field.note = "a remark"
    field.set("x")
    assert field.note == ""


def test_a_suggestion_stands_until_somebody_enters_something() -> None:
    size = Integer("root_gb", 20, 1000, 10)
    size.suggest(20)
    size.suggest(50)
    assert (size.value, size.entered) == (50, 0)
    size.set(70)
    size.suggest(20)
    assert (size.value, size.entered) == (70, 1)
    size.clear()
    assert size.is_empty
    size.suggest(20)
    assert (size.value, size.entered) == (20, 1)


def test_sentences_can_be_in_another_language() -> None:
    field = Text("name")
    field.sentences = {**SENTENCES, "missing": "값이 없습니다"}
    assert field.problem() == "값이 없습니다"
    assert Text("name").problem() == "is missing"


# --- text ----------


@pytest.mark.parametrize(("length", "right"), [(20, True), (21, False)])
def test_a_text_has_a_longest_length(length: int, right: bool) -> None:
    field = Text("name", longest=20)
    field.set("x" * length)
    assert field.problem() == ("" if right else "has 21 characters, but at most 20 are allowed")
    field.longest = 40
    assert field.problem() == ""


def test_a_check_that_refuses_is_a_problem_with_its_hint() -> None:
    def refuse(_: str) -> None:
        raise InvalidInput("it is wrong", hint="Do it right.")

    field = Text("name", refuse)
    field.set("x")
    assert field.problem() == "it is wrong. Do it right."


def test_nothing_is_no_text_and_a_number_is_none() -> None:
    field = Text("name", longest=3)
    field.set(None)
    assert field.value == ""
    field.set(12345)
    assert field.problem() == "is int, but must be text"


# --- integers ----------


@given(st.integers(-50, 1100), st.integers(0, 300), st.integers(0, 1000), st.sampled_from([1, 7, 10]))
def test_a_number_is_right_exactly_where_the_range_has_it(value: int, least: int, most: int, step: int) -> None:
    field = Integer("root_gb", least, most, step)
    field.set(value)
    assert (field.problem() == "") is (value in range(least, most + 1, step))


@given(st.integers(0, 1100), st.integers(0, 300), st.integers(0, 400), st.sampled_from([1, 7, 10]))
def test_other_bounds_keep_a_value_that_is_valid_and_move_another_to_the_nearest(
    value: int, least: int, span: int, step: int
) -> None:
    field = Integer("root_gb", 0, 1100)
    field.set(value)
    field.bounds = (least, least + span, step)
    allowed = range(least, least + span + 1, step)
    assert field.problem() == ""
    assert abs(field.value - value) == min(abs(one - value) for one in allowed)
    assert field.note == ("" if value in allowed else f"{value} is not possible any more")


def test_bounds_that_hold_nothing_keep_the_value_and_say_so() -> None:
    field = Integer("root_gb", 20, 1000, 10)
    field.set(50)
    field.bounds = (200, 100, 10)
    assert (field.value, field.problem()) == (50, "cannot be any number")
    field.bounds = (60, 100, 10)
    assert (field.value, field.problem()) == (60, "")


def test_a_suggested_number_moves_without_a_word() -> None:
    field = Integer("root_gb", 20, 1000, 10)
    field.suggest(20)
    field.bounds = (50, 1000, 10)
    assert (field.value, field.note) == (50, "")


def test_numbers_of_numpy_are_numbers_and_others_are_not() -> None:
    field = Integer("count", 1, 10)
    field.set(np.int64(3))
    assert (field.value, type(field.value), field.problem()) == (3, int, "")
    for wrong in ("3", 3.0, True, pd.NA):
        field.set(wrong)
        assert "must be a whole number" in field.problem()


# --- choices ----------


def test_a_choice_goes_by_value_or_by_a_name_or_label_that_one_option_has() -> None:
    field = Choice("flavor", [A, B, Option("id-a2", "second A", name="a")])
    for given_, value in (("id-b", "id-b"), ("b", "id-b"), ("B", "id-b"), ("A · large", "id-a")):
        field.set(given_)
        assert (field.value, field.problem()) == (value, "")
    assert field.called == "id-a"  # two have its name
    field.set("a")
    assert field.problem() == "'a' is the name of 2 of them: give the id of one"
    field.set("id-b")
    assert field.called == "b"


def test_what_cannot_be_chosen_says_why_and_what_is_not_there_what_there_is() -> None:
    field = Choice("flavor", [A, B, OFF])
    field.set("c")
    assert (field.value, field.problem()) == ("id-c", "C cannot be chosen: disabled")
    field.set("bb")
    assert field.problem() == "there is no 'bb'; there are: b, ..."
    assert field.option is None
    field.set("")
    assert (field.value, field.problem()) == (None, "is to be chosen")


def test_a_choice_without_anything_to_choose_says_so() -> None:
    assert Choice("flavor", [OFF]).problem() == "has nothing that can be chosen"
    assert Choice("flavor").problem() == "has nothing that can be chosen"


@pytest.mark.parametrize(
    ("options", "value", "note"),
    [
        ([B, A], "id-a", ""),
        ([B], None, "A · large cannot be chosen any more: it is gone"),
        ([B, Option("id-a", "A · large", "too small")], None, "A · large cannot be chosen any more: too small"),
    ],
)
def test_other_options_keep_a_choice_that_is_there_and_let_go_of_another(
    options: list[Option], value: str | None, note: str
) -> None:
    field = Choice("flavor", [A, B])
    field.set("a")
    field.options = options
    assert (field.value, field.note) == (value, note)


def test_flags_can_be_chosen() -> None:
    field = Choice("store", [Option(True, "Yes"), Option(False, "No")])
    field.set(False)
    assert (field.value, field.option.label, field.problem()) == (False, "No", "")
    field.set(0)
    assert field.problem()


# --- several ----------


def test_several_are_a_tuple_in_the_order_of_choosing_each_once() -> None:
    field = Several("groups", [A, B, OFF])
    field.set(["b", "id-a", "B"])
    assert (field.value, field.problem()) == (("id-b", "id-a"), "")
    field.set("a")
    assert field.value == ("id-a",)
    field.set(pd.Series(["a", "c"]))
    assert field.problem() == "C cannot be chosen: disabled"
    field.set(None)
    assert (field.value, field.problem()) == ((), "needs at least one")


def test_other_options_let_go_of_those_that_are_gone() -> None:
    field = Several("groups", [A, B])
    field.set(["a", "b"])
    field.options = [A, Option("id-b", "B", "disabled")]
    assert (field.value, field.note) == (("id-a",), "B cannot be chosen any more: disabled")


def test_ten_thousand_are_no_burden() -> None:
    options = [Option(f"id-{number}", f"name {number}") for number in range(10_000)]
    field = Several("instances", options)
    field.set([option.value for option in options])
    assert (len(field.value), field.problem()) == (10_000, "")


# --- paths ----------


def test_a_path_to_read_has_to_be_a_file(tmp_path: Path) -> None:
    field = FilePath("file", must_exist=True)
    field.set(tmp_path / "key.pub")
    assert field.problem() == f"there is no file {tmp_path / 'key.pub'}"
    (tmp_path / "key.pub").write_text("x")
    assert field.problem() == ""
    field.set(tmp_path)
    assert field.problem() == f"{tmp_path} is a folder"


def test_a_path_to_write_has_to_be_new_and_in_a_folder(tmp_path: Path) -> None:
    field = FilePath("path")
    field.set(str(tmp_path / "key.pem"))
    assert field.problem() == ""
    (tmp_path / "key.pem").symlink_to(tmp_path / "nowhere")
    assert "exists already" in field.problem()
    field.set(tmp_path / "missing" / "key.pem")
    assert field.problem() == f"there is no folder {tmp_path / 'missing'}"
    field.set(tmp_path)
    assert "is a folder" in field.problem()
    field.folder = True
    assert field.problem() == ""


def test_the_home_is_filled_in() -> None:
    field = FilePath("path", folder=True)
    field.set("~")
    assert (field.value, field.problem()) == ("~", "")


@pytest.mark.parametrize("path", ["x" * 5000, "a\0b", "~nobody-of-that-name/key"])
def test_a_path_that_is_none_is_a_problem(path: str) -> None:
    field = FilePath("path")
    field.set(path)
    assert "is no place for a file" in field.problem()
