"""Ratings in the model file: nothing that was there is lost, and what was answered is read back."""

from __future__ import annotations

import stat
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.errors import BothwaysError, ConfigError
from enrichment.model import ScoringModel
from sync.ratings.answers import STEPS, Ratings
from sync.ratings.model_file import name_model, ratings_of, write_ratings

MINE = """# Written by a person.
version = "2.0.0"   # kept

[families.critical]  # after the workshop of May
# pumps stop the plant
pumps = 0.95  # asked Ines
"Valves" = 0.4

[dependence]
lookback_days = 365
"""


def test_a_new_file_is_commented_and_is_a_model(tmp_path):
    path = tmp_path / "deep" / "model.toml"
    write_ratings(path, {"Pumps": Ratings(0.9, 0.6, 0.9, 0.3), 'Big "Valves"': Ratings(modular=0.75)})
    text = path.read_text()
    model = ScoringModel.from_toml(text, "model.toml")

    assert dict(model.families.critical) == {"Pumps": 0.6}
    assert dict(model.families.modular) == {"Pumps": 0.1, 'Big "Valves"': 0.75}
    assert text.startswith("# The scoring model of this organisation")
    assert "# costly to switch 3 of 3, piece by piece 1 of 3" in text
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_file_of_somebody_keeps_its_comments_numbers_and_rights(tmp_path):
    path = tmp_path / "model.toml"
    path.write_text(MINE)
    path.chmod(0o644)
    link = tmp_path / "link.toml"
    link.symlink_to(path)
    write_ratings(link, {"PUMPS": Ratings(0.9, 0.6), "Valves": Ratings()})
    text = path.read_text()

    for kept in ("# Written by a person.", "   # kept", "# after the workshop of May", "# pumps stop the plant"):
        assert kept in text
    assert "pumps = 0.6 # 2 of 3; asked Ines" in text  # the key as it was spelled, and what the person wrote
    assert tomllib.loads(text) == {
        "version": "2.0.0",
        "families": {"critical": {"pumps": 0.6}, "strategic": {"PUMPS": 0.9}},
        "dependence": {"lookback_days": 365},
    }
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert link.is_symlink()


@pytest.mark.parametrize(
    "text",
    ["families = { critical = { Pumps = 0.5 } }\r\n# x\r\n", "families.critical.Pumps = 0.5\n", "", "[families]\n"],
)
def test_every_layout_of_a_table_is_edited_or_refused(tmp_path, text):
    path = tmp_path / "model.toml"
    path.write_bytes(text.encode())
    write_ratings(path, {"Pumps": Ratings(strategic=0.3, critical=0.9)})

    assert ("# x\r\n" in path.read_bytes().decode()) == ("# x" in text)
    assert ratings_of(path) == {"pumps": Ratings(strategic=0.3, critical=0.9)}


answers = st.one_of(st.none(), st.sampled_from(STEPS), st.floats(0.01, 1).map(lambda x: round(x, 2)))
names = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1).filter(lambda s: s.strip())


@given(st.dictionaries(names, st.builds(Ratings, answers, answers, st.none(), answers), max_size=4), st.booleans())
def test_what_is_written_is_read_back_and_the_rest_stays(tmp_path_factory, ratings, held):
    plain = {name.strip().lower(): value for name, value in ratings.items()}
    path = tmp_path_factory.getbasetemp() / "model-of-a-test.toml"
    path.unlink(missing_ok=True)
    if held:
        path.write_text('[effort]\nwindow_days = 200 # ours\n[families.modular]\n"Held" = 0.5 # h\n')
    write_ratings(path, ratings)
    found = ratings_of(path)

    assert {name: found.get(name, Ratings()) for name in plain if len(plain) == len(ratings)} == {
        name: value for name, value in plain.items() if len(plain) == len(ratings)
    }
    if held:
        assert "window_days = 200 # ours" in path.read_text()
        assert found["held"] == plain.get("held", Ratings(modular=0.5))


def test_both_halves_of_the_last_question_come_back_until_the_number_is_changed_by_hand(tmp_path):
    path = tmp_path / "model.toml"
    write_ratings(path, {"Pumps": Ratings(costly=0.6, modular=0.9)})
    assert ratings_of(path)["pumps"] == Ratings(costly=0.6, modular=0.9)

    path.write_text(path.read_text().replace("Pumps = 0.4", "Pumps = 0.5"))
    assert ratings_of(path)["pumps"] == Ratings(modular=0.5)


def test_a_file_that_is_not_toml_and_a_folder_that_takes_no_file_are_said_and_untouched(tmp_path):
    path = tmp_path / "model.toml"
    path.write_text("families = [")
    with pytest.raises(ConfigError, match="not valid TOML"):
        write_ratings(path, {"Pumps": Ratings(0.9)})
    assert path.read_text() == "families = ["

    (tmp_path / "file").write_text("")
    with pytest.raises(BothwaysError, match="cannot be written"):
        write_ratings(tmp_path / "file" / "model.toml", {"Pumps": Ratings(0.9)})


def test_settings_are_given_the_model_and_keep_the_rest(tmp_path):
    config = tmp_path / "bothways.toml"
    text = '[crm]\nkind = "files"  # exports\n\n# [score]\n# model = "x"\n'
    config.write_text(text)
    name_model(config, tmp_path / "model.toml")

    assert config.read_text().startswith(text)
    assert tomllib.loads(config.read_text())["score"] == {"model": "model.toml"}
