"""Runs each work in a new process, on the JVM or in Python."""

import contextlib
import functools
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
OUT = ROOT / "target" / "bench"
CORE = ROOT / "lora-core"
ENGINE = ROOT / "lora-onednn/target"
# Debian's PyTorch belongs to the Python of the system; `python3` may be another one.
PYTHONS = (sys.executable, "/usr/bin/python3", "python3")
JVM_OPTIONS = ["-Xmx4g", "-Dorg.nd4j.log.initialization=false", "-Dorg.nd4j.versioncheck=false"]


class Failed(Exception):
    """A process failed, or printed no result."""


@functools.cache
def python():
    """Returns the first Python that has PyTorch."""
    for each in PYTHONS:
        if shutil.which(each) and subprocess.run([each, "-c", "import torch"], capture_output=True, check=False).returncode == 0:
            return each
    raise Failed(f"one of {', '.join(PYTHONS)} must have PyTorch; apt-get install python3-torch python3-safetensors libopenblas0-pthread")


@dataclass(frozen=True)
class Process:
    """The result of a process: its output, the seconds that it ran, and the peak of its resident bytes."""

    output: str
    errors: str
    begin: float
    seconds: float
    peak: int


def run(command, variables=None):
    """Runs a command and waits for its end."""
    OUT.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile("w+", dir=OUT) as output, tempfile.TemporaryFile("w+", dir=OUT) as errors:
        begin = time.time()
        child = subprocess.Popen(command, cwd=ROOT, env=variables, stdout=output, stderr=errors)
        _, status, usage = os.wait4(child.pid, 0)
        seconds = time.time() - begin
        child.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        errors.seek(0)
        result = Process(output.read(), errors.read(), begin, seconds, usage.ru_maxrss * 1024)
    if child.returncode != 0:
        what = " ".join(map(str, command))[-300:]
        raise Failed(f"exit code {child.returncode} of {what}\n{result.output[-2000:]}{result.errors[-2000:]}")
    return result


@contextlib.contextmanager
def busy():
    """Keeps each processor busy with another process, which ends in any case: it looks whether this process still runs."""
    loop = f"import os\nwhile os.getppid() == {os.getpid()}:\n    for _ in range(1_000_000): pass"
    others = [subprocess.Popen([sys.executable, "-c", loop]) for _ in range(os.cpu_count())]
    try:
        yield
    finally:
        for other in others:
            other.kill()
            other.wait()


def build(short):
    """Compiles the library and its benchmarks, and the example unless the run is short."""
    run(["mvn", "-B", "-ntp", "-q", "-Pbench", "-pl", "lora-core,lora-native,lora-onednn", "test-compile",
         "dependency:build-classpath", "-DincludeScope=test", "-Djacoco.skip",
         "-Dmdep.outputFile=target/bench-classpath"])  # fmt: skip
    if not short:
        run(["mvn", "-B", "-ntp", "-q", "package", "-DskipTests", "-Dmaven.javadoc.skip", "-Djacoco.skip"])


def class_path():
    """Returns the class path: benchmarks, classes of the library, dependencies."""
    own = [CORE / "target/jmh-classes", CORE / "target/classes", CORE / "src/test/resources"]
    return ":".join(map(str, own)) + ":" + (CORE / "target/jmh-classpath").read_text().strip()


def with_engine(path):
    """Returns a class path with the product engine."""
    return f"{ENGINE}/classes:{path}:" + (ENGINE / "bench-classpath").read_text().strip()


def of_module(module):
    """Returns the class path of a module with lora-native, as a user has it; the classes of the module itself come first."""
    target = ROOT / module / "target"
    return f"{target}/classes:" + (target / "bench-classpath").read_text().strip()


def java(main, *arguments, options=(), engine=False):
    """Returns the command that starts a JVM with the benchmarks."""
    path = with_engine(class_path()) if engine else class_path()
    return ["java", *JVM_OPTIONS, *options, "-cp", path, main, *arguments]


def environment(**more):
    """Returns the environment without the variables that old OpenBLAS builds need and that slow down new ones."""
    kept = {key: value for key, value in os.environ.items() if key not in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")}
    return kept | more


def ours(settings, options=(), **more):
    """Runs a work on the JVM and returns its JSON."""
    arguments = [f"{key}={value}" for key, value in settings.items()]
    engine = str(settings.get("threads", "")).startswith("engine")
    command = java("org.lora4j.bench.Work", *arguments, options=options, engine=engine)
    return _read(run(command, environment(**more)))


def theirs(settings, **more):
    """Runs a work in PyTorch and returns its JSON."""
    arguments = [f"{key}={value}" for key, value in settings.items()]
    command = [python(), "-B", str(ROOT / "src/bench/peers/work.py"), *arguments]
    return _read(run(command, environment(**more)))


def _read(process):
    lines = [line for line in process.output.splitlines() if line.startswith("{")]
    if not lines:
        raise Failed(f"a work must print JSON, found\n{process.output[-2000:]}{process.errors[-2000:]}")
    result = json.loads(lines[-1])
    result["until_end"] = result["end"] / 1000 - process.begin
    result["kernel"] = [line for line in process.errors.splitlines() if line.startswith("Core:")]
    return result
