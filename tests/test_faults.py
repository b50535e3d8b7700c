"""What breaks around the cookbook: no network, killed processes, full disks, wrong bytes, crowds.

Everything is done for real, to processes of their own whose folders lie in tmp_path.
"""

import contextlib
import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

from helpers import ROOT, CookbookError, fetch, zoo
from helpers.datasets.gutenberg import read_book, read_catalogue
from helpers.datasets.lastfm import COUNTS_IN_FULL, read_lastfm
from helpers.datasets.pitchfork import REVIEWS_IN_FULL, read_pitchfork
from helpers.datasets.stackexchange import read_posts
from helpers.run import select, write_back

import nbformat
import numpy as np
import pandas as pd
import psutil
import pytest
from nbformat.v4 import new_code_cell, new_output
from toy_notebooks import wait_until, write_executed, write_notebook
from toy_processes import NO_INTERFACES, allowed, kill_family, without_network
from toy_server import serving

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")

PLACES = ("data", "generated", "zoo")
UNWANTED = {"COOKBOOK_MIRROR", "http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"}
WAYS_OUT = ("connect to the network", "set COOKBOOK_MIRROR to", "get the file by hand from")
PARAMETERS = """
EDITION = "auto"  # the data
SEED = 7  # of the numbers that are saved
EPOCHS = 2  # passes over the data
""".strip()


