"""Labels that can be read, and charts that show wherever a notebook is read."""

import base64
import itertools

from helpers.chapters.char_rnn import paint_text
from helpers.chapters.lastfm_recommender import filtered_map, linked_scatter
from helpers.plots import interactive_map, label_points, plot_losses, scatter_classes, use_style

import altair as alt
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest


@pytest.fixture(autouse=True)
def own_style():
    """Leaves the styles of matplotlib and Altair as they were."""
    with (
        plt.rc_context(),
        alt.renderers.enable("default"),
        alt.data_transformers.enable("default"),
    ):
        yield
    plt.close("all")


@pytest.fixture
def ax():
    use_style()
    ax = plt.figure(figsize=(4, 3)).subplots()
    ax.set(xlim=(-1, 1), ylim=(-1, 1), title="map")
    return ax


def test_labels_are_few_first_ones_first_inside_and_apart(ax):
    points = np.random.default_rng(0).normal(scale=0.6, size=(150, 2))
    points[0] = 0, 0
    names = [f"artist {i}" for i in range(150)]
    n_placed = label_points(ax, points, names)
    assert 20 < n_placed == len(ax.texts) < 150
    assert ax.texts[0].get_text() == "artist 0"
    ax.figure.canvas.draw()
    frame = ax.get_window_extent()
    boxes = [text.get_window_extent() for text in ax.texts]
    assert all(frame.count_contains(box.corners()) == 4 for box in boxes)
    assert not any(one.overlaps(other) for one, other in itertools.combinations(boxes, 2))


@pytest.mark.parametrize("limit", [0, 1, 9])
def test_no_more_labels_than_asked_for(ax, limit):
    grid = np.stack(np.meshgrid(*[np.linspace(-0.8, 0.8, 5)] * 2), axis=-1).reshape(-1, 2)
    assert label_points(ax, grid, list("abcdefghijklmnopqrstuvwxy"), limit=limit) == limit
    assert "".join(text.get_text() for text in ax.texts) == "abcdefghi"[:limit]


def test_labels_outside_the_axes_are_left_out(ax):
    points = np.array([[0, 3], [3, 0], [0.99, 0], [0, 0]])
    assert label_points(ax, points, ["above", "right", "half outside", "in"], fontsize=12) == 1
    assert ax.texts[0].get_text() == "in" and ax.texts[0].get_fontsize() == 12


def test_dollars_are_no_formula(ax):
    names = ["joey bada$$", "$a_b$", "$\\frac$"]
    assert label_points(ax, np.array([[0, -0.5], [0, 0], [0, 0.5]]), names) == 3
    ax.figure.canvas.draw()


def test_names_and_points_belong_together(ax):
    with pytest.raises(ValueError, match="shorter"):
        label_points(ax, np.zeros((2, 2)), ["a"])


def test_losses_are_drawn_from_the_first_epoch(ax):
    assert plot_losses({"training": [3, 2], "validation": [4, 3]}) is ax
    assert ax.lines[0].get_xydata().tolist() == [[1, 3], [2, 2]]
    assert [line.get_label() for line in ax.lines] == ["training", "validation"]


def test_each_class_has_its_own_colour_and_points(ax):
    points = np.arange(48).reshape(24, 2)
    scatter_classes(ax, points, list("abcdefghijkl") * 2, legend=True)
    drawn = {series.get_label(): series for series in ax.collections}
    assert drawn["b"].get_offsets().tolist() == [[2, 3], [26, 27]]
    assert len({tuple(series.get_facecolor()[0]) for series in drawn.values()}) == 12
    assert [text.get_text() for text in ax.get_legend().get_texts()] == list("abcdefghijkl")


def test_an_interactive_map_holds_what_it_shows_and_no_more():
    use_style()
    frame = pd.DataFrame({"x": [0.5], "y": [1.0], "genre": ["rock, pop"], "secret": ["no"]})
    chart = interactive_map(frame, colour="genre", tooltip=["genre", "x"])
    spec = chart.to_dict()
    csv = spec["datasets"][spec["data"]["name"]]
    assert csv == 'x,y,genre\n0.5,1.0,"rock, pop"\n'
    assert spec["data"]["format"] == {"type": "csv"}
    assert spec["params"][0]["bind"] == "legend"
    assert "image/png" in chart._repr_mimebundle_()


