"""The headless run: outcomes, options, outputs written back, and no kernel left behind."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from helpers import ROOT, CookbookError, run
from helpers.run import (
    NOTEBOOKS,
    main,
    parameters_of,
    parse_setting,
    run_series,
    select,
    write_back,
)

import nbformat
import psutil
import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook, new_output
from toy_notebooks import wait_until, write_executed, write_notebook

RECORD = """
import json, os, pathlib  # as helpers.zoo.record does, without what that imports
path = pathlib.Path(os.environ["COOKBOOK_GENERATED"], "metrics", EDITION, "{name}.json")
path.parent.mkdir(parents=True, exist_ok=True)
_ = path.write_text(json.dumps({{"metrics": {{"seed": SEED, "trained": TRAIN}}}}))
"""
SAMPLE = {"EDITION": "sample"}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder for notebooks; what they generate stays in tmp_path too."""
    monkeypatch.setattr(run, "GENERATED", tmp_path / "generated")
    (tmp_path / "notebooks").mkdir()
    return tmp_path / "notebooks"


# Outcomes


def test_a_failing_notebook_does_not_stop_the_others(folder, capsys):
    good = write_notebook(folder, "01_good", "EDITION", "", RECORD.format(name="01_good"), "SEED")
    bad = write_notebook(folder, "02_bad", "print('some output')", "x = 1 / 0  # here it breaks")
    write_notebook(folder, "03_dead", "import os; os._exit(1)")
    before_good, before_bad = nbformat.read(good, as_version=4), bad.read_text()

    options = ["--notebooks", str(folder), "--set", "SEED=3", "--no-train", "--in-place"]
    assert main(options) == 1

    progress, table, errors = _parts(capsys.readouterr().out)
    assert all(f"started {name}" in progress for name in ("01_good", "02_bad", "03_dead"))
    assert [line.split()[0] for line in table[1:]] == ["01_good", "02_bad", "03_dead"]
    assert [line.split()[3] for line in table[1:]] == ["passed", "failed", "failed"]
    assert "seed 3, trained 0" in table[1]
    assert "ZeroDivisionError" in errors and "here it breaks" in errors
    assert "kernel died" in errors
    copies = folder.parent / "generated/notebooks/sample"
    assert {"01_good.html", "01_good.ipynb"} <= {path.name for path in copies.iterdir()}

    assert bad.read_text() == before_bad
    _check_written_back(nbformat.read(good, as_version=4), before_good)
    assert sorted(path.suffix for path in folder.iterdir()) == [".ipynb"] * 3


