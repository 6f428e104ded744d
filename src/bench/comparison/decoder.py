"""Measures a decoder, a Llama of the shape of SmolLM2-135M with random weights, beside PyTorch and llama.cpp: a LoRA step,
generation, a long prompt, and 16 texts with 16 adapters beside one text.

llama.cpp comes with an npm package, which is installed once:
  npm install --prefix target/bench/node node-llama-cpp@3.22.1
Without it, its cases are left out.

Memory and time of models of the sizes that people use, in each storage, beside llama.cpp, are measured only if they are asked for:
  src/bench/compare --cases decoder --only "real sizes" --runs 1

The time to the first token of a Qwen2 of the shape of Qwen2.5-0.5B is measured only if it is asked for:
  src/bench/compare --cases decoder --only "first token" --runs 3
"""

import os
import shutil

from comparison import processes, roofline, transformer
from comparison.processes import OUT, ROOT

FOLDER = OUT / "decoder"
LARGE = OUT / "decoder-0.5b"
SOURCE = ROOT / "src/bench/decoder/DecoderWork.java"
PEER = ROOT / "src/bench/peers/decoder.py"
NODE = OUT / "node"
LLAMA = ROOT / "src/bench/peers/llamacpp.mjs"
GGUF = ROOT / "src/bench/peers/gguf.py"
LLAMA_THREADS = tuple(dict.fromkeys((str(os.cpu_count()), "1")))
FIRST = "first token"
REAL = "real sizes"
STORAGES = ("float", "bfloat16", "int8", "int4")
# The storages of a size: 1.5 billion floats and their gradients do not fit into 12 GB.
SIZES = {"0.5b": STORAGES, "1b": STORAGES, "gemma-1b": STORAGES, "1.5b": STORAGES[1:]}
# llama.cpp computes a Llama here: gguf.py writes nothing else.
NO_GGUF = ("gemma-1b",)
FORMS = {"int8": "Q8_0", "int4": "Q4_0"}


def _work(work, data="even", **more):
    return {"work": work, "data": data, **more}


ONE = _work("generate", adapters=0)
# case: our work, the other side, its work, bar. PyTorch and llama.cpp run in other programs.
CASES = {
    "LoRA step, 2 texts of 128 tokens": (_work("step"), "PyTorch", _work("step"), 0.9),
    "LoRA step, 2 texts of 128 tokens, base in bfloat16":
        (_work("step", storage="bfloat16"), "PyTorch", _work("step"), 0.5),
    "LoRA step, 4 texts of 16 to 128 tokens": (_work("step", "uneven"), "PyTorch", _work("step", "uneven"), 0.55),
    "LoRA step, layers computed again": (_work("step", recompute=True), "all kept", _work("step"), None),
    "one token of one text": (_work("generate"), "PyTorch", _work("generate"), 0.45),
    "one token of one of 16 texts with 16 adapters": (_work("batch"), "one text", _work("generate"), 0.12),
    "prompt of 512 tokens": (_work("prompt"), "PyTorch", _work("prompt"), 0.7),
    "one token of the base": (ONE, "llama.cpp", {"form": "F32"}, None),
    "one token of the base, int8": (ONE | {"storage": "int8"}, "llama.cpp", {"form": "Q8_0"}, 1 / 0.7),
    "one token of the base, int4": (ONE | {"storage": "int4"}, "llama.cpp", {"form": "Q4_0"}, 1),
    "one token of the base, bfloat16": (ONE | {"storage": "bfloat16"}, "float", ONE, None),
}
SHAPE = roofline.Transformer(30 * (2 * 576 * 576 + 2 * 576 * 192 + 3 * 576 * 1536), 576 * 960, 30, 576, True, 576 * 49152)
FLOPS = {
    "LoRA step, 2 texts of 128 tokens": SHAPE.flops([128, 128], True),
    "LoRA step, 4 texts of 16 to 128 tokens": SHAPE.flops([128, 72, 40, 16], True),
    "prompt of 512 tokens": SHAPE.flops([512], False),
}
# Only if they are asked for: --only "LoRA step, one text".
LONG_CASES = {
    f"LoRA step, one text of {tokens} tokens{again}": (_work("step", tokens, **more), "PyTorch", _work("step", tokens), None)
    for tokens in (512, 2048)
    for again, more in (("", {}), (", layers computed again", {"recompute": True}))
}


def compare(options):
    """Returns the rows of the table, and the times to the first token if asked for."""
    prepare()
    wanted = options.only.split("|")
    cases = CASES | (LONG_CASES if options.only else {})
    chosen = {case: each for case, each in cases.items() if any(text in case for text in wanted)}
    if any(other == "llama.cpp" for _, other, _, _ in chosen.values()) and not _has_llama():
        chosen = {case: each for case, each in chosen.items() if each[1] != "llama.cpp"}
    programs = {"PyTorch": (_torch, transformer.peer_threads(options)), "llama.cpp": (_llama, LLAMA_THREADS)}
    _check(chosen, programs)
    rows, _ = transformer.compare(chosen, options, _ours, programs, _about)
    if REAL in wanted:
        _sizes(options)
    return {"rows": rows, "first": _first(options) if FIRST in wanted else []}


def _about(case, work, other, found):
    """Returns the bytes of weights that a token reads, and the flops of a work."""
    return {"bytes": found.get("bytes"), "flops": FLOPS.get(case)}