def test_linked_charts_share_one_brush_and_hold_what_they_show():
    use_style()
    frame = pd.DataFrame({"fans": [1, 9], "a": [1, 2], "b": [3, 4], "name": ["x", "y"], "no": 0})
    chart = linked_scatter(frame, "fans", ["a", "b"], ["name"])
    spec = chart.to_dict()
    assert spec["datasets"][spec["data"]["name"]] == "fans,a,b,name\n1,1,3,x\n9,2,4,y\n"
    (brush,) = spec["params"]
    assert [view["name"] for view in spec["hconcat"]] == brush["views"]
    for view, y in zip(spec["hconcat"], "ab", strict=True):
        assert view["encoding"]["y"]["field"] == y
        assert view["encoding"]["color"]["condition"][0]["param"] == brush["name"]
    assert "image/png" in chart._repr_mimebundle_()


def test_a_filtered_map_has_a_bar_for_each_frequent_kind_and_one_for_the_rest():
    use_style()
    kinds = ["rock"] * 3 + ["pop"] * 2 + ["jazz", ""]
    frame = pd.DataFrame({"x": range(7), "y": 0, "kind": kinds, "name": list("abcdefg")})
    chart = filtered_map(frame, "kind", ["name"], most=2)
    spec = chart.to_dict()
    rows = spec["datasets"][spec["data"]["name"]].splitlines()
    assert rows[0] == "x,y,group,name"
    groups = [row.split(",")[2] for row in rows[1:]]
    assert groups == ["rock"] * 3 + ["pop"] * 2 + ["other"] * 2
    (pick,) = [param for param in spec["params"] if param["select"].get("fields") == ["group"]]
    for view in spec["hconcat"]:
        assert view["encoding"]["color"]["condition"]["param"] == pick["name"]
    assert "image/png" in chart._repr_mimebundle_()


def test_charts_go_out_as_vega_lite_5_beside_a_picture():
    use_style()
    rows = pd.DataFrame({"x": range(5001)})  # Altair's own limit is 5000 rows
    bundle = alt.Chart(rows).mark_bar().encode(x="count()")._repr_mimebundle_()
    spec = bundle["application/vnd.vegalite.v5+json"]
    assert spec["$schema"].endswith("/vega-lite/v5.json")
    assert len(next(iter(spec["datasets"].values()))) == 5001
    assert base64.b64decode(bundle["image/png"]).startswith(b"\x89PNG\r\n\x1a\n")
    assert bundle["text/plain"] == "<Altair chart>"


def test_the_style_can_be_set_twice():
    use_style()
    once = dict(plt.rcParams), alt.renderers.active, alt.data_transformers.options
    use_style()
    assert (dict(plt.rcParams), alt.renderers.active, alt.data_transformers.options) == once


def painted(text: str, values: list[float]) -> plt.Axes:
    ax = plt.figure(figsize=(4, 3)).subplots()
    paint_text(ax, text, np.array(values), title="unit 7")
    ax.figure.canvas.draw()
    return ax


def test_each_character_stands_on_a_cell_of_its_own():
    ax = painted("a bc", [0.1, 0.2, 0.3, 0.4])
    assert ax.images[0].get_array().tolist() == [[0.1, 0.2, 0.3, 0.4]]
    letters = {text.get_position(): text.get_text() for text in ax.texts}
    assert letters == {(0, 0): "a", (1, 0): "", (2, 0): "b", (3, 0): "c"}
    assert ax.get_title(loc="left") == "unit 7"


def test_lines_stand_below_each_other_and_their_ends_take_a_value_too():
    ax = painted("ab\n\nc", [0.1, 0.2, 0.3, 0.4, 0.5])
    assert ax.images[0].get_array().tolist() == [[0.1, 0.2, 0.3], [0.4, 0, 0], [0.5, 0, 0]]
    centres = {}
    for text in ax.texts:
        box = text.get_window_extent()
        centres[text.get_text()] = (box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2
    assert centres["a"][0] == pytest.approx(centres["c"][0], abs=1), "one column"
    assert centres["a"][0] < centres["b"][0] and centres["a"][1] > centres["c"][1]


def test_cells_go_from_pink_to_green_by_their_values_whatever_the_others_are():
    cells = painted("abcde", [-1, -0.4, 0, 0.4, 1]).images[0]
    colours = cells.to_rgba(cells.get_array())[0]
    assert np.all(np.diff(colours[:, 1] - colours[:, 0]) > 0), "more green than red, step by step"
    assert colours[2, :3].min() > 0.9, "almost white in the middle"
    alone = painted("d", [0.4]).images[0]
    assert alone.to_rgba(alone.get_array())[0, 0].tolist() == colours[3].tolist()


def test_letters_are_white_on_dark_cells_and_black_on_light_ones():
    ax = painted("abcde", [-1, -0.4, 0, 0.4, 1])
    assert [text.get_color() for text in ax.texts] == "white black black black white".split()


def test_dollars_are_painted_as_they_are():
    ax = painted("$a_b$\\$", np.zeros(7))
    assert "".join(text.get_text() for text in ax.texts) == "$a_b$\\$"