def begin(
    folder: Path, *arguments: object, wrapper=(), stdout=subprocess.PIPE, **variables: str
) -> subprocess.Popen:
    """A process of this Python whose data, generated files and models lie in `folder`."""
    environment = {name: value for name, value in os.environ.items() if name not in UNWANTED}
    environment |= {f"COOKBOOK_{name.upper()}": str(folder / name) for name in PLACES}
    return subprocess.Popen(
        [*wrapper, sys.executable, *map(str, arguments)],
        cwd=ROOT,
        env=environment | {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"} | variables,
        stdin=subprocess.PIPE,
        stdout=stdout,
        stderr=subprocess.STDOUT,
        text=True,
    )


def run(folder: Path, *arguments: object, **options) -> tuple[int, str]:
    """Exit code and output of such a process."""
    process = begin(folder, *arguments, **options)
    try:
        said, _ = process.communicate(timeout=900)
    finally:
        kill_family(process)
    return process.returncode, said


def files(folder: Path) -> list[Path]:
    """All files in `folder` but locks."""
    return [path for path in folder.rglob("*") if path.is_file() and ".locks" not in path.parts]


def half_written(folder: Path) -> list[str]:
    """Files in the making in `folder`, and those that somebody has left so."""
    return [path.name for path in files(folder) if path.name[0] == "." or ".part" in path.name]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder for a cookbook of its own, whose models this process, too, can load."""
    monkeypatch.setattr(zoo, "GENERATED", tmp_path / "generated")
    (tmp_path / "notebooks").mkdir()
    return tmp_path


# No network


@pytest.fixture(params=["no interfaces", "refused sockets"])
def each_way_offline(request, tmp_path):
    """Options of `run` for a process without network: the system's own way, and a copy of it."""
    if request.param == "no interfaces" and not allowed(NO_INTERFACES):
        pytest.skip("this system doesn't let us make a network namespace")
    return offline_options(tmp_path, request.param == "no interfaces")


@pytest.fixture
def offline(tmp_path):
    return offline_options(tmp_path, allowed(NO_INTERFACES))


def offline_options(folder: Path, namespace: bool) -> dict:
    wrapper, variables = without_network(folder, namespace)
    return {"wrapper": wrapper, **variables}


CONNECTIONS = """
import socket, urllib.request
with socket.create_server(("127.0.0.1", 0)) as server:
    socket.create_connection(server.getsockname()).close()
    print("loopback answers")
for address in (("192.0.2.1", 80), ("example.org", 80)):
    try:
        socket.create_connection(address, timeout=30)
    except OSError as error:
        print(type(error).__name__)
"""


def test_loopback_is_all_the_network_there_is(tmp_path, each_way_offline):
    code, said = run(tmp_path, "-c", CONNECTIONS, **each_way_offline)
    assert (code, said.split("\n")) == (0, ["loopback answers", "OSError", "gaierror", ""])


def test_chapters_run_on_the_sample_without_a_network(sample_series):
    said = sample_series.finish()
    assert sample_series.process.returncode == 0, said


def test_the_full_edition_without_a_network_names_the_ways_out(tmp_path, offline):
    names = [*fetch.REGISTRY, "gutenberg-158", "stackexchange-tea"]
    code, said = run(tmp_path, "-m", "helpers.fetch", *names, **offline)
    assert code == 1 and "Traceback" not in said and "ready" not in said
    errors = said.split("error: ")[1:]
    assert len(errors) == len(names)
    for name, error in zip(names, errors, strict=True):
        for way in (*WAYS_OUT, 'set EDITION = "sample"'):
            assert way in error, name
    assert half_written(tmp_path) == [] and not files(tmp_path / "data")


def test_a_notebook_without_a_network_fails_on_full_and_takes_the_sample_on_auto(folder, offline):
    use = "from helpers.fetch import choose_edition, fetch\nchosen = choose_edition({!r}, 'lastfm')"
    read = (
        "from helpers.datasets.lastfm import read_lastfm\n_ = read_lastfm(fetch('lastfm', chosen))"
    )
    write_notebook(folder / "notebooks", "01_full", use.format("full"), read)
    write_notebook(folder / "notebooks", "02_auto", use.format("auto"), read, "print(chosen)")
    code, said = run(folder, "-m", "helpers.run", "--notebooks", folder / "notebooks", **offline)
    assert code == 1
    assert "failed  01_full" in said and "passed  02_auto" in said, said
    for way in WAYS_OUT:
        assert way in said.split("01_full failed")[1]
    page = (folder / "generated/notebooks/sample/02_auto.ipynb").read_text()
    assert "THE REAL DATA IS MISSING" in page and "Edition: sample" in page


# A mirror


class Mirror(BaseHTTPRequestHandler):
    """Serves `server.files`; half of a file, then some bytes, the rest once `server.go_on` is set.

    The bytes, one a second, keep the client from giving up.
    """

    def do_GET(self):
        body = self.server.files.get(self.path.removeprefix("/"), b"")
        self.send_response(200 if body else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        sent = len(body) // 2
        with contextlib.suppress(ConnectionError):  # the client may be killed
            self.wfile.write(body[:sent])
            while not self.server.go_on.wait(1):
                self.wfile.write(body[sent : sent + 1])
                sent += 1
            self.wfile.write(body[sent:])

    def log_message(self, *_):
        pass


@pytest.fixture
def mirror(tmp_path, monkeypatch):
    """A server that holds what a test gives it; public sources can't be reached."""
    with serving(Mirror) as server, socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        server.files = {}
        server.go_on.set()
        server.variables = {
            "COOKBOOK_MIRROR": server.url,
            "HTTPS_PROXY": f"http://127.0.0.1:{closed.getsockname()[1]}",
            "NO_PROXY": "127.0.0.1",
        }
        yield server


@pytest.fixture
def here(tmp_path, mirror, monkeypatch):
    """This very process has the mirror, and an empty data folder."""
    monkeypatch.setattr(fetch, "DATA", tmp_path / "data")
    for name, value in mirror.variables.items():
        monkeypatch.setenv(name, value)
    return tmp_path


@pytest.mark.parametrize("name", ["tinyshakespeare", "vega-movies", "wikipedia-movie-data"])
def test_wrong_bytes_of_a_mirror_never_arrive_where_a_checksum_is_known(here, mirror, name):
    key = next(iter(fetch.REGISTRY[name].files))
    mirror.files[key] = b"[] " * 1000
    with pytest.raises(fetch.FetchError) as caught:
        fetch.fetch(name)
    assert caught.value.reasons[0].startswith("COOKBOOK_MIRROR: wrong content: ")
    assert len(caught.value.reasons) == 2 and len(caught.value.ways) == 5
    assert files(here / "data") == []


UNPINNED = {  # data set: what reads the real file, and the sample
    "pitchfork": (lambda path: read_pitchfork(path, REVIEWS_IN_FULL), read_pitchfork),
    "lastfm": (lambda path: read_lastfm(path, COUNTS_IN_FULL), read_lastfm),
    "stackexchange-cooking": (read_posts, read_posts),
    "gutenberg-catalogue": (read_catalogue, read_catalogue),
    "gutenberg-158": (read_book, read_book),
}
DAMAGES = {
    "cut": lambda whole: whole[: len(whole) // 2],
    "garbage": lambda whole: whole[:16] + np.random.default_rng(0).bytes(len(whole)),
    "the sample": lambda whole: whole,
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", UNPINNED)
def test_wrong_bytes_of_a_mirror_are_refused_by_the_reader_where_none_is(
    here, mirror, name, damage
):
    read, read_sample = UNPINNED[name]
    if damage == "the sample" and read is read_sample:
        pytest.skip("this data set grows: no count of its rows can be held against it")
    whole = fetch.fetch(name.replace("158", "84"), "sample").read_bytes()
    (key,) = fetch.data_set(name).files
    mirror.files[key] = DAMAGES[damage](whole)
    path = fetch.fetch(name)
    with pytest.raises(CookbookError, match=path.name) as caught:
        read(path)
    assert re.search("(?i)delete (the|this) file|again", str(caught.value)), caught.value
    path.unlink()  # the way out that the message names
    mirror.files[key] = whole
    assert len(read_sample(fetch.fetch(name)))


# A run that is killed

DOWNLOADS = """
from helpers.datasets.lastfm import read_lastfm
from helpers.fetch import fetch
len(read_lastfm(fetch("lastfm", "full")).artists)
"""
TRAINS = """
import keras, numpy as np, pandas as pd
from helpers import GENERATED, zoo
from helpers.training import ProgressBar
best = GENERATED / "02_training" / "best.weights.h5"
best.parent.mkdir(parents=True, exist_ok=True)
keep = keras.callbacks.ModelCheckpoint(best, save_weights_only=True)
model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
model.compile("adam", "mse")
x = np.ones((64, 4), np.float32)
model.fit(x, x[:, :1], epochs=EPOCHS, verbose=0, callbacks=[keep, ProgressBar()])
model.load_weights(best)
weights = {"weights": model.get_weights()[0]}
zoo.save(zoo.ZOO / "02_training", weights, pd.DataFrame({"input": list("abcd")}), {"name": "new"})
zoo.record("02_training", EDITION, {"epochs": EPOCHS})
"""
SAVES = """
import numpy as np, pandas as pd
from helpers import zoo
vectors = np.random.default_rng(SEED).random((150_000, 64), np.float32)
labels = pd.DataFrame({"word": ["a"]})
for _ in range(EPOCHS):
    zoo.save(zoo.ZOO / "03_saving", {"vectors": vectors}, labels, {"name": "new"})
"""


def test_a_killed_run_leaves_nothing_half_written_and_the_next_one_works(folder, mirror):
    """It dies in the middle of a download, of a training and of writing a model, all at once."""
    for name, source in {
        "01_download": DOWNLOADS,
        "02_training": TRAINS,
        "03_saving": SAVES,
    }.items():
        write_notebook(folder / "notebooks", name, source, parameters=PARAMETERS)
    zoo.save(folder / "zoo/03_saving", {"a": np.ones(3)}, pd.DataFrame({"b": [1]}), {"name": "old"})
    mirror.files["hetrec2011-lastfm-2k.zip"] = large_lastfm()
    mirror.go_on.clear()

    killed = begin(folder, *series_of(folder, "EPOCHS=1000000", "--jobs=3"), **mirror.variables)
    try:
        wait_until(lambda: frozen_writer(folder / "zoo/03_saving", "model.npz"), pause=0.005)
        wait_until(lambda: size(folder / "data/hetrec2011-lastfm-2k.zip.part") > 0)
        wait_until((folder / "generated/02_training/best.weights.h5").exists)
        assert killed.poll() is None
    finally:
        kill_family(killed)
        killed.communicate()

    assert zoo.load(folder / "zoo/03_saving")[2]["name"] in ("old", "new")
    assert not (folder / "zoo/02_training").exists()
    assert not (folder / "generated/metrics/sample/02_training.json").exists()
    assert not list((folder / "generated/notebooks").rglob("[!.]*.*"))
    assert len(half_written(folder)) > 4, "it was killed in the middle of all that"

    mirror.go_on.set()
    code, said = run(folder, *series_of(folder, "EPOCHS=2"), **mirror.variables)
    assert code == 0, said
    assert half_written(folder) == []
    for name in ("02_training", "03_saving"):
        assert zoo.load(folder / "zoo" / name)[2]["name"] == "new"
    check_copies(folder / "generated/notebooks/sample", ["01_download", "02_training", "03_saving"])


def series_of(folder: Path, setting: str, *options: str) -> list:
    """Arguments that run the notebooks of `folder`."""
    return ["-m", "helpers.run", "--notebooks", folder / "notebooks", "--set", setting, *options]


def large_lastfm() -> bytes:
    """The sample of Last.fm, grown beyond what arrives in one piece."""
    whole = io.BytesIO(fetch.fetch("lastfm", "sample").read_bytes())
    with zipfile.ZipFile(whole, "a") as archive:
        archive.writestr("readme.txt", np.random.default_rng(0).bytes(500_000))
    return whole.getvalue()


def frozen_writer(folder: Path, name: str) -> bool:
    """Stop the process that is just writing the file, so that it stays in the middle of that."""
    for part in folder.glob(f".*-{name}"):
        writer = psutil.Process(int(re.match(r"\.(\d+)-", part.name)[1]))
        writer.suspend()
        if part.exists():
            return True
        writer.resume()  # it was too late
    return False


def size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def check_copies(folder: Path, names: list[str]) -> None:
    """There is a whole notebook and a whole page for each name, and nothing else."""
    endings = (".html", ".ipynb")
    assert sorted(path.name for path in folder.iterdir()) == [n + e for n in names for e in endings]
    for name in names:
        nbformat.validate(nbformat.read(folder / f"{name}.ipynb", as_version=4))
        page = (folder / f"{name}.html").read_text(encoding="utf-8")
        assert name in page and page.rstrip().endswith("</html>")


# A writer that is killed at any moment

WRITER = """
import itertools, os, sys
from pathlib import Path
import numpy as np, pandas as pd
from helpers import zoo
from helpers.run import write_back

kind, target = sys.argv[1], Path(sys.argv[2])

def write(version):
    if kind == "notebook":
        write_back(target.parents[1] / f"{version}.ipynb", target)
    else:
        labels = pd.DataFrame({"version": [version] * 20_000})
        zoo.save(target, {"version": np.full(50_000, version)}, labels, {"name": version})

for _ in sys.stdin:
    writer = os.fork()
    if not writer:
        for version in itertools.cycle([0, 1]):
            write(version)
    print(writer, flush=True)
    os.waitpid(writer, 0)
    print("gone", flush=True)
"""


@contextlib.contextmanager
def nursery(
    folder: Path, kind: str, target: Path
) -> Iterator[Callable[[], tuple[int, Callable[[], None]]]]:
    """For a block, a function that starts a process which writes `target` again and again.

    The process writes two versions by turns. The function returns its id, and what kills it.
    """

    def start() -> tuple[int, Callable[[], None]]:
        parent.stdin.write("one more\n")
        parent.stdin.flush()
        writer = int(parent.stdout.readline())

        def kill() -> None:
            os.kill(writer, signal.SIGKILL)
            assert parent.stdout.readline() == "gone\n"

        return writer, kill

    parent = begin(folder, "-c", WRITER, kind, target)
    try:
        yield start
    finally:
        kill_family(parent)
        parent.communicate()


def kill_writers(folder: Path, kind: str, target: Path) -> Iterator[None]:
    """Kill writers, one at any moment, the next as it writes, until enough died as they wrote.

    Yields after each, so that the caller can look at what is there.
    """
    cut_short = tries = 0
    with nursery(folder, kind, target) as start:
        while cut_short < 6:
            writer, kill = start()
            if tries % 2:
                wait_until(lambda writer=writer: parts_of(writer, folder), pause=0)
            else:
                time.sleep(0.005 * tries)
            kill()
            cut_short += bool(parts_of(writer, folder))
            yield
            tries += 1
            assert tries < 200, "it should be killed while it writes"


def parts_of(writer: int, folder: Path) -> list[str]:
    return [name for name in half_written(folder) if name.startswith(f".{writer}-")]


def versions(folder: Path) -> set[int]:
    """The versions of a model of which its parts are."""
    arrays, labels, card = zoo.load(folder)
    return {*arrays["version"].tolist(), *map(int, labels["version"]), card["name"]}


def test_a_model_is_whole_or_refused_whenever_its_writer_is_killed(folder):
    model, whole = folder / "zoo/toy", 0
    zoo.save(model, {"version": np.zeros(1)}, pd.DataFrame({"version": [0]}), {"name": 0})
    for _ in kill_writers(folder, "model", model):
        try:
            assert versions(model) in ({0}, {1})
            whole += 1
        except CookbookError as error:
            assert "set TRAIN = True" in str(error)
    assert whole
    zoo.save(model, {"version": np.zeros(1)}, pd.DataFrame({"version": [0]}), {"name": 0})
    assert versions(model) == {0} and half_written(folder) == []


def test_a_notebook_is_whole_and_the_only_one_whenever_its_writer_is_killed(folder):
    target = executed_notebook(folder / "notebooks/01_toy.ipynb", 0)
    copies = [executed_notebook(folder / f"{version}.ipynb", version) for version in (0, 1)]
    for _ in kill_writers(folder, "notebook", target):
        assert select(folder / "notebooks", []) == [target]
        (output,) = nbformat.read(target, as_version=4).cells[0].outputs
        assert output.text in (LARGE.format(0), LARGE.format(1))
    write_back(copies[0], target)
    assert half_written(folder) == []


LARGE = 100_000 * "version {0}\n"


def executed_notebook(path: Path, version: int) -> Path:
    """An executed notebook with a large output."""
    output = new_output("stream", text=LARGE.format(version))
    return write_executed(path, new_code_cell("version", outputs=[output], execution_count=1))


# Two at once


def test_a_model_can_be_loaded_while_it_is_saved(folder):
    model = folder / "zoo/toy"
    zoo.save(model, {"version": np.zeros(1)}, pd.DataFrame({"version": [0]}), {"name": 0})
    with nursery(folder, "model", model) as start:
        start()
        loaded = []
        while len(loaded) < 20 or loaded.count(loaded[-1]) == len(loaded):
            loaded.append(versions(model))
            assert loaded[-1] in ({0}, {1})
            assert len(loaded) < 2000, "it should be saved between the loads"


AS_CHAPTERS_DO = """
import time
from pathlib import Path
import numpy as np, pandas as pd
from helpers import GENERATED, zoo
from helpers.datasets.lastfm import read_lastfm
from helpers.fetch import fetch
checkpoint = GENERATED / "{name}" / "best.txt"
checkpoint.parent.mkdir(parents=True, exist_ok=True)
checkpoint.write_text(str(SEED))
while not Path("go").exists():
    time.sleep(0.1)
artists = read_lastfm(fetch("lastfm", EDITION)).artists
vectors = {{"vectors": np.full((len(artists), 16), SEED)}}
zoo.save(zoo.ZOO / "{name}", vectors, artists[["name"]].assign(seed=SEED), {{"name": SEED}})
arrays, labels, card = zoo.load(zoo.ZOO / "{name}")
seeds = {{*arrays["vectors"].ravel(), *labels["seed"], card["name"], int(checkpoint.read_text())}}
assert seeds == {{SEED}}, seeds
zoo.record("{name}", EDITION, {{"epochs": EPOCHS, "seed": SEED}})
"""


def test_two_runs_of_the_series_at_once_do_not_disturb_each_other(folder):
    names, logs = ["01_first", "02_second"], {seed: folder / f"{seed}.txt" for seed in (3, 4)}
    for name in names:
        source = AS_CHAPTERS_DO.format(name=name)
        write_notebook(folder / "notebooks", name, source, parameters=PARAMETERS)
    with contextlib.ExitStack() as stack:
        for seed, log in logs.items():
            output = stack.enter_context(log.open("w"))
            series = begin(folder, *series_of(folder, f"SEED={seed}"), stdout=output)
            stack.callback(kill_family, series)
        wait_until(lambda: any("waiting" in log.read_text() for log in logs.values()))
        (folder / "notebooks/go").touch()
        wait_until(lambda: all("Executed copies" in log.read_text() for log in logs.values()))
    for seed, log in logs.items():
        for name in names:
            row = rf"(?m)^{name} .* passed +epochs 2, seed {seed}$"
            assert re.search(row, log.read_text()), log.read_text()
    for name in names:
        assert zoo.load(folder / "zoo" / name)[2]["name"] in logs
    check_copies(folder / "generated/notebooks/sample", names)
    assert select(folder / "notebooks", []) == [
        folder / f"notebooks/{name}.ipynb" for name in names
    ]
    assert half_written(folder) == []


# A full disk

ATTEMPTS = """
import contextlib, resource, sys
from pathlib import Path
import numpy as np, pandas as pd
from helpers import CookbookError, zoo
from helpers.embeddings import export_projector
from helpers.run import write_back

folder = Path(sys.argv[2])
model, notebook = folder / "zoo/toy", folder / "zoo/01_toy.ipynb"
labels = pd.DataFrame({"word": [str(number) for number in range(5000)]})
zoo.save(model, {"vectors": np.ones(5)}, labels.head(5), {"name": "former"})
notebook.write_text(Path(sys.argv[3]).read_text())
if sys.argv[1] == "limit":
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
else:
    with contextlib.suppress(OSError), open(folder / "filler", "wb", 0) as filler:
        while True:
            filler.write(bytes(1024))

attempts = {
    "model": lambda: zoo.save(model, {"vectors": np.random.random(9999)}, labels, {"name": "new"}),
    "card": lambda: zoo.record("01_card", "full", {"m": 1}, train=True, name="new" * 2000),
    "metrics": lambda: zoo.record("01_toy", "sample", {f"metric_{n}": n for n in range(300)}),
    "projector": lambda: export_projector(folder / "log", np.ones((5000, 2)), labels),
    "notebook": lambda: write_back(Path(sys.argv[4]), notebook),
}
for what, attempt in attempts.items():
    try:
        attempt()
        print(f"{what}: written")
    except CookbookError as error:
        print(f"{what}: {error}")
print("former model:", zoo.load(model)[2]["name"] == "former")
print("former notebook:", notebook.read_text() == Path(sys.argv[3]).read_text())
print("half-written:", [path.name for path in folder.rglob(".*-*")])
"""
SMALL_DISK = ["unshare", "--mount", "--map-root-user", "sh", "-c"]
SMALL_DISK += ['mount -t tmpfs -o size="$0" tmpfs "$1" && shift && exec "$@"']


@pytest.fixture
def small_disk(folder):
    """Options of `run` for a process that finds a small disk in the place of a folder."""

    def options(place: Path, size: str) -> dict:
        place.mkdir(exist_ok=True)
        wrapper = [*SMALL_DISK, size, str(place)]
        if not allowed(wrapper):
            pytest.skip("this system doesn't let us mount a small disk")
        return {"wrapper": wrapper}

    return options


@pytest.mark.parametrize(
    ("fault", "reason"), [("disk", "No space left on device"), ("limit", "File too large")]
)
def test_what_is_saved_to_a_full_disk_is_reported_and_the_former_files_stay(
    folder, small_disk, fault, reason
):
    disk = folder / "disk"
    copies = [executed_notebook(folder / f"{version}.ipynb", version) for version in (0, 1)]
    options = small_disk(disk, "8m") if fault == "disk" else {}
    places = {f"COOKBOOK_{name.upper()}": str(disk / name) for name in PLACES}
    code, said = run(folder, "-c", ATTEMPTS, fault, disk, *copies, **options, **places)
    assert code == 0, said
    *attempts, model, notebook, left = said.splitlines()
    assert [model, notebook, left] == [
        "former model: True",
        "former notebook: True",
        "half-written: []",
    ]
    refused = [line for line in attempts if f": {reason}. The former files are still" in line]
    assert len(refused) == len(attempts) == 5, said


def test_a_full_disk_fails_the_notebook_that_needs_it_and_no_other(folder, small_disk):
    write_notebook(folder / "notebooks", "01_large", "print(300_000 * 'too large\\n')")
    write_notebook(folder / "notebooks", "02_small", "SEED")
    options = small_disk(folder / "generated", "2m")
    code, said = run(folder, *series_of(folder, "SEED=3", "--in-place", "--jobs=1"), **options)
    assert code == 1 and "Traceback" not in said, said
    assert "failed  01_large" in said and "passed  02_small" in said, said
    assert "Can't write to sample: No space left on device" in said
    assert "Executed copies and HTML of 02_small are in generated/notebooks/sample" in said
    ran = [nbformat.read(path, as_version=4) for path in select(folder / "notebooks", [])]
    assert [len(notebook.cells[2].outputs) for notebook in ran] == [0, 1]
    assert half_written(folder) == []


# A disk that can't be written


def test_where_nothing_can_be_written_a_run_names_the_variable_to_set_and_claims_nothing(
    folder, small_disk
):
    write_notebook(folder / "notebooks", "01_small", "SEED")
    options = small_disk(folder / "generated", "1m,ro")
    code, said = run(folder, *series_of(folder, "SEED=3"), **options)
    assert code == 2 and "Traceback" not in said, said
    assert "Can't write to generated: Read-only file system" in said
    assert f"COOKBOOK_GENERATED (now '{folder}/generated')" in said
    assert "started" not in said and "Executed copies" not in said


def test_a_kernel_that_cannot_write_says_so_when_it_imports_helpers(folder, small_disk):
    options = small_disk(folder / "generated", "1m,ro")
    code, said = run(folder, "-c", "import ipykernel, helpers", **options)
    assert code == 1
    error = said.splitlines()[-1]
    assert error.startswith("helpers.CookbookError: Can't write to generated: Read-only file sys")
    assert f"COOKBOOK_GENERATED (now '{folder}/generated')" in error


def test_a_home_that_cannot_be_written_stops_no_run(folder):
    write_notebook(folder / "notebooks", "01_small", "import helpers", "from helpers import zoo")
    code, said = run(folder, *series_of(folder, "SEED=3"), HOME=os.devnull)
    assert code == 0 and "passed  01_small" in said, said
    check_copies(folder / "generated/notebooks/sample", ["01_small"])


# Parameters as people type them

TRAINING = """
from helpers import zoo
from helpers.fetch import choose_edition
edition = choose_edition(EDITION)
if TRAIN:
    print("it trains")
zoo.record("01_toy", edition, {"mrr": 0.5}, train=TRAIN, parameters={"EPOCHS": EPOCHS})
"""
DEFAULTS = f"{PARAMETERS}\nTRAIN = True  # False: use the model in zoo/"


@pytest.fixture
def training(folder):
    return write_notebook(folder / "notebooks", "01_toy", TRAINING, parameters=DEFAULTS)


def epochs_of(path: Path) -> int:
    return json.loads((path / "card.json").read_text(encoding="utf-8"))["parameters"]["EPOCHS"]


def full_run(folder: Path, *options: str, **variables: str) -> None:
    command = ["-m", "helpers.run", "--notebooks", folder / "notebooks", "--edition", "full"]
    code, said = run(folder, *command, *options, **variables)
    assert code == 0, said


def test_a_run_with_other_parameters_never_replaces_a_model_of_the_zoo_unasked(folder, training):
    full_run(folder)
    full_run(folder, "--set", "EPOCHS=3")
    full_run(folder, "--set", "EPOCHS=4", "--in-place")
    assert epochs_of(folder / "zoo/01_toy") == 2
    assert epochs_of(folder / "generated/zoo/full/01_toy") == 4
    page = (folder / "generated/notebooks/full/01_toy.ipynb").read_text(encoding="utf-8")
    assert "01_toy was trained with EPOCHS = 2, not 4: it stays as it is" in page
    full_run(folder, "--set", "EPOCHS=5", COOKBOOK_REPLACE="yes")
    assert epochs_of(folder / "zoo/01_toy") == 5
    full_run(folder, "--in-place")
    assert epochs_of(folder / "zoo/01_toy") == 2, "a clean run in place is asked to"


@pytest.mark.parametrize("word", ["false", "no"])
def test_a_typed_no_is_no_and_trains_nothing(folder, training, word):
    full_run(folder, "--set", f"TRAIN={word}")
    page = (folder / "generated/notebooks/full/01_toy.ipynb").read_text(encoding="utf-8")
    assert "mrr  0.5" in page and "it trains\\n" not in page
    assert not (folder / "zoo").exists()


def test_what_papermill_takes_for_a_text_stops_a_notebook_before_it_trains(folder, training):
    command = ["-m", "papermill", training, folder / "ran.ipynb", "-p", "TRAIN", "false"]
    code, said = run(folder, *command, "-p", "EDITION", "full", "--cwd", folder)
    assert code and "CookbookError: TRAIN can't be 'false'. It wants True or False" in said, said
    assert "it trains\\n" not in (folder / "ran.ipynb").read_text(encoding="utf-8")
    assert not (folder / "zoo").exists()