def _sizes(options):
    """Prints the seconds and the peaks of a load, one token, a prompt and a LoRA step, by size and storage, with oneDNN."""
    for size, storages in SIZES.items():
        folder = OUT / f"decoder-llama-{size}"
        if not (folder / "model.safetensors").exists():
            _ours(_work("export", shape=size, folder=folder))
        for storage in storages:
            common = {"shape": size, "folder": folder, "storage": storage}
            _warm(folder / "model.safetensors")
            load = _ours(_work("first", **common), None, "engine")
            token = _ours(_work("generate", adapters=0, **common), options, "engine")
            prompt = _ours(_work("prompt", **common), options, "engine")
            step = _ours(_work("step", 512, **common), options, "engine")
            print(f"  {size} {storage}: loaded after {load['loaded'] / 1e3:.1f} s, first token after {load['first'] / 1e3:.1f} s and "
                  f"{_megabytes(load)}; one token {token['nanos'] / 1e6:.1f} ms and {_megabytes(token)}; prompt of 512 tokens "
                  f"{prompt['nanos'] / 1e9:.2f} s; LoRA step of 512 tokens {step['nanos'] / 1e9:.2f} s and {_megabytes(step)}",
                  flush=True)  # fmt: skip
            if storage == "float" and size == "0.5b":
                found = _torch(_work("step", 512, folder=folder, threads=transformer.PEER_THREADS[0]), options)
                print(f"  {size}: LoRA step of PyTorch {found['nanos'] / 1e9:.2f} s and {_megabytes(found)}", flush=True)
            if storage in FORMS and size not in NO_GGUF and _has_llama():
                found = _llama({"form": FORMS[storage], "threads": str(os.cpu_count())}, options, folder)
                print(f"  {size}: one token of llama.cpp, {FORMS[storage]} {found['nanos'] / 1e6:.1f} ms and {_megabytes(found)}",
                      flush=True)  # fmt: skip


def _megabytes(found):
    return f"{found['peak'] / 1e6:,.0f} MB"


def prepare():
    """Builds what the works need, and writes the model."""
    processes.run(["mvn", "-B", "-ntp", "-q", "-pl", "lora-core,lora-native,lora-onednn", "test-compile",
                   "dependency:build-classpath", "-DincludeScope=test", "-Djacoco.skip",
                   "-Dmdep.outputFile=target/bench-classpath"])  # fmt: skip
    if not (FOLDER / "start").exists():
        _ours(_work("export"))


def _check(chosen, programs):
    """Checks that both sides compute the same losses and choose the same tokens. Bases in fewer bits are rounded, so they differ."""
    settings = {"warm": 0, "seconds": 0}
    for ours, other, theirs, _ in chosen.values():
        if other not in programs or "storage" in ours:
            continue
        peer, _ = programs[other]
        exact = {"cache": "F32"} if other == "llama.cpp" else {}
        transformer.require_same(f"{ours} beside {other}", _ours(ours | settings), peer(theirs | settings | exact))


def _first(options):
    """Returns the milliseconds from the start of a process to its first token, by the storage of the base."""
    if not (LARGE / "model.safetensors").exists():
        _ours(_work("export", shape="qwen", folder=LARGE))
    rows = []
    for storage in STORAGES:
        for engine in ("", "engine"):
            found = []
            for _ in range(options.runs):
                _warm(LARGE / "model.safetensors")
                found.append(_ours(_work("first", shape="qwen", folder=LARGE, storage=storage), None, engine))
            best = sorted(found, key=lambda each: each["first"])[len(found) // 2]
            rows.append({"storage": storage, "engine": bool(engine), "all": [each["first"] for each in found], **best})
            print(f"  {FIRST}, {storage} {engine}: loaded after {best['loaded']} ms, first token after {best['first']} ms",
                  flush=True)  # fmt: skip
    return rows


def _warm(file):
    """Reads a file, so that it is in the cache of the operating system."""
    with open(file, "rb") as stream:
        while stream.read(1 << 24):
            pass


def _ours(settings, options=None, engine=""):
    settings = transformer.times(options) | {"folder": FOLDER, "threads": engine or "blas"} | settings
    classes = (processes.CORE / "target/classes", processes.CORE / "src/test/resources")
    path = ":".join(map(str, classes)) + ":" + (processes.CORE / "target/bench-classpath").read_text().strip()
    return transformer.java(SOURCE, path, settings, engine, ["-Xmx16g"] if settings.get("shape") in SIZES else [])


def _torch(settings, options=None):
    return transformer.torch(PEER, transformer.times(options) | {"folder": FOLDER} | settings)


def _has_llama():
    """Returns whether llama.cpp can run, and says so if not."""
    if shutil.which("node") and (NODE / "node_modules/node-llama-cpp").exists():
        return True
    print("  llama.cpp is left out: it needs node and npm install --prefix target/bench/node node-llama-cpp@3.22.1", flush=True)
    return False


def gguf(folder, form):
    """Returns the GGUF file of a model in a form. Writes it if it is not there."""
    file = OUT / f"{folder.name}-{form}.gguf"
    if not file.exists() or file.stat().st_mtime < (folder / "model.safetensors").stat().st_mtime:
        processes.run([processes.python(), "-B", str(GGUF), str(folder), str(file), form])
    return file


def _llama(settings, options=None, folder=FOLDER):
    file = gguf(folder, settings["form"])
    return transformer.script(["node", str(LLAMA)], transformer.times(options) | settings | {"file": file, "package": NODE})
