"""Names, codes, capitals and shapes of countries fit together."""

from helpers import CookbookError
from helpers.datasets.countries import COUNTRIES, read_countries, read_world

import pytest


@pytest.fixture(scope="module")
def countries():
    return read_countries().set_index("alpha_3")


def test_the_members_of_the_united_nations_have_capitals(countries):
    members = countries[countries["un_member"]]
    assert len(members) == 193
    assert members[["capital", "adjective"]].notna().all(axis=None)
    assert members["capital"].is_unique
    assert countries[~countries["un_member"]]["capital"].isna().all()


@pytest.mark.parametrize(
    ("code", "name", "numeric"),
    [
        ("RUS", "Russia", "643"),
        ("KOR", "South_Korea", "410"),
        ("VGB", "British_Virgin_Islands", "092"),
        ("TWN", "Taiwan", "158"),
        ("FLK", "Falkland_Islands", "238"),
        ("MAC", "Macau", "446"),
    ],
)
def test_names_are_those_that_people_type(countries, code, name, numeric):
    assert countries.loc[code, "name"] == name
    assert countries.loc[code, "numeric"] == numeric


def test_names_can_be_words_of_a_vocabulary(countries):
    assert countries["name"].is_unique and countries["numeric"].is_unique
    assert not countries["name"].str.contains(r"[\s,()]").any()


def test_the_map_shows_most_members_and_knows_their_codes(countries):
    world = read_world()
    assert len(world) == 176 and world.crs == "EPSG:4326"
    assert world.geometry.notna().all()
    parts = world.explode()
    assert (parts.bounds["maxx"] - parts.bounds["minx"]).max() < 180, "nothing goes round the map"
    assert world.set_index("name").loc["Russia"].geometry.bounds[::2] == (-180, 180)
    codes = world["numeric"].dropna()
    assert codes.is_unique and set(codes) <= set(countries["numeric"])
    assert set(world["name"][world["numeric"].isna()]) == {"Kosovo", "N. Cyprus", "Somaliland"}
    small = countries[countries["un_member"] & ~countries["numeric"].isin(codes)]["name"]
    assert {"Singapore", "Malta"} <= set(small) and len(small) < 30


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "No columns"),
        ("name\tcapital\nChad\tN'Djamena\n", "columns expected but not found"),
        ("alpha_3\tname\tcapital\tadjective\nXYZ\tA\tB\tC\n", "doesn't know the code XYZ"),
        ("alpha_3\tname\tcapital\tadjective\n" + 2 * "TCD\tA\tB\tC\n", "not a one-to-one"),
    ],
)
def test_a_broken_table_is_refused(tmp_path, text, message):
    (tmp_path / "broken.tsv").write_text(text)
    with pytest.raises(CookbookError, match=f"broken.tsv: not a table of countries .*{message}"):
        read_countries(tmp_path / "broken.tsv")


def test_a_row_that_is_cut_short_is_refused(tmp_path):
    whole = COUNTRIES.read_text(encoding="utf-8")
    (tmp_path / "broken.tsv").write_text(whole.rsplit("\t", 2)[0], encoding="utf-8")
    with pytest.raises(CookbookError, match="a value is missing"):
        read_countries(tmp_path / "broken.tsv")


@pytest.mark.parametrize("text", ["", '{"type": "Topology"', "<html>", '{"a": 1}'])
def test_a_broken_map_is_refused(tmp_path, text):
    (tmp_path / "broken.json").write_text(text)
    with pytest.raises(CookbookError, match="broken.json: not a map"):
        read_world(tmp_path / "broken.json")
