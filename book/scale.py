"""The figures of scale.md: what was measured, and what follows for ten and a hundred machines.

    python book/scale.py    # writes them into scale.md, after `make bench`

Nothing in them is typed but the assumptions below: the rest comes from what the benchmarks left in
tests/benchmarks/results/.
"""

import math
from pathlib import Path

from scoreboard import RESULTS, between_marks, duration, results, table

PAGE = Path(__file__).with_suffix(".md")
# Assumed of the machines of a cluster.
CORES = 16  # a machine, each as fast as the one that was measured
NETWORK = 1.25e9  # bytes a second and machine: 10 Gbit/s
STORE = 5e9  # bytes a second that a shared store gives to all machines together
MACHINES = (1, 10, 100)
# What they are asked for: how many times as much as was measured in MB, or in rows of a log.
DUMP, ROWS, TEXT = 25e9, 1e9, 100e9  # bytes, rows, bytes
ARTISTS, WORDS = 17_632, 4096
ENTRY = 8  # bytes of an entry of a sparse table
SORTED_ROW = 20  # bytes of a row of a log, sorted by user
JOBS = {"films": "films of a dump", "artists": "artists of a log", "words": "words of texts"}
INDEXES = {
    "exact": "exact",
    "clusters": "clusters",
    "clusters, bytes": "clusters, a byte a number",
    "exact, a tenth": "exact",
    "graph, a tenth": "graph (HNSW)",
}


def measured() -> str:
    """The seconds of each sum, made in each way."""
    found = results(RESULTS / "scale.json")
    ways = {"old": "without parts", "one": "one process", "cores": f"{found['workers']} on cores"}
    ways["cluster"] = "cluster of 2"
    rows = []
    for name, title in JOBS.items():
        job = found[name]
        seconds = [f"{job[f'{way}_seconds']:.1f} s" for way in ways]
        ratios = [f"{job[f'{way}_ratio']:.2f}" for way in ("old", "cores", "cluster")]
        rows.append([title, job["data"], *seconds, " / ".join(ratios)])
    header = ["", "data", *ways.values(), "as fast as one process"]
    machine = found["machine"]
    return "\n\n".join(
        [
            table(header, rows),
            f"Starting the workers of all cores takes {found['start_seconds']:.1f} s more. Dask "
            f"hands out {found['tasks_per_second']:,.0f} tasks a second. Machine: "
            f"{machine['cores']} cores ({found['workers']} used), {machine['processor']}.",
        ]
    )


def forecast(name: str, machines: int) -> dict[str, float]:
    """Seconds that each part of a large sum takes on so many machines."""
    found = results(RESULTS / "scale.json")
    job = found[name]
    megabytes = job["megabytes"] * 1e6
    rows = float(job["data"].split()[0].replace(",", ""))
    times = {"films": DUMP / megabytes, "artists": ROWS / rows, "words": TEXT / megabytes}[name]
    readings = {"films": 1, "artists": 2, "words": 2}[name]
    sorting = 2 * SORTED_ROW * ROWS if name == "artists" else 0  # written, and read again
    tasks = 2 * job["partitions"] * times * readings  # and as many sums
    lines = job["result_megabytes"] * 1e6 * times / NETWORK
    tables = {"artists": ARTISTS * (ARTISTS + 1) / 2 * ENTRY, "words": WORDS**2 * ENTRY}
    rounds = math.ceil(math.log2(machines * CORES))
    a_round = 1 / NETWORK + 1 / (found["adding_mb_per_second"] * 1e6)
    return {
        "work": job["one_seconds"] * times / (machines * CORES),
        "store": (megabytes * times * readings + sorting) / STORE,
        "scheduler": tasks / found["tasks_per_second"],
        "plan": job["plan_seconds"] * times,
        "sums": rounds * tables[name] * a_round if name in tables else lines,
    }


def in_all(parts: dict[str, float]) -> float:
    """Seconds until the end: what goes on at the same time counts once, with the slowest."""
    return (
        max(parts[name] for name in ("work", "store", "scheduler")) + parts["plan"] + parts["sums"]
    )


def forecasts() -> str:
    """The parts of each large sum, on one, ten and a hundred machines."""
    rows = []
    for name, title in JOBS.items():
        one = in_all(forecast(name, 1))
        for machines in MACHINES:
            parts = forecast(name, machines)
            fast = f"{one / in_all(parts):.1f}"
            shown = [*map(time, parts.values()), f"**{time(in_all(parts))}**"]
            rows.append([title if machines == 1 else "", f"{machines}", *shown, fast])
    header = ["", "machines", "work", "store", "scheduler", "plan", "sums", "in all"]
    return table([*header, "as fast as one machine"], rows)


def limits() -> str:
    """What no machine takes off, and how many times as fast it can get at the most (Amdahl)."""
    rows = []
    for name, title in JOBS.items():
        parts = forecast(name, MACHINES[-1]) | {"work": 0}
        one = in_all(forecast(name, 1))
        rows.append([title, time(in_all(parts)), f"{in_all(parts) / one:.1%}"])
        rows[-1].append(f"{one / in_all(parts):.0f} times")
    found = results(RESULTS / "scale.json")
    inverse = found["inverting_seconds"] * (ARTISTS / found["inverted"]) ** 3
    return "\n\n".join(
        [
            table(["", "doesn't shrink", "of one machine's time", "at most as fast as one"], rows),
            f"EASE then inverts the table of {ARTISTS:,} artists on a single machine: "
            f"{time(inverse)}, from {found['inverting_seconds']:.1f} s for {found['inverted']:,}, "
            "as it grows with their cube.",
        ]
    )


def time(seconds: float) -> str:
    """Such as "0.3 s", "12 s", "14 min" or "3.2 h"."""
    if seconds >= 2 * 3600:
        return f"{seconds / 3600:.1f} h"
    return f"{seconds:.1f} s" if seconds < 10 else duration(seconds)


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
    for name, make in {
        "measured": measured,
        "forecasts": forecasts,
        "limits": limits,
        "search": search,
    }.items():
        page = between_marks(page, name, make())
    return page


if __name__ == "__main__":
    PAGE.write_text(with_figures(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
