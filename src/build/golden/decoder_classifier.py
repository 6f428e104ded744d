"""Makes the golden case decoder_gradients_classifier: a small Llama with a classifier on the last token of each sequence.

Written with PyTorch's operations alone, from the description of the model: nothing of this project, of transformers or of PEFT.
The weights are stored in float32; outputs, loss and gradients are computed in float64.

    python3 decoder_classifier.py ../../../lora-core/src/test/resources/golden/decoder_gradients_classifier
"""

import json
import struct
import sys
from pathlib import Path

import torch
from torch.nn import functional

VOCABULARY, WIDTH, INNER, LAYERS, HEADS, GROUPS, CLASSES = 30, 16, 20, 2, 4, 2, 3
HEAD = WIDTH // HEADS
THETA, EPSILON = 10000.0, 1e-5
SEQUENCES = [[5, 9, 3, 17, 2], [7, 2, 28], [4], [11, 11, 6, 1]]
TARGETS = [2, 0, 1, 2]


def weights():
    torch.manual_seed(25)
    shapes = {"model.embed_tokens.weight": (VOCABULARY, WIDTH), "model.norm.weight": (WIDTH,), "score.weight": (CLASSES, WIDTH)}
    for i in range(LAYERS):
        layer = f"model.layers.{i}."
        shapes |= {
            layer + "self_attn.q_proj.weight": (WIDTH, WIDTH),
            layer + "self_attn.k_proj.weight": (GROUPS * HEAD, WIDTH),
            layer + "self_attn.v_proj.weight": (GROUPS * HEAD, WIDTH),
            layer + "self_attn.o_proj.weight": (WIDTH, WIDTH),
            layer + "mlp.gate_proj.weight": (INNER, WIDTH),
            layer + "mlp.up_proj.weight": (INNER, WIDTH),
            layer + "mlp.down_proj.weight": (WIDTH, INNER),
            layer + "input_layernorm.weight": (WIDTH,),
            layer + "post_attention_layernorm.weight": (WIDTH,),
        }
    return {
        name: torch.randn(shape) * 0.3 + (1 if len(shape) == 1 else 0) for name, shape in sorted(shapes.items())
    }


def norm(x, weight):
    return x / torch.sqrt((x * x).mean(-1, keepdim=True) + EPSILON) * weight


def rotate(x):
    """Rotary positions: x [positions, heads, HEAD]; element j turns together with element j + HEAD / 2."""
    half = HEAD // 2
    frequency = THETA ** (-torch.arange(half, dtype=x.dtype) * 2 / HEAD)
    angle = torch.arange(x.shape[0], dtype=x.dtype)[:, None] * frequency
    cos, sin = angle.cos()[:, None], angle.sin()[:, None]
    first, second = x[..., :half], x[..., half:]
    return torch.cat([first * cos - second * sin, second * cos + first * sin], -1)


def attention(x, w, layer):
    positions = x.shape[0]
    q = rotate((x @ w[layer + "q_proj.weight"].T).reshape(positions, HEADS, HEAD))
    k = rotate((x @ w[layer + "k_proj.weight"].T).reshape(positions, GROUPS, HEAD))
    v = (x @ w[layer + "v_proj.weight"].T).reshape(positions, GROUPS, HEAD)
    result = []
    for head in range(HEADS):
        group = head // (HEADS // GROUPS)
        scores = q[:, head] @ k[:, group].T / HEAD**0.5
        later = torch.ones(positions, positions, dtype=torch.bool).triu(1)
        result.append(scores.masked_fill(later, float("-inf")).softmax(-1) @ v[:, group])
    return torch.cat(result, -1) @ w[layer + "o_proj.weight"].T


def logits(w, ids):
    """The scores of one sequence. Without padding there is nothing to mask."""
    x = w["model.embed_tokens.weight"][ids]
    for i in range(LAYERS):
        layer = f"model.layers.{i}."
        x = x + attention(norm(x, w[layer + "input_layernorm.weight"]), w, layer + "self_attn.")
        y = norm(x, w[layer + "post_attention_layernorm.weight"])
        gate = functional.silu(y @ w[layer + "mlp.gate_proj.weight"].T)
        x = x + (gate * (y @ w[layer + "mlp.up_proj.weight"].T)) @ w[layer + "mlp.down_proj.weight"].T
    return norm(x, w["model.norm.weight"])[-1] @ w["score.weight"].T


def write(file, tensors):
    """The format of safetensors: the length of a header, the header in JSON, the bytes."""
    kinds = {torch.float32: "F32", torch.float64: "F64", torch.int64: "I64"}
    header, content = {"__metadata__": {"format": "pt"}}, b""
    for name, tensor in tensors.items():
        data = tensor.detach().contiguous().numpy().tobytes()
        header[name] = {
            "dtype": kinds[tensor.dtype],
            "shape": list(tensor.shape),
            "data_offsets": [len(content), len(content) + len(data)],
        }
        content += data
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    file.write_bytes(struct.pack("<Q", len(text)) + text + content)


def main():
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    stored = weights()
    write(folder / "model.safetensors", stored)
    w = {name: tensor.double().requires_grad_() for name, tensor in stored.items()}
    scores = torch.stack([logits(w, torch.tensor(ids)) for ids in SEQUENCES])
    loss = functional.cross_entropy(scores, torch.tensor(TARGETS))
    loss.backward()
    longest = max(map(len, SEQUENCES))
    ids = torch.tensor([ids + [0] * (longest - len(ids)) for ids in SEQUENCES])
    mask = torch.tensor([[1] * len(ids) + [0] * (longest - len(ids)) for ids in SEQUENCES])
    io = {"input_ids": ids, "attention_mask": mask, "logits": scores, "loss": loss.reshape(1)}
    io["labels"] = functional.one_hot(torch.tensor(TARGETS), CLASSES).double()
    io |= {"grad." + name: tensor.grad for name, tensor in w.items()}
    write(folder / "io.safetensors", io)
    config = {
        "architectures": ["LlamaForSequenceClassification"],
        "attention_bias": False,
        "hidden_act": "silu",
        "hidden_size": WIDTH,
        "intermediate_size": INNER,
        "max_position_embeddings": 64,
        "mlp_bias": False,
        "model_type": "llama",
        "num_attention_heads": HEADS,
        "num_hidden_layers": LAYERS,
        "num_key_value_heads": GROUPS,
        "pad_token_id": 0,
        "rms_norm_eps": EPSILON,
        "rope_theta": THETA,
        "tie_word_embeddings": False,
        "vocab_size": VOCABULARY,
    }
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    case = {
        "name": folder.name,
        "note": "loss and the gradient of every parameter of a decoder with a classifier, in float64, by PyTorch's operations"
        " alone: src/build/golden/decoder_classifier.py",
        "made_with": {"torch": torch.__version__},
    }
    (folder / "case.json").write_text(json.dumps(case, indent=2) + "\n")


if __name__ == "__main__":
    main()
