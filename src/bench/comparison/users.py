"""Measures works as users get them, with lora-native alone and without any setting: on a quiet machine, and on a busy one,
where another process of the same priority always wants each processor.

The other sides are as their users get them too, but PyTorch has its fused optimizers and the best of some thread settings. The
runs of both sides alternate, and a ratio is the median of those of the pairs. Each work on the busy machine is also compared
with itself on the quiet one: a fair share of the processors is a ratio of 2.

Jlama, with the vectors of the JVM, is fetched once, and needs a JDK from 22 on, which is `java` or lies in /usr/lib/jvm:
  mvn -f src/bench/peers/jlama.xml dependency:copy-dependencies
Without it, its row is left out.
"""

import contextlib
import functools
import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from comparison import decoder, encoder, measure, processes, transformer
from comparison.cases import Work
from comparison.processes import OUT, ROOT

SOURCE = ROOT / "src/bench/users/EmbeddingWork.java"
SHALLOW = OUT / "decoder-shallow"
JLAMA = OUT / "jlama/dependency"
JLAMA_SOURCE = ROOT / "src/bench/peers/JlamaWork.java"
JLAMA_JDK = 22
JDKS = Path("/usr/lib/jvm")
COSINE = 0.9999
MACHINES = {"quiet": contextlib.nullcontext, "busy": processes.busy}
OURS = "lora4j"
NETWORKS = [Work(OURS, "step", "lora", 1, batch) for batch in (10, 64)]
# One thread for all is a setting for a busy machine.
TORCH_THREADS = (*transformer.PEER_THREADS, "1+1")


@dataclass(frozen=True)
class Side:
    """A program, the settings of the work that it runs, and its thread settings, if it has any."""

    name: str
    program: Callable[[dict], dict]
    settings: dict
    threads: tuple[str, ...] = ("",)


@dataclass(frozen=True)
class Case:
    """Our work and that of another side, if there is one.

    The bars are the greatest allowed ratios of the times: beside the other side on a quiet and on a busy machine, and of ours on
    the busy machine to ours on the quiet one.
    """

    ours: Side
    theirs: Side | None = None
    quiet: float | None = None
    busy: float | None = None
    share: float | None = None


def compare(options):
    """Returns the rows of the table."""
    cases = {name: case for name, case in _cases().items() if any(text in name for text in options.only.split("|"))}
    _prepare()
    return {"rows": [row for name, case in cases.items() for row in _rows(name, case, _measured(name, case, options))]}


def _cases():
    jlama = Side("Jlama", _jlama, {"folder": decoder.FOLDER}) if _has_jlama() else None
    step = {"work": "step", "data": "even", "folder": decoder.FOLDER}
    return {
        "MiniLM: embedding of a sentence": Case(_embedding(OURS, "sentence"), _embedding("LangChain4j", "sentence"), 1.0, 1.0),
        "MiniLM: embedding of a passage": Case(_embedding(OURS, "passage"), _embedding("LangChain4j", "passage"), 0.9, 0.9),
        "MiniLM: embedding of 16 passages": Case(_embedding(OURS, "passages"), _embedding("LangChain4j", "passages"), 0.8, 0.9),
        "Llama: one token":
            Case(Side(OURS, _llama, {"work": "generate", "adapters": 0, "folder": decoder.FOLDER}), jlama, busy=1.0, share=2.0),
        "Llama of 6 layers: LoRA step of 64 tokens, GGUF file in Q8_0":
            Case(Side(OURS, _from_gguf, {"work": "step", "data": 64, "shape": "shallow", "folder": SHALLOW})),
        "Llama: LoRA step, 2 texts of 128 tokens":
            Case(Side(OURS, _llama, step), Side("PyTorch", _torch_llama, step, TORCH_THREADS), 0.9, 0.9),
        **{f"RichBoyNet: LoRA step of rank 1, batch {work.batch}": _network_step(work) for work in NETWORKS},
    }  # fmt: skip


def _embedding(name, work):
    settings = {"side": name, "work": work, "folder": encoder.FOLDER, "texts": OUT / "train.tsv.gz"}
    return Side(name, _langchain4j, settings)


def _network_step(work):
    peer = Work("PyTorch", "step", "factored", work.rank, work.batch, optimizer="fused")
    ours, theirs = (measure.settings_of(each, rate=measure.TIMED_RATE) for each in (work, peer))
    return Case(Side(OURS, _network, ours), Side("PyTorch", processes.theirs, theirs, TORCH_THREADS), 0.9, 0.9)


