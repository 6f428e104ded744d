"""Measurements of this library other than the times of works: switching, growth, memory and start-up."""

import shutil
import statistics

from comparison import measure, processes
from comparison.cases import Work
from comparison.processes import OUT

RANKS = (1, 2, 4, 8, 16, 32, 64, 128, 256)
BATCHES = (1, 4, 16, 64, 128, 256, 512, 1024, 2048)
WARM_UP = 10_000  # after these steps the JVM compiles nothing more
LONG_RUN = 20_000
STARTS = 5
SMALL_HEAP = "-Xmx64m"


def switch(options):
    """Measures using(...) with 1,000 adapters in a model, and the memory of the adapters."""
    found = processes.ours({"work": "switch", "adapters": 1000, "warm": options.warm, "seconds": options.seconds})
    return {key: found[key] for key in ("nanos", "bytes", "resident")}


def curves(options):
    """Measures a step by rank and by batch size, and fits straight lines."""
    by_rank = {rank: _step(Work("lora4j", "step", "lora", rank, 10), options) for rank in RANKS}
    by_batch = {batch: _step(Work("lora4j", "step", "lora", 8, batch), options) for batch in BATCHES}
    large = {batch: nanos for batch, nanos in by_batch.items() if batch >= 64}
    return {"rank": by_rank, "rank_line": line(by_rank), "batch": by_batch, "batch_line": line(large)}


def _step(work, options):
    warm, seconds = options.warm, options.seconds
    runs = [measure.do(work, warm=warm, seconds=seconds, rate=measure.TIMED_RATE)["nanos"] for _ in range(3)]
    return statistics.median(runs)


def line(points):
    """Fits y = intercept + slope·x by least squares; r_squared is the share of the variance that the line explains."""
    slope, intercept = statistics.linear_regression(list(points), list(points.values()))
    squared = statistics.correlation(list(points), list(points.values())) ** 2
    return {"slope": slope, "intercept": intercept, "r_squared": squared}


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
