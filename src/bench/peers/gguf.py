"""Writes a Llama of a Hugging Face folder as a GGUF file that llama.cpp can compute with, for the benchmark only.

  gguf.py FOLDER FILE F32|Q8_0|Q4_0

The weights must be F32 or BF16, in one file, with tied embeddings. A folder with the tokenizer.json of a GPT-2 gives its
vocabulary. Without it the vocabulary is made up, because the program that runs llama.cpp needs one; texts are given as ids.
"""

import json
import struct
import sys
from pathlib import Path

import numpy as np

ALIGNMENT = 32
# The numbers of llama.cpp for its types: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
TYPES = {"F32": 0, "Q4_0": 2, "Q8_0": 8}
FILE_TYPES = {"F32": 0, "Q4_0": 2, "Q8_0": 7}
NUMBER, INTEGER, FLOAT, TRUTH, TEXT, LIST = 4, 5, 6, 7, 8, 9
# Kinds of tokens.
NORMAL, SPECIAL = 1, 3
BLOCK = 32
NAMES = {
    "input_layernorm": "attn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "post_attention_layernorm": "ffn_norm",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}


def read(file):
    """Returns the tensors of a safetensors file by name."""
    with open(file, "rb") as stream:
        length = struct.unpack("<Q", stream.read(8))[0]
        header = json.loads(stream.read(length))
    header.pop("__metadata__", None)
    data = np.memmap(file, np.uint8, "r", 8 + length)
    tensors = {}
    for name, entry in header.items():
        if entry["dtype"] not in ("F32", "BF16"):
            raise ValueError(f"{name}: must be F32 or BF16, found {entry['dtype']}")
        begin, end = entry["data_offsets"]
        tensors[name] = data[begin:end].view(np.float32 if entry["dtype"] == "F32" else np.uint16).reshape(entry["shape"])
    return tensors


def floats(weight):
    """Returns the elements in single precision; those of BF16 are the upper halves of floats."""
    return weight if weight.dtype == np.float32 else (weight.astype(np.uint32) << 16).view(np.float32)


def name_of(name):
    """Returns llama.cpp's name of a weight."""
    if name == "model.embed_tokens.weight":
        return "token_embd.weight"
    if name == "model.norm.weight":
        return "output_norm.weight"
    layer, module = name.removeprefix("model.layers.").removesuffix(".weight").split(".", 1)
    return f"blk.{layer}.{NAMES[module]}.weight"


def in_pairs(weight, heads):
    """Returns the rows in the order of llama.cpp, which rotates neighbours where transformers rotates halves of a head."""
    return weight.reshape(heads, 2, weight.shape[0] // heads // 2, -1).swapaxes(1, 2).reshape(weight.shape)


def quantized(weight):
    """Returns blocks of 32 elements: a scale of 16 bits, and integers from -127 to 127."""
    blocks = weight.reshape(-1, BLOCK)
    scales = np.abs(blocks).max(1) / np.float32(127)
    codes = np.rint(np.divide(blocks, scales[:, None], out=np.zeros_like(blocks), where=scales[:, None] > 0))
    result = np.empty(len(blocks), np.dtype([("scale", "<f2"), ("codes", "i1", BLOCK)]))
    result["scale"], result["codes"] = scales, codes
    return result


def in_four_bits(weight):
    """Returns blocks of 32 elements: a scale of 16 bits, and codes from 0 to 15, whose 8 is zero."""
    blocks = weight.reshape(-1, BLOCK)
    scales = np.take_along_axis(blocks, np.abs(blocks).argmax(1)[:, None], 1)[:, 0] / np.float32(-8)
    codes = np.divide(blocks, scales[:, None], out=np.zeros_like(blocks), where=scales[:, None] != 0)
    codes = np.minimum(15, np.floor(codes + np.float32(8.5))).astype(np.uint8)
    result = np.empty(len(blocks), np.dtype([("scale", "<f2"), ("codes", "u1", BLOCK // 2)]))
    result["scale"], result["codes"] = scales, codes[:, : BLOCK // 2] | codes[:, BLOCK // 2 :] << 4
    return result


def text(value):
    encoded = value.encode()
    return struct.pack("<Q", len(encoded)) + encoded


def field(name, value):
    """Returns a field of the header: a truth value, a text, texts, integers, a number of 4 bytes without a sign, or a float."""
    if isinstance(value, bool):
        return text(name) + struct.pack("<I?", TRUTH, value)
    if isinstance(value, str):
        return text(name) + struct.pack("<I", TEXT) + text(value)
    if isinstance(value, list):
        kind = TEXT if isinstance(value[0], str) else INTEGER
        elements = map(text, value) if kind == TEXT else (struct.pack("<i", each) for each in value)
        return text(name) + struct.pack("<IIQ", LIST, kind, len(value)) + b"".join(elements)
    return text(name) + (struct.pack("<If", FLOAT, value) if isinstance(value, float) else struct.pack("<II", NUMBER, value))


def vocabulary(folder, config):
    """Returns the fields of the tokenizer."""
    count = config["vocab_size"]
    kinds = [NORMAL] * count
    if not (folder / "tokenizer.json").exists():
        tokens, merges, ends = [f"t{i}" for i in range(count)], ["t 0"], {}
    else:
        stored = json.loads((folder / "tokenizer.json").read_text())
        tokens = sorted(stored["model"]["vocab"], key=stored["model"]["vocab"].get)
        merges = [each if isinstance(each, str) else " ".join(each) for each in stored["model"]["merges"]]
        for token in stored["added_tokens"]:
            kinds[token["id"]] = SPECIAL if token["special"] else NORMAL
        ends = {
            "tokenizer.ggml.bos_token_id": config["bos_token_id"],
            "tokenizer.ggml.eos_token_id": config["eos_token_id"],
            "tokenizer.ggml.add_bos_token": False,
        }
    return {
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.pre": "gpt-2",
        "tokenizer.ggml.tokens": tokens,
        "tokenizer.ggml.token_type": kinds,
        "tokenizer.ggml.merges": merges,
        **ends,
    }


def fields(folder, config, form):
    heads = config["num_attention_heads"]
    values = {
        "general.architecture": "llama",
        "general.file_type": FILE_TYPES[form],
        "general.quantization_version": 2,
        "llama.vocab_size": config["vocab_size"],
        "llama.context_length": config["max_position_embeddings"],
        "llama.embedding_length": config["hidden_size"],
        "llama.block_count": config["num_hidden_layers"],
        "llama.feed_forward_length": config["intermediate_size"],
        "llama.attention.head_count": heads,
        "llama.attention.head_count_kv": config["num_key_value_heads"],
        "llama.attention.layer_norm_rms_epsilon": float(config["rms_norm_eps"]),
        "llama.rope.dimension_count": config["hidden_size"] // heads,
        "llama.rope.freq_base": float(config["rope_theta"]),
        **vocabulary(folder, config),
    }
    return [field(name, value) for name, value in values.items()]


def write(folder, file, form):
    config = json.loads((folder / "config.json").read_text())
    tensors = read(folder / "model.safetensors")
    heads = {"q_proj": config["num_attention_heads"], "k_proj": config["num_key_value_heads"]}
    header, contents, offset = [], [], 0
    for name, stored in tensors.items():
        weight = floats(stored)
        rows = heads.get(name.removesuffix(".weight").rsplit(".", 1)[-1])
        ordered = weight if rows is None else in_pairs(weight, rows)
        kind = form if weight.ndim == 2 else "F32"
        content = {"F32": np.ascontiguousarray, "Q8_0": quantized, "Q4_0": in_four_bits}[kind](ordered).tobytes()
        content += bytes(-len(content) % ALIGNMENT)
        sizes = weight.shape[::-1]
        header.append(text(name_of(name)) + struct.pack(f"<I{len(sizes)}QIQ", len(sizes), *sizes, TYPES[kind], offset))
        contents.append(content)
        offset += len(content)
    described = fields(folder, config, form)
    begin = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(described)) + b"".join(described + header)
    part = file.with_suffix(".part")
    with open(part, "wb") as stream:
        stream.write(begin + bytes(-len(begin) % ALIGNMENT))
        stream.writelines(contents)
    part.rename(file)


if __name__ == "__main__":
    write(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
