"""What people type as a rating, and what the model keeps of four answers."""

from __future__ import annotations

import pytest

from sync.ratings.answers import CLEAR, STEPS, Ratings, parse, parse_compact, shown


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        (" 3 ", 0.9),
        ("0", 0.0),
        ("2 of 3", 0.6),
        ("1/3", 0.3),
        ("Yes", 0.9),
        ("not  at all", 0.0),
        ("A little", 0.3),
        ("0,7", 0.7),
        (".75", 0.75),
        ("70 %", 0.7),
        ("12,5%", 0.125),
        ("1.0", 1.0),
        ("", None),
        ("?", CLEAR),
        ("Don't know", CLEAR),
    ],
)
def test_an_answer_is_taken_as_people_type_it(typed, value):
    assert parse(typed) == value


@pytest.mark.parametrize("typed", ["4", "-1", "1.5", "101%", "perhaps", "nan", "3 3"])
def test_what_is_no_answer_is_refused_with_what_is(typed):
    with pytest.raises(ValueError, match="0 to 3"):
        parse(typed)


def test_a_rating_is_shown_as_it_is_typed():
    for value in (*STEPS, 0.75, 1.0, None):
        assert parse(shown(value)) == (CLEAR if value is None else value)


def test_the_harder_of_two_reasons_decides_how_easily_it_is_swapped_out():
    assert Ratings(costly=0.9, modular=0.6).of_the_model()["modular"] == 0.1
    assert Ratings(costly=0.3, modular=0.6).of_the_model()["modular"] == 0.6
    assert Ratings(modular=0.3).of_the_model() == {"strategic": None, "critical": None, "modular": 0.3}
    assert Ratings(strategic=0.9).of_the_model()["modular"] is None


def test_answers_change_what_they_name_and_leave_the_rest():
    held = Ratings(0.9, 0.6, None, 0.3)
    assert held.changed({"critical": CLEAR, "costly": 0.9, "modular": None}) == Ratings(0.9, None, 0.9, 0.3)


def test_four_answers_in_one_word():
    assert parse_compact("Pumps = 3,?,,0") == (
        "Pumps",
        {"strategic": 0.9, "critical": CLEAR, "costly": None, "modular": 0.0},
    )
    assert parse_compact("A=B=1") == ("A=B", {"strategic": 0.3})
    for wrong in ("Pumps", "=3", "Pumps=1,2,3,0,1", "Pumps=7"):
        with pytest.raises(ValueError, match="0 to 3"):
            parse_compact(wrong)
