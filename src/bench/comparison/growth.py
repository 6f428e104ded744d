"""Measures how the cost of this library grows: with ranks, rows, tokens, adapters and threads. With the product engine."""

import statistics

from comparison import families, measure, processes
from comparison.cases import Work

RANKS = (1, 2, 4, 8, 16, 32, 64, 128, 256)
BATCHES = (1, 4, 16, 64, 128, 256, 512, 1024, 2048, 4096)
LARGE_BATCH = 64  # from here on a line fits
ADAPTERS = (1, 10, 100, 1000, 10_000)
TOKENS = (16, 64, 256, 1024, 2048, 4096, 8192)
ENCODER = "ModernBERT base"
BIG_HEAP = ["-Xmx8g"]


def curves(options):
    """Returns the times of a step by rank and batch with fitted lines, of a forward pass by rows and tokens, of a step by
    threads, and the memory and files by adapters."""
    by_rank = {rank: _time(Work("lora4j", "step", "lora", rank, 10), options) for rank in RANKS}
    by_batch = {batch: _time(Work("lora4j", "step", "lora", 8, batch), options) for batch in BATCHES}
    large = {batch: nanos for batch, nanos in by_batch.items() if batch >= LARGE_BATCH}
    return {
        "rank": by_rank,
        "rank_line": line(by_rank),
        "batch": by_batch,
        "batch_line": line(large),
        "rows": {rows: _time(Work("lora4j", "forward", "lora", 8, rows), options) for rows in BATCHES},
        "threads": {
            threads: {batch: _time(Work("lora4j", "step", "lora", 8, batch), options, setting) for batch in (10, 512)}
            for threads, setting in ((1, "engine1"), (2, measure.ENGINE))
        },
        "adapters": {count: _adapters(count, options) for count in ADAPTERS},
        "tokens": _tokens(options),
    }


def _time(work, options, threads=measure.ENGINE):
    settings = {"warm": options.warm, "seconds": options.seconds, "threads": threads}
    if work.work == "step":
        settings["rate"] = measure.TIMED_RATE
    nanos = measure.do(work, **settings)["nanos"]
    print(f"  {work} {threads}: {nanos / 1000:.0f} µs", flush=True)
    return nanos


def _adapters(count, options):
    settings = {"work": "switch", "adapters": count, "warm": options.warm, "seconds": options.seconds}
    found = processes.ours(settings, BIG_HEAP)
    print(f"  {count} adapters: {found['bytes'] / 1e6:.1f} MB, resident {found['resident'] / 1e6:.1f} MB", flush=True)
    return {key: found[key] for key in ("nanos", "bytes", "resident", "file")}


def _tokens(options):
    """One text through an encoder whose layers have windows, but for each third one."""
    found = {}
    for length in TOKENS:
        common = families.prepared(ENCODER, 1, length)
        one = families.ours(common | {"work": "forward"}, options, measure.ENGINE)
        found[length] = {"nanos": one["nanos"], "peak": one["peak"]}
        print(f"  {length} tokens: {one['nanos'] / 1e6:.0f} ms, peak {one['peak'] / 1e6:.0f} MB", flush=True)
    return found


def line(points):
    """Fits y = intercept + slope·x by least squares; r_squared is the share of the variance that the line explains."""
    slope, intercept = statistics.linear_regression(list(points), list(points.values()))
    squared = statistics.correlation(list(points), list(points.values())) ** 2
    return {"slope": slope, "intercept": intercept, "r_squared": squared}
