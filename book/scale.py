"""The figures of scale.md, from what the benchmarks left in tests/benchmarks/results/.

python book/scale.py    # writes them into scale.md, after `make bench`
"""

from pathlib import Path

from scoreboard import RESULTS, between_marks, results, table

PAGE = Path(__file__).with_suffix(".md")
JOBS = ("films", "words", "artists")
WAYS = {
    "plain": "plainly",
    "one": "Dask, one process",
    "cores": "Dask, {workers} cores",
    "cluster": "Dask, a cluster of 2",
    "duckdb": "DuckDB and SciPy",
    "limited": "DuckDB with 1 GB, and SciPy",
    "sql": "SQL in DuckDB alone",
}
INDEXES = {
    "exact": "exact",
    "clusters": "clusters",
    "clusters, bytes": "clusters, a byte a number",
    "exact, a tenth": "exact",
    "graph, a tenth": "graph (HNSW)",
}


def measured() -> str:
    """Seconds and memory of each job, done in each way."""
    found = results(RESULTS / "scale.json")
    rows = []
    for name in JOBS:
        job = found[name]
        start = f"{name} of {job['data']}"
        for way, words in WAYS.items():
            if way in job:
                seconds = f"{job[way]['seconds']:.1f} s"
                megabytes = f"{job[way]['megabytes']:,.0f} MB"
                rows.append([start, words.format(**found), seconds, megabytes])
                start = ""
    machine = f"{found['machine']['cores']} cores, {found['machine']['processor']}"
    return f"{table(['', 'way', 'time', 'memory'], rows)}\n\nMachine: {machine}."


def search() -> str:
    """What indexes of 1.5 million vectors cost."""
    found = results(RESULTS / "05_index.json")
    rows = []
    for name, title in INDEXES.items():
        run = found[name]
        seconds = [f"{run[f'seconds_to_{step}']:.1f} s" for step in ("build", "save", "load")]
        quality = [f"{run['ms_a_query']:.2f}", f"{run['recall_at_10']:.2f}"]
        rows.append([title, f"{run['rows']:,}", *seconds, f"{run['megabytes']:,.0f}", *quality])
    header = ["", "rows", "build", "save", "load", "MB", "ms a query", "recall@10"]
    return table(header, rows)


def with_figures(page: str) -> str:
    """`page` with what stands between each pair of marks replaced."""
    page = between_marks(page, "measured", measured())
    return between_marks(page, "search", search())


if __name__ == "__main__":
    PAGE.write_text(with_figures(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
