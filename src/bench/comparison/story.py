"""Runs the whole MNIST example on both sides: total time, peak memory and sizes of the files."""

import shutil
import statistics

from comparison import processes
from comparison.processes import OUT, ROOT

RUNS = 3
JAR = ROOT / "lora-mnist-example/target/lora-mnist-example.jar"
# Either PyTorch's loops or OpenBLAS has two threads: if both have, PyTorch takes several times as long.
THREADS = ("1+2", "2+1")


def compare(options):
    """Runs both sides alternately; PyTorch uses its best thread setting."""
    ours, theirs = [], {threads: [] for threads in THREADS}
    for run in range(min(RUNS, options.runs)):
        ours.append(_run(["java", "-jar", str(JAR), "run", "--no-progress", "--output"], "ours"))
        for threads in theirs if run == 0 else [_best(theirs)]:
            script = str(ROOT / "src/bench/peers/mnist.py")
            theirs[threads].append(_run([processes.PYTHON, "-B", script], "theirs", threads))
    return {"ours": _median(ours), "theirs": _median(theirs[_best(theirs)]) | {"threads": _best(theirs)}}


def _best(theirs):
    return min(theirs, key=lambda threads: statistics.median(run["seconds"] for run in theirs[threads]))


def _run(command, name, *arguments):
    folder = OUT / f"story-{name}"
    shutil.rmtree(folder, ignore_errors=True)
    process = processes.run([*command, str(folder), *arguments], processes.environment())
    files = {str(file.relative_to(folder)): file.stat().st_size for file in folder.rglob("*.safetensors")}
    return {"seconds": process.seconds, "peak": process.peak, "files": files, "output": process.output[-1000:]}


def _median(runs):
    return runs[-1] | {key: statistics.median(run[key] for run in runs) for key in ("seconds", "peak")}