def _check_written_back(after, before):
    nbformat.validate(after)
    assert [cell.source for cell in after.cells] == [cell.source for cell in before.cells]
    assert [cell.metadata for cell in after.cells] == [cell.metadata for cell in before.cells]
    assert "papermill" not in after.metadata
    assert after.metadata.cookbook.parameters == {"EDITION": "sample", "SEED": 3, "TRAIN": False}
    assert 0 <= after.metadata.cookbook.seconds < 60
    code = [cell for cell in after.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == [1, 2, None, 3, 4]
    assert code[1].outputs[0].data["text/plain"] == "'sample'"
    assert code[1].outputs[0].execution_count == 2


def _parts(output: str) -> tuple[str, list[str], str]:
    before, table, after = output.split("\n\n", 2)
    return before, table.splitlines(), after


def test_result_has_this_interpreter_memory_and_fresh_metrics(folder, monkeypatch):
    spec = folder / "jupyter/kernels/python3/kernel.json"
    spec.parent.mkdir(parents=True)
    spec.write_text('{"argv": ["false"], "display_name": "broken", "language": "python"}')
    monkeypatch.setenv("JUPYTER_PATH", str(folder / "jupyter"))
    monkeypatch.setenv("MPLBACKEND", "Agg")
    notebook = write_notebook(
        folder,
        "01_facts",
        f"import os, sys; assert sys.executable == {sys.executable!r}",
        f"assert os.getcwd() == {str(folder)!r}",
        "assert 'inline' in os.environ['MPLBACKEND']",
        "block = bytearray(300 * 2**20); block[::4096] = block[::4096]",
        "import time; time.sleep(2)  # the run looks at the memory several times a second",
    )
    stale = folder.parent / "generated/metrics/sample/01_facts.json"
    stale.parent.mkdir(parents=True)
    stale.write_text('{"metrics": {"old": 1.0}}')

    (result,) = run_series([notebook], SAMPLE)

    assert result.error is None
    assert result.metrics == {}
    assert 300 < result.peak_mb < 1500


def test_a_progress_bar_leaves_its_last_state(folder):
    bars = [
        "for text in ('1/2', '\\r2/2', '\\ndone\\n'): print(text, end='', flush=True)",
        "for text in ('\\r1/2', '\\r2/2', '\\r   \\r', 'done\\n'): print(text, end='', flush=True)",
        "print('no bar\\r\\nhere', end='')",
    ]
    notebook = write_notebook(folder, "01_bars", *bars)
    (result,) = run_series([notebook], SAMPLE, in_place=True)
    assert result.error is None
    cells = nbformat.read(notebook, as_version=4).cells[2:]
    texts = [output.text for cell in cells for output in cell.outputs]
    assert texts == ["2/2\ndone\n", "done\n", "no bar\r\nhere"]


def test_timeout_limits_the_whole_notebook(folder):
    notebook = write_notebook(folder, "01_slow", "import time", *["time.sleep(1)"] * 60)
    (result,) = run_series([notebook], SAMPLE, timeout=4)
    assert "longer than 4 seconds" in result.error


# Options


@pytest.mark.parametrize("only", ["02", "2", "02_b", "02_b.ipynb", "notebooks/02_b.ipynb"])
def test_select_by_number_or_name(folder, only):
    notebooks = [write_notebook(folder, name) for name in ("01_a", "02_b", "03_c")]
    assert select(folder, [only]) == [notebooks[1]]
    assert select(folder, ["03", only, "3"]) == notebooks[1:]
    assert select(folder, []) == notebooks


def test_select_names_what_there_is(folder):
    with pytest.raises(CookbookError, match="no notebook in notebooks"):
        select(folder, [])
    write_notebook(folder, "01_bands2vec")
    with pytest.raises(CookbookError, match=r"notebook '01_band2vec'.*mean '01_bands2vec'"):
        select(folder, ["01_band2vec"])


def test_unknown_parameter_stops_everything_before_it_starts(folder, capsys):
    write_notebook(folder, "01_a")
    assert main(["--notebooks", str(folder), "--set", "SEEDS=3"]) == 2
    captured = capsys.readouterr()
    assert "started" not in captured.out
    assert "parameter of 01_a 'SEEDS'. Did you mean 'SEED'?" in captured.err
    assert "EDITION, SEED, TRAIN" in captured.err


def test_what_is_typed_has_the_type_of_the_notebooks_default(folder):
    notebook = write_notebook(folder, "01_a")
    settings = {"EDITION": "full", "TRAIN": "no", "SEED": "1e3"}
    assert parameters_of(notebook, settings) == {"EDITION": "full", "TRAIN": False, "SEED": 1000}


def test_a_value_of_another_kind_stops_everything_before_it_starts(folder, capsys):
    write_notebook(folder, "01_a")
    assert main(["--notebooks", str(folder), "--set", "SEED=1,000"]) == 2
    captured = capsys.readouterr()
    assert "started" not in captured.out
    assert "SEED can't be '1,000'. It wants a whole number" in captured.err
    assert "such as SEED = 7" in captured.err


@pytest.mark.parametrize(
    ("option", "reason"),
    [
        ("--jobs=0", "0 is less than 1"),
        ("--timeout=-5", "-5 is less than 1"),
        ("--jobs=two", "invalid positive value: 'two'"),
    ],
)
def test_numbers_of_options_are_positive(folder, capsys, option, reason):
    write_notebook(folder, "01_a")
    with pytest.raises(SystemExit):
        main(["--notebooks", str(folder), option])
    assert reason in capsys.readouterr().err


def test_what_is_no_notebook_is_named(folder):
    (folder / "01_a.ipynb").write_text("not JSON")
    with pytest.raises(CookbookError, match=r"01_a.ipynb can't be read"):
        parameters_of(folder / "01_a.ipynb", {})


@pytest.mark.parametrize("value", ["3", "False", "1, 2", "a=b", ""])
def test_parse_setting(value):
    assert parse_setting(f"NAME={value}") == ("NAME", value)


@pytest.mark.parametrize("setting", ["NAME", "=3", "two words=3", "EDITION=full"])
def test_parse_setting_rejects(setting):
    with pytest.raises(CookbookError, match="--"):
        parse_setting(setting)


# In place


def test_write_back_spares_a_notebook_edited_while_it_ran(folder):
    edited, executed = write_notebook(folder, "01_edited", "SEED + 2"), folder / "01_executed.ipynb"
    write_executed(executed, new_code_cell("SEED + 1"))
    before = edited.read_text()
    with pytest.raises(CookbookError, match=r"01_edited.ipynb was edited while it ran"):
        write_back(executed, edited)
    assert edited.read_text() == before


@pytest.mark.parametrize(
    ("text", "expected"),
    [("2/2\ndone\n", ["2/2\ndone\n"]), ("done\n   \r", ["done\n"]), ("   \r", [])],
)
def test_write_back_drops_what_a_progress_bar_leaves_that_removed_itself(folder, text, expected):
    target, executed = folder / "01_target.ipynb", folder / "01_executed.ipynb"
    nbformat.write(new_notebook(cells=[new_code_cell("train()")]), target)
    outputs = [
        new_output("stream", name="stdout", text=text),
        new_output("stream", name="stderr", text="other\n"),
    ]
    write_executed(executed, new_code_cell("train()", outputs=outputs, execution_count=5))
    write_back(executed, target)
    (cell,) = nbformat.read(target, as_version=4).cells
    assert [output.text for output in cell.outputs] == [*expected, "other\n"]
    assert cell.execution_count == 1


# Other ways to run a notebook


@pytest.mark.parametrize("folder", [ROOT, NOTEBOOKS], ids=["root", "notebooks"])
def test_nbconvert_and_editors_leave_the_same_wherever_they_stand(tmp_path, monkeypatch, folder):
    record = "from helpers import zoo; zoo.record('01_toy', 'sample', {'seed': SEED})"
    notebook = write_notebook(tmp_path, "01_toy", record)
    metrics = tmp_path / "generated" / "metrics" / "sample" / "01_toy.json"
    monkeypatch.setenv("COOKBOOK_GENERATED", os.path.relpath(tmp_path / "generated", ROOT))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))

    command = [sys.executable, "-m", "nbconvert", "--execute", "--to", "html", str(notebook)]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    assert "seed" in metrics.read_text(encoding="utf-8")

    metrics.unlink()
    editor = {"metadata": {"path": str(folder)}}  # where its kernels work
    NotebookClient(nbformat.read(notebook, as_version=4), resources=editor).execute()
    assert "seed" in metrics.read_text(encoding="utf-8")


