"""Sphinx's settings for the site: `make book`. What is done to the notebooks is in chapters.py."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from chapters import on_github, origin

project = html_title = "Embeddings Cookbook"
language = "en"
extensions = ["myst_nb", "chapters", "dependable", "growth"]
exclude_patterns = ["**/.ipynb_checkpoints"]

# "owner/name" on GitHub, for links that open a notebook elsewhere; None leaves them out.
cookbook_repository = on_github(origin())
# The picture of each chapter on the front page: a piece of the code that draws it, and what it
# shows to who can't see it. It is taken from the notebook's outputs, so that it is never stale.
cookbook_pictures = {
    "00_getting_unstuck": (
        "for epoch, ax in enumerate(axes.flat, start=1)",
        "Ten pictures of a plane with points of two colours: a border forms between them",
    ),
    "01_bands2vec": (
        'colour="genre", tooltip=["artist"',
        "Map of artists: coloured islands, one for each set of genres",
    ),
    "02_word_similarity": (
        "zip(axes.flat, terms",
        "Four maps of the world, coloured by how close each country is to a word",
    ),
    "03_movie_embeddings": (
        'colour="decade"',
        "Map of films, coloured by decade: old and new films lie apart",
    ),
    "04_char_rnn": (
        "np.tanh(c[:, unit])",
        "Lines of code, each character coloured by what one unit of the network says to it",
    ),
    "05_question_matching": (
        'ax.set(xlabel=f"words in the {name}"',
        "Two histograms: how many words titles and texts of questions have",
    ),
    "06_lastfm_recommender": (
        'checkpoint / "map.html"',
        "Map of artists beside a bar chart of the tags that fans give them",
    ),
    "07_word2vec_from_scratch": (
        "score of the dense model",
        "Cloud of pairs of words along a line: the model's score against their PMI",
    ),
}

nb_execution_mode = "off"  # the pages show the outputs as committed
nb_merge_streams = True
myst_enable_extensions = ["attrs_block", "dollarmath"]
myst_heading_anchors = 3
myst_heading_slug_func = "chapters.anchor"
smartquotes = False  # it would change quoted code

html_theme = "furo"
html_theme_options = {"top_of_page_buttons": []}
html_math_renderer = "mathml"
html_static_path = ["_static"]
html_css_files = ["cookbook.css"]
html_js_files = ["files.js"]
html_use_index = False
html_show_copyright = False
html_copy_source = False
html_show_sphinx = False
