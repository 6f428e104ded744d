"""Makes the golden case dpo_llama: preferences of pairs of answers, with the model and the adapter of decoder_lora_qv.

Written with PyTorch's operations alone; nothing of this project, of transformers, of PEFT or of TRL. All is computed in float64.
The loss is that of TRL's DPOTrainer (trl/trainer/dpo_trainer.py of TRL 0.12, dpo_loss with loss_type "sigmoid"):

    losses = (
        -F.logsigmoid(self.beta * logits) * (1 - self.label_smoothing)
        - F.logsigmoid(-self.beta * logits) * self.label_smoothing
    )

with logits = (chosen_logps - rejected_logps) - (ref_chosen_logps - ref_rejected_logps), the rewards beta * (logps - ref_logps),
and as the reference the base with the adapter disabled. With normalized lengths (arXiv:2411.15124, section 5) all logps are
divided by the number of tokens of their answer.

    cd lora-core/src/test/resources/golden; python3 ../../../../../src/build/golden/dpo.py decoder_lora_qv dpo_llama
"""

import json
import struct
import sys
from pathlib import Path

import numpy
import torch
from torch.nn import functional

# beta, label smoothing, normalized lengths
VARIANTS = {
    "plain": (0.1, 0.0, False),
    "strong": (2.0, 0.0, False),
    "smoothed": (0.5, 0.1, False),
    "normalized": (5.0, 0.0, True),
    "normalized_smoothed": (3.0, 0.2, True),
}
BATCHES, PAIRS, VOCABULARY = 3, 4, 61
RATE, DECAY = 5e-3, 0.01


def read(file):
    content = file.read_bytes()
    size = struct.unpack("<Q", content[:8])[0]
    header = json.loads(content[8 : 8 + size])
    tensors = {}
    for name, entry in header.items():
        if name != "__metadata__":
            assert entry["dtype"] == "F32"
            begin, end = (8 + size + offset for offset in entry["data_offsets"])
            data = numpy.frombuffer(content[begin:end], dtype="<f4").reshape(entry["shape"])
            tensors[name] = torch.from_numpy(data.copy()).double()
    return tensors


def write(file, tensors):
    """The format of safetensors: the length of a header, the header in JSON, the bytes."""
    kinds = {torch.float64: "F64", torch.int64: "I64"}
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


