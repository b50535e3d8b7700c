"""What every benchmark does: time some work, leave a report behind."""

import json
import os
import platform
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from helpers import display_path, replacing


def timed(work: Callable, *args: Any) -> tuple[Any, float]:
    """What `work(*args)` returns, and the seconds it takes."""
    start = time.perf_counter()
    return work(*args), time.perf_counter() - start


def write_report(name: str, report: dict[str, Any]) -> None:
    """Write `report` to results/<name>.json beside this file, which the scoreboard reads."""
    path = Path(__file__).with_name("results") / f"{name}.json"
    with replacing(path) as part:
        part.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    print(f"Written to {display_path(path)}.")


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    info = Path("/proc/cpuinfo")  # on Linux `platform` knows the architecture at best
    named = re.search(r"model name\s*: (.+)", info.read_text()) if info.is_file() else None
    return {"cores": os.cpu_count(), "processor": named[1] if named else platform.processor()}
