"""The whole MNIST story on both sides: total time, peak memory, sizes of the files."""

import shutil
import statistics

from comparison import processes
from comparison.processes import OUT, ROOT

RUNS = 3
JAR = ROOT / "lora-mnist-example/target/lora-mnist-example.jar"


def compare(options):
    """Runs both in turn."""
    found = {"ours": [], "theirs": []}
    for _ in range(min(RUNS, options.runs)):
        found["ours"].append(_run(["java", "-jar", str(JAR), "run", "--no-progress", "--output"], "ours"))
        script = str(ROOT / "src/bench/peers/mnist.py")
        found["theirs"].append(_run([processes.PYTHON, "-B", script], "theirs"))
    return {side: _median(runs) for side, runs in found.items()}


def _run(command, name):
    folder = OUT / f"story-{name}"
    shutil.rmtree(folder, ignore_errors=True)
    process = processes.run([*command, str(folder)], processes.environment())
    files = {str(file.relative_to(folder)): file.stat().st_size for file in folder.rglob("*.safetensors")}
    return {"seconds": process.seconds, "peak": process.peak, "files": files, "output": process.output[-1000:]}


def _median(runs):
    return runs[-1] | {key: statistics.median(run[key] for run in runs) for key in ("seconds", "peak")}