class Llama:
    def __init__(self, config, weights, adapter, scale):
        self.config, self.weights, self.adapter, self.scale = config, weights, adapter, scale

    def linear(self, x, name, adapted):
        y = x @ self.weights[name + ".weight"].T
        key = "base_model.model." + name + ".lora_{}.weight"
        if adapted and key.format("A") in self.adapter:
            y = y + self.scale * (x @ self.adapter[key.format("A")].T) @ self.adapter[key.format("B")].T
        return y

    def norm(self, x, name):
        epsilon = self.config["rms_norm_eps"]
        return x / torch.sqrt((x * x).mean(-1, keepdim=True) + epsilon) * self.weights[name + ".weight"]

    def rotate(self, x):
        """Rotary positions: x [n, t, heads, size]; element j turns together with element j + size / 2."""
        half = x.shape[-1] // 2
        frequency = self.config["rope_theta"] ** (-torch.arange(half, dtype=x.dtype) / half)
        angle = torch.arange(x.shape[1], dtype=x.dtype)[:, None] * frequency
        cos, sin = angle.cos()[:, None], angle.sin()[:, None]
        first, second = x[..., :half], x[..., half:]
        return torch.cat([first * cos - second * sin, second * cos + first * sin], -1)

    def attention(self, x, mask, name, adapted):
        heads, groups = self.config["num_attention_heads"], self.config["num_key_value_heads"]
        n, t, width = x.shape
        size = width // heads
        q = self.rotate(self.linear(x, name + ".q_proj", adapted).reshape(n, t, heads, size))
        k = self.rotate(self.linear(x, name + ".k_proj", adapted).reshape(n, t, groups, size))
        v = self.linear(x, name + ".v_proj", adapted).reshape(n, t, groups, size)
        k, v = (each.repeat_interleave(heads // groups, 2) for each in (k, v))
        scores = torch.einsum("nihd,njhd->nhij", q, k) / size**0.5
        hidden = torch.ones(t, t, dtype=torch.bool).triu(1)[None, None] | (mask == 0)[:, None, None, :]
        mixed = torch.einsum("nhij,njhd->nihd", scores.masked_fill(hidden, float("-inf")).softmax(-1), v)
        return self.linear(mixed.reshape(n, t, width), name + ".o_proj", adapted)

    def logits(self, ids, mask, adapted):
        x = self.weights["model.embed_tokens.weight"][ids]
        for i in range(self.config["num_hidden_layers"]):
            layer = f"model.layers.{i}"
            x = x + self.attention(self.norm(x, layer + ".input_layernorm"), mask, layer + ".self_attn", adapted)
            y = self.norm(x, layer + ".post_attention_layernorm")
            gate = functional.silu(self.linear(y, layer + ".mlp.gate_proj", adapted))
            y = gate * self.linear(y, layer + ".mlp.up_proj", adapted)
            x = x + self.linear(y, layer + ".mlp.down_proj", adapted)
        return self.linear(self.norm(x, "model.norm"), "lm_head", adapted)

    def logps(self, batch, adapted):
        """The sum of the log probabilities of each answer, and its number of tokens."""
        ids, mask, answers = batch
        each = self.logits(ids, mask, adapted)[:, :-1].log_softmax(-1)
        each = each.gather(-1, ids[:, 1:, None]).squeeze(-1)
        counts = answers[:, 1:]
        return (each * counts).sum(-1), counts.sum(-1)


def batches():
    """Pairs with one prompt and answers of different lengths, padded at the end: the chosen ones, then the rejected ones."""
    torch.manual_seed(26)
    for _ in range(BATCHES):
        chosen, rejected, prompts = [], [], []
        for _ in range(PAIRS):
            prompt = torch.randint(3, VOCABULARY, (int(torch.randint(1, 7, ())),)).tolist()
            for texts in chosen, rejected:
                texts.append(prompt + torch.randint(3, VOCABULARY, (int(torch.randint(1, 10, ())),)).tolist())
            prompts.append(len(prompt))
        texts = chosen + rejected
        longest = max(map(len, texts))
        ids = torch.tensor([text + [0] * (longest - len(text)) for text in texts])
        mask = torch.tensor([[1] * len(text) + [0] * (longest - len(text)) for text in texts])
        answers = mask.clone()
        for i, prompt in enumerate(prompts + prompts):
            answers[i, :prompt] = 0
        yield ids, mask, answers


def preference(model, batch, beta, smoothing, normalized):
    policy, lengths = model.logps(batch, True)
    with torch.no_grad():
        reference, _ = model.logps(batch, False)
    ratios = (policy - reference) / lengths if normalized else policy - reference
    chosen, rejected = ratios[:PAIRS], ratios[PAIRS:]
    d = chosen - rejected
    losses = -functional.logsigmoid(beta * d) * (1 - smoothing) - functional.logsigmoid(-beta * d) * smoothing
    rewards = (beta * ratios).detach()
    return losses.mean(), losses, rewards, policy, reference


def main():
    source, folder = Path(sys.argv[1]), Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    config = json.loads((source / "config.json").read_text())
    adapter_config = json.loads((source / "adapter/adapter_config.json").read_text())
    scale = adapter_config["lora_alpha"] / adapter_config["r"]
    weights = read(source / "model.safetensors")

    def new():
        adapter = read(source / "adapter/adapter_model.safetensors")
        return Llama(config, weights, {name: value.requires_grad_() for name, value in adapter.items()}, scale)

    data = list(batches())
    io = {}
    for b, (ids, mask, answers) in enumerate(data):
        io |= {f"{b}.input_ids": ids, f"{b}.attention_mask": mask}
        io[f"{b}.prompts"] = (mask - answers).sum(-1)
    for name, settings in VARIANTS.items():
        for b, batch in enumerate(data):
            model = new()
            loss, losses, rewards, policy, reference = preference(model, batch, *settings)
            loss.backward()
            chosen, rejected = rewards[:PAIRS], rewards[PAIRS:]
            key = f"{name}.{b}."
            io |= {f"{b}.logps": policy, f"{b}.ref_logps": reference, key + "losses": losses, key + "rewards": rewards}
            io[key + "accuracy"] = (chosen > rejected).double().mean().reshape(1)
            io[key + "margin"] = (chosen - rejected).mean().reshape(1)
            io |= {key + "grad." + parameter: value.grad for parameter, value in model.adapter.items()}
        model = new()
        # Only matrices are in the adapter, so all of it decays.
        updater = torch.optim.AdamW(model.adapter.values(), lr=RATE, weight_decay=DECAY)
        steps = []
        for step in range(2 * BATCHES):
            updater.zero_grad()
            loss = preference(model, data[step % BATCHES], *settings)[0]
            loss.backward()
            steps.append(loss.detach())
            updater.step()
        io[name + ".steps"] = torch.stack(steps)
        io |= {name + ".trained." + parameter: value for parameter, value in model.adapter.items()}
    write(folder / "io.safetensors", io)
    case = {
        "name": folder.name,
        "note": "losses, rewards, gradients and trainings of preferences (DPO), in float64, by PyTorch's operations alone:"
        " src/build/golden/dpo.py",
        "settings": {
            "model": source.name,
            "learning_rate": RATE,
            "weight_decay": DECAY,
            "variants": {
                name: {"beta": beta, "label_smoothing": smoothing, "normalize_length": normalized}
                for name, (beta, smoothing, normalized) in VARIANTS.items()
            },
        },
        "made_with": {"torch": torch.__version__},
    }
    (folder / "case.json").write_text(json.dumps(case, indent=2) + "\n")


if __name__ == "__main__":
    main()
