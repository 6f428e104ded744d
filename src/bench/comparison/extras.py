"""Measurements of this library other than the times of works: switching, memory and start-up."""

import shutil
import statistics

from comparison import measure, processes
from comparison.cases import Work
from comparison.processes import OUT

WARM_UP = 10_000  # after these steps the JVM compiles nothing more
LONG_RUN = 20_000
STARTS = 5
SMALL_HEAP = "-Xmx64m"


def switch(options):
    """Measures using(...) with 1,000 adapters in a model, and the memory of the adapters."""
    found = processes.ours({"work": "switch", "adapters": 1000, "warm": options.warm, "seconds": options.seconds})
    return {key: found[key] for key in ("nanos", "bytes", "resident")}


def memory(options):
    """Measures the peak memory of a long LoRA training and of an idle JVM that has loaded ND4J, and the variation.

    It runs once with a small heap that has just enough room for the live objects, and once with the default heap of the
    JVM, which grows with the garbage of ND4J's calls.
    """
    settings = {"work": "step", "rank": 1, "batch": 10, "steps": WARM_UP + LONG_RUN, "rate": measure.TIMED_RATE}
    found = {"base_weights": 4 * (784 * 1000 + 1000 + 1000 * 2000 + 2000 + 2000 * 10 + 10)}
    for heap, options_of_jvm in (("small", [SMALL_HEAP]), ("free", [])):
        run = processes.ours(settings, options_of_jvm)
        settled = run["resident"][len(run["resident"]) * WARM_UP // (WARM_UP + LONG_RUN) :]
        found[heap] = {
            "idle_peak": processes.ours({"work": "idle"}, options_of_jvm)["peak"],
            "peak": run["peak"],
            "spread": (max(settled) - min(settled)) / (max(settled) + min(settled)),
            "resident": run["resident"],
        }
    return found


def start_up(options):
    """Measures the seconds from the start of a process to the end of its first training step."""
    cache = OUT / "javacpp-cache"
    shutil.rmtree(cache, ignore_errors=True)
    fresh = [f"-Dorg.bytedeco.javacpp.cachedir={cache}"]
    settings = {"work": "step", "rank": 1, "steps": 1}
    first = processes.ours(settings, fresh)
    later = [processes.ours(settings, fresh) for _ in range(STARTS)]
    unpacked = sum(file.stat().st_size for file in cache.rglob("*") if file.is_file())
    shutil.rmtree(cache)
    work = Work("PyTorch", "step", "factored", 1, 10, optimizer="adam")
    measure.write_starts([work])
    peers = [measure.do(work, steps=1)["until_end"] for _ in range(STARTS)]
    return {
        "first": first["until_end"],
        "later": statistics.median(run["until_end"] for run in later),
        "later_until_main": statistics.median(run["jvm"] for run in later) / 1000,
        "later_loading_nd4j": statistics.median(run["nd4j"] for run in later) / 1000,
        "unpacked_bytes": unpacked,
        "peer": statistics.median(peers),
    }
