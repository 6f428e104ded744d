"""Checks that works compute the same numbers, then times them in turn."""

import statistics

from comparison import processes
from comparison.processes import OUT

TOLERANCE = 1e-4
CHECK_STEPS = 20
CHECK_RATE = 1e-3
# So small that batches seen again and again keep their gradients: vanished ones would be slow, being subnormal.
TIMED_RATE = 1e-6


def settings_of(work, **more):
    """The arguments of a work's process."""
    settings = {"work": work.work, "variant": work.variant, "adapters": work.adapters} | more
    if work.side == "PyTorch":
        return settings | {"start": OUT / "start" / work.start, "optimizer": work.optimizer or "adam"}
    return settings | {"net": work.net, "rank": work.rank, "batch": work.batch}


def do(work, **more):
    """Does a work on its side."""
    side = processes.theirs if work.side == "PyTorch" else processes.ours
    return side(settings_of(work, **more))


def write_starts(works):
    """Writes the files where both sides begin."""
    (OUT / "start").mkdir(parents=True, exist_ok=True)
    for work in {work.start: work for work in works}.values():
        settings = {"net": work.net, "rank": work.rank, "batch": work.batch, "adapters": work.adapters}
        processes.ours({"work": "export", "file": OUT / "start" / work.start} | settings)


def difference(one, other):
    """The greatest difference of two lists of numbers, relative where they are above 1."""
    if not one or len(one) != len(other):
        return float("inf")
    return max(abs(a - b) / max(1.0, abs(a), abs(b)) for a, b in zip(one, other))


def disagreements(comparisons):
    """Runs the works without timing; the greatest differences by comparison, and those that are too great."""
    numbers, differences, refused = {}, {}, set()
    for comparison in comparisons:
        if not comparison.same:
            continue
        for work in (comparison.work, comparison.other):
            if work not in numbers:
                numbers[work] = do(work, steps=CHECK_STEPS, rate=CHECK_RATE)["numbers"]
        found = difference(numbers[comparison.work], numbers[comparison.other])
        differences[f"{comparison.work} | {comparison.other}"] = found
        if not found <= TOLERANCE:
            refused.add(comparison.work)
        print(f"  {'same numbers' if found <= TOLERANCE else 'DIFFERENT'} ({found:.1e}): "
              f"{comparison.work} | {comparison.other}", flush=True)  # fmt: skip
    return differences, refused


def times(works, runs, warm, seconds):
    """Times works in turn, all of them once in each run; nanoseconds by work, one for each run."""
    found = {work: [] for work in works}
    for run in range(runs):
        for work in works:
            nanos = do(work, warm=warm, seconds=seconds, rate=TIMED_RATE)["nanos"]
            found[work].append(nanos)
            print(f"  run {run + 1}: {work}: {nanos}", flush=True)
    return {work: best_setting(each) for work, each in found.items()}


def best_setting(runs):
    """The times with the number of threads whose median is best; ours has but one setting."""
    if not isinstance(runs[0], dict):
        return {"runs": runs, "median": statistics.median(runs)}
    choices = {threads: [run[threads] for run in runs] for threads in runs[0]}
    threads = min(choices, key=lambda key: statistics.median(choices[key]))
    return {"runs": choices[threads], "median": statistics.median(choices[threads]), "threads": threads}