def _prepare():
    """Builds what the works need, writes the models, and checks that LangChain4j's model and ours compute the same of the texts."""
    encoder.prepare()
    decoder.prepare()
    measure.write_starts(NETWORKS)
    if not (SHALLOW / "model.safetensors").exists():
        _llama({"work": "export", "shape": "shallow", "folder": SHALLOW})
    found = _langchain4j(_embedding(OURS, "check").settings)
    if found["tokens"] != found["otherTokens"] or found["cosine"] <= COSINE:
        raise processes.Failed(f"LangChain4j's model and ours must compute the same embeddings, found {found}")
    print(f"  the same tokens, and embeddings with a cosine of at least {found['cosine']:.7f}", flush=True)


def _measured(name, case, options):
    """Returns the results of each run by machine and side, and by thread setting."""
    found = {(machine, side.name): {} for machine in MACHINES for side in (case.ours, case.theirs) if side}
    for run in range(options.runs):
        for machine, others in MACHINES.items():
            with others():
                for side in filter(None, (case.ours, case.theirs)):
                    results = found[machine, side.name]
                    for threads in transformer.settings(results, side.threads):
                        settings = side.settings | transformer.times(options) | ({"threads": threads} if threads else {})
                        results.setdefault(threads, []).append(side.program(settings))
                        print(f"  run {run + 1}, {machine}: {name}, {side.name} {threads}: "
                              f"{transformer.milliseconds(transformer.nanos(results[threads][-1:]))}", flush=True)  # fmt: skip
    if case.theirs and "numbers" in (one := _best(found["quiet", OURS])[1][0]):
        transformer.require_same(name, one, _best(found["quiet", case.theirs.name])[1][0])
    return found


def _rows(name, case, found):
    """Returns the rows of a case: each machine beside the other side, and the busy machine beside the quiet one."""
    rows = []
    if case.theirs:
        for machine, bar in (("quiet", case.quiet), ("busy", case.busy)):
            threads, other = _best(found[machine, case.theirs.name])
            rows.append(_row(name, machine, found[machine, OURS][""], f"{case.theirs.name} {threads}".strip(), other, bar))
    return [*rows, _row(name, "busy", found["busy", OURS][""], "itself, quiet", found["quiet", OURS][""], case.share)]


def _row(name, machine, ours, beside, theirs, bar):
    row = {"case": name, "machine": machine, "beside": beside, "bar": bar}
    for key in ("nanos", "cpu"):
        one, other = ([each[key] for each in side] for side in (ours, theirs))
        row[key] = {"ours": one, "theirs": other, "ratios": [a / b for a, b in zip(one, other)]}
    return row


def _best(results):
    """Returns the thread setting with the best median of those that all runs measured, and its results."""
    runs = max(map(len, results.values()))
    complete = {threads: each for threads, each in results.items() if len(each) == runs}
    return min(complete.items(), key=lambda each: measure.median(transformer.nanos(each[1])))


def _langchain4j(settings):
    return transformer.java(SOURCE, processes.of_module("lora-langchain4j"), settings)


def _llama(settings):
    return transformer.java(decoder.SOURCE, processes.of_module("lora-native"), settings | {"threads": "default"})


def _from_gguf(settings):
    return _llama(settings | {"gguf": decoder.gguf(SHALLOW, "Q8_0")})


def _torch_llama(settings):
    return transformer.torch(decoder.PEER, settings)


def _network(settings):
    path = f"{processes.CORE}/target/jmh-classes:{processes.of_module('lora-native')}"
    command = ["java", *processes.JVM_OPTIONS, "-cp", path, "org.lora4j.bench.Work"]
    return transformer.script(command, settings | {"threads": "default"})


def _jlama(settings):
    options = ["--add-modules=jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED", *processes.JVM_OPTIONS]
    return transformer.script([_new_java(), *options, "-cp", f"{JLAMA}/*", str(JLAMA_SOURCE)], settings)


def _has_jlama():
    """Returns whether Jlama can run, and says so if not."""
    if JLAMA.exists() and _new_java():
        return True
    print(f"  Jlama is left out: it needs a JDK from {JLAMA_JDK} on, and "
          "mvn -f src/bench/peers/jlama.xml dependency:copy-dependencies", flush=True)  # fmt: skip
    return False


@functools.cache
def _new_java():
    """Returns a JVM that Jlama runs on, or None."""
    for each in ("java", *sorted(JDKS.glob("*/bin/java"))):
        version = subprocess.run([each, "-version"], capture_output=True, text=True, check=True).stderr
        if int(re.search(r'version "(\d+)', version)[1]) >= JLAMA_JDK:
            return str(each)
    return None
