"""Measures models of the shapes of families, with random weights, beside PyTorch: LoRA steps, forward passes, mixed batches."""

import json

from comparison import processes, transformer
from comparison.processes import OUT, ROOT

SOURCE = ROOT / "src/bench/families/FamilyWork.java"
PEER = ROOT / "src/bench/peers/families.py"

# name: the configuration, the number of texts and their tokens. These are the sizes of the models that people use.
MODELS = {
    "DistilBERT": (
        {"model_type": "distilbert", "vocab_size": 30522, "dim": 768, "n_layers": 6, "n_heads": 12, "hidden_dim": 3072},
        16, 128,
    ),
    "ModernBERT base": (
        {"model_type": "modernbert", "vocab_size": 50368, "hidden_size": 768, "num_hidden_layers": 22,
         "num_attention_heads": 12, "intermediate_size": 1152, "local_attention": 128, "global_attn_every_n_layers": 3,
         "pad_token_id": 0},
        4, 512,
    ),
    "Gemma 3 270M": (
        {"model_type": "gemma3_text", "vocab_size": 262144, "hidden_size": 640, "num_hidden_layers": 18,
         "num_attention_heads": 4, "num_key_value_heads": 1, "head_dim": 256, "intermediate_size": 2048,
         "query_pre_attn_scalar": 256, "sliding_window": 512, "sliding_window_pattern": 6,
         "max_position_embeddings": 32768},
        4, 128,
    ),
}  # fmt: skip
VOCABULARY = {"DistilBERT": 30522, "ModernBERT base": 50368, "Gemma 3 270M": 262144}
BARS = {"": 0.9, "BFLOAT16": 0.6}
NO_HEADS = ("Gemma 3 270M",)


def compare(options):
    """Returns the rows of the table."""
    cases = {}
    for name, (_, texts, length) in MODELS.items():
        if not any(text in name for text in options.only.split("|")):
            continue
        common = prepared(name, texts, length)
        for work in ("step", "forward"):
            once = common | {"work": work, "warm": 0, "seconds": 0}
            transformer.require_same(f"{work} of {name}", ours(once), _torch(once))
        cases |= _cases(name, common)
    programs = {"PyTorch": (_torch, transformer.peer_threads(options))}
    rows, _ = transformer.compare(cases, options, ours, programs, lambda *_: {})
    return {"rows": rows}


def _cases(name, common):
    cases = {}
    for work, text in (("step", "LoRA step"), ("forward", "forward")):
        for storage, bar in BARS.items():
            case = f"{name}: {text}, {common['texts']} x {common['length']} tokens{', base in bfloat16' if storage else ''}"
            own = common | {"work": work} | ({"storage": storage} if storage else {})
            cases[case] = (own, "PyTorch", common | {"work": work}, bar)
    if name not in NO_HEADS:
        short = common | {"length": 64}
        cases[f"{name}: 32 x 64 tokens, 32 adapters and heads"] = (
            short | {"work": "mixed"}, "one adapter", short | {"work": "one"}, 1.3)  # fmt: skip
    return cases


def prepared(name, texts, length):
    """Writes the folder of a model if it is not there. Returns the settings of all works with it."""
    folder = OUT / name.lower().replace(" ", "-")
    common = {"folder": folder, "texts": texts, "length": length, "vocabulary": VOCABULARY[name]}
    if not (folder / "start").exists():
        ours({"work": "export", "config": json.dumps(MODELS[name][0])} | common)
    return common


def ours(settings, options=None, engine=""):
    settings = transformer.times(options) | settings | ({"threads": engine} if engine else {})
    return transformer.java(SOURCE, processes.class_path(), settings, engine)


def _torch(settings, options=None):
    return transformer.torch(PEER, transformer.times(options) | settings)