# Being stopped


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
def test_a_stopped_run_leaves_no_kernel(folder):
    expected = {signal.SIGINT: 130, signal.SIGTERM: 130, signal.SIGKILL: -signal.SIGKILL}
    runs = {stop: _start_long_run(folder / stop.name) for stop in expected}
    try:
        for stop, run in runs.items():
            wait_until((folder / stop.name / "running").exists)
            family = psutil.Process(run.pid).children(recursive=True)
            assert any("ipykernel_launcher" in process.cmdline() for process in family)
            run.send_signal(stop)
            output, _ = run.communicate(timeout=600)
            assert run.returncode == expected[stop]
            assert "Traceback" not in output
            wait_until(lambda family=family: not any(map(_is_alive, family)))
    finally:
        for run in runs.values():
            run.kill()


def _start_long_run(folder: Path) -> subprocess.Popen:
    folder.mkdir()
    write_notebook(folder, "01_long", "open('running', 'w').close(); import time; time.sleep(600)")
    command = [sys.executable, "-m", "helpers.run", "--notebooks", str(folder)]
    # In one folder they would take turns.
    environment = os.environ | {"COOKBOOK_GENERATED": str(folder / "generated")}

    def hear_ctrl_c() -> None:  # a shell's job in the background, as these tests may be, doesn't
        signal.signal(signal.SIGINT, signal.default_int_handler)

    return subprocess.Popen(
        command,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        preexec_fn=hear_ctrl_c,
    )


def _is_alive(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
