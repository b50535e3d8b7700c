"""Names, codes, capitals and shapes of countries fit together."""

from helpers import CookbookError
from helpers.datasets import countries as module
from helpers.datasets.countries import COUNTRIES, read_countries, read_world

import pandas as pd
import pytest


@pytest.fixture(scope="module")
def countries():
    return read_countries().set_index("alpha_3")


def test_the_members_of_the_united_nations_have_capitals(countries):
    members = countries[countries["un_member"]]
    assert len(members) == 193
    assert members[["capital", "adjective"]].notna().all(axis=None)
    assert members["capital"].is_unique and members.index.is_unique
    assert countries[~countries["un_member"]]["capital"].isna().all()


@pytest.mark.parametrize(
    "saved",
    [
        lambda table: b"\xef\xbb\xbf" + table,
        lambda table: table.replace(b"\n", b"\r\n"),
        lambda table: b'"' + table.replace(b"\t", b'"\t"').replace(b"\n", b'"\n"')[:-1],
    ],
    ids=["byte order mark", "line ends of Windows", "quotes"],
)
def test_a_table_that_a_spreadsheet_saved_is_read(tmp_path, monkeypatch, saved):
    expected = read_countries()
    (tmp_path / "c.tsv").write_bytes(saved(COUNTRIES.read_bytes()))
    monkeypatch.setattr(module, "COUNTRIES", tmp_path / "c.tsv")
    pd.testing.assert_frame_equal(read_countries(), expected)


@pytest.mark.parametrize(
    ("saved", "message"),
    [
        (lambda table: table.replace(b"\t", b";"), "not found: .*alpha_3"),
        (lambda table: table.decode().encode("utf-16"), "can't decode byte"),
        (lambda table: table[:3000], "95 members of the United Nations, where 193"),
        (lambda table: table.replace(b"AFG", b"AFG "), "192 members"),
        (lambda table: table.replace(b"\tKabul\t", b"\t\t"), "192 members"),
        (lambda table: table + table.splitlines()[-1], "keys are not unique"),
    ],
)
def test_a_table_that_a_spreadsheet_spoilt_is_refused(tmp_path, monkeypatch, saved, message):
    (tmp_path / "c.tsv").write_bytes(saved(COUNTRIES.read_bytes()))
    monkeypatch.setattr(module, "COUNTRIES", tmp_path / "c.tsv")
    with pytest.raises(CookbookError, match=rf"(?s)^c.tsv: .*{message}.*git checkout c.tsv"):
        read_countries()


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
