"""Runs one work with a model of the shape of a family in PyTorch and prints one line of JSON, as FamilyWork does on the JVM.

Attention is PyTorch's fused one, the optimizer its fused AdamW. Only rows with a label go through a language model's head.
"""

import json
import sys
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch.nn import functional

import threads
from encoder import measure

CLASSES, RATE, NUMBERS = 4, 1e-3, 3
PEFT = "base_model.model."


class Model(torch.nn.Module):
    """What the families share: weights by name, and a LoRA delta where the adapter has one."""

    def __init__(self, config, base, adapter):
        super().__init__()
        self.config, self.base = config, base
        self.adapter = torch.nn.ParameterDict(
            {key.removeprefix(PEFT).replace(".", "/"): torch.nn.Parameter(value.clone()) for key, value in adapter.items()}
        )
        self.masks = {}

    def linear(self, x, path):
        y = functional.linear(x, self.base[path + ".weight"], self.base.get(path + ".bias"))
        key = self.prefix.replace(".", "/") + path.removeprefix(self.prefix).replace(".", "/")
        if key + "/lora_A/weight" in self.adapter:
            a, b = self.adapter[key + "/lora_A/weight"], self.adapter[key + "/lora_B/weight"]
            y = y + 2.0 * functional.linear(functional.linear(x, a), b)
        return y

    def layer_norm(self, x, path, epsilon):
        return functional.layer_norm(x, x.shape[-1:], self.base[path + ".weight"], self.base.get(path + ".bias"), epsilon)

    def mask(self, t, name, allowed):
        if (t, name) not in self.masks:
            i = torch.arange(t)
            self.masks[t, name] = allowed(i[:, None] - i[None, :])
        return self.masks[t, name]

    @staticmethod
    def split(x, heads):
        return x.view(*x.shape[:2], heads, -1).transpose(1, 2)

    @staticmethod
    def joined(x):
        return x.transpose(1, 2).flatten(2)

    def turned(self, x, theta):
        n, size = x.shape[2], x.shape[3]
        if (n, theta) not in self.masks:
            frequencies = theta ** (-torch.arange(0, size, 2, dtype=torch.float64) / size)
            angles = torch.arange(n, dtype=torch.float64)[:, None] * frequencies
            angles = torch.cat((angles, angles), -1)
            self.masks[n, theta] = angles.cos().float(), angles.sin().float()
        cos, sin = self.masks[n, theta]
        half = size // 2
        return x * cos + torch.cat((-x[..., half:], x[..., :half]), -1) * sin

    def loss(self, ids):
        labels = torch.arange(len(ids)) % CLASSES
        return functional.cross_entropy(self(ids), labels)

    def classified(self, x):
        head = self.adapter
        return functional.linear(x.mean(1), head["classifier/weight"], head["classifier/bias"])


class DistilBert(Model):
    prefix = "distilbert."

    def forward(self, ids):
        c, base = self.config, self.base
        x = base["embeddings.word_embeddings.weight"][ids] + base["embeddings.position_embeddings.weight"][: ids.shape[1]]
        x = self.layer_norm(x, "embeddings.LayerNorm", 1e-12)
        for i in range(c["n_layers"]):
            path = f"transformer.layer.{i}."
            q, k, v = (self.split(self.linear(x, f"{path}attention.{name}_lin"), c["n_heads"]) for name in "qkv")
            mixed = self.joined(functional.scaled_dot_product_attention(q, k, v))
            x = self.layer_norm(x + self.linear(mixed, path + "attention.out_lin"), path + "sa_layer_norm", 1e-12)
            inner = self.linear(functional.gelu(self.linear(x, path + "ffn.lin1")), path + "ffn.lin2")
            x = self.layer_norm(x + inner, path + "output_layer_norm", 1e-12)
        return self.classified(x)


class ModernBert(Model):
    prefix = "model."

    def forward(self, ids):
        c = self.config
        t = ids.shape[1]
        x = self.layer_norm(self.base["embeddings.tok_embeddings.weight"][ids], "embeddings.norm", 1e-5)
        near = self.mask(t, "near", lambda d: d.abs() <= c["local_attention"] // 2)
        for i in range(c["num_hidden_layers"]):
            path, whole = f"layers.{i}.", i % c["global_attn_every_n_layers"] == 0
            a = x if i == 0 else self.layer_norm(x, path + "attn_norm", 1e-5)
            q, k, v = (self.split(y, c["num_attention_heads"]) for y in self.linear(a, path + "attn.Wqkv").chunk(3, -1))
            theta = 160_000.0 if whole else 10_000.0
            q, k = self.turned(q, theta), self.turned(k, theta)
            mixed = functional.scaled_dot_product_attention(q, k, v, attn_mask=None if whole else near)
            x = x + self.linear(self.joined(mixed), path + "attn.Wo")
            gate, up = self.linear(self.layer_norm(x, path + "mlp_norm", 1e-5), path + "mlp.Wi").chunk(2, -1)
            x = x + self.linear(functional.gelu(gate) * up, path + "mlp.Wo")
        return self.classified(self.layer_norm(x, "final_norm", 1e-5))


class Gemma3(Model):
    prefix = "model."

    def norm(self, x, path):
        return functional.rms_norm(x, x.shape[-1:], 1 + self.base[path + ".weight"], 1e-6)

    def hidden(self, ids):
        c = self.config
        heads, groups, t = c["num_attention_heads"], c["num_key_value_heads"], ids.shape[1]
        x = self.base["model.embed_tokens.weight"][ids] * c["hidden_size"] ** 0.5
        near = self.mask(t, "near", lambda d: (d >= 0) & (d < c["sliding_window"]))
        for i in range(c["num_hidden_layers"]):
            path, slides = f"model.layers.{i}.", (i + 1) % c["sliding_window_pattern"] != 0
            a = self.norm(x, path + "input_layernorm")
            q = self.norm(self.split(self.linear(a, path + "self_attn.q_proj"), heads), path + "self_attn.q_norm")
            k = self.norm(self.split(self.linear(a, path + "self_attn.k_proj"), groups), path + "self_attn.k_norm")
            v = self.split(self.linear(a, path + "self_attn.v_proj"), groups)
            theta = 10_000.0 if slides else 1_000_000.0
            q, k = self.turned(q, theta), self.turned(k, theta)
            k, v = (each.repeat_interleave(heads // groups, 1) for each in (k, v))
            windowed = slides and t > c["sliding_window"]
            mixed = functional.scaled_dot_product_attention(
                q, k, v, attn_mask=near if windowed else None, is_causal=not windowed, scale=c["query_pre_attn_scalar"] ** -0.5
            )
            mixed = self.linear(self.joined(mixed), path + "self_attn.o_proj")
            x = x + self.norm(mixed, path + "post_attention_layernorm")
            m = self.norm(x, path + "pre_feedforward_layernorm")
            gated = functional.gelu(self.linear(m, path + "mlp.gate_proj"), approximate="tanh")
            inner = self.linear(gated * self.linear(m, path + "mlp.up_proj"), path + "mlp.down_proj")
            x = x + self.norm(inner, path + "post_feedforward_layernorm")
        return self.norm(x, "model.norm")

    def forward(self, ids):
        return functional.linear(self.hidden(ids), self.base["model.embed_tokens.weight"])

    def loss(self, ids):
        hidden = self.hidden(ids)[:, :-1].flatten(0, 1)
        logits = functional.linear(hidden, self.base["model.embed_tokens.weight"])
        return functional.cross_entropy(logits, ids[:, 1:].flatten())


FAMILIES = {"distilbert": DistilBert, "modernbert": ModernBert, "gemma3_text": Gemma3}


def run(settings):
    folder = Path(settings["folder"])
    warm, seconds = float(settings["warm"]), float(settings["seconds"])
    threads.use(settings["threads"])
    config = json.loads((folder / "config.json").read_text())
    base = load_file(folder / "model.safetensors")
    model = FAMILIES[config["model_type"]](config, base, load_file(folder / "start/adapter_model.safetensors"))
    count, length, vocabulary = (int(settings[key]) for key in ("texts", "length", "vocabulary"))
    ids = torch.tensor([[5 + (100 * i + j * 7919) % (vocabulary - 5) for j in range(length)] for i in range(count)])
    if settings["work"] == "step":
        optimizer = torch.optim.AdamW(model.parameters(), RATE, weight_decay=0, fused=True)
        losses = []

        def step():
            loss = model.loss(ids)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())

        nanos = measure(step, warm, seconds)
        return {"numbers": losses[:NUMBERS], "nanos": nanos}
    with torch.inference_mode():
        output = model(ids)
        numbers = (output[-1, -1] if output.dim() == 3 else output.flatten())[:CLASSES].tolist()
        return {"numbers": numbers, "nanos": measure(lambda: model(ids), warm, seconds)}


def main():
    settings = {"warm": "2", "seconds": "4", "threads": "2+1"} | dict(a.split("=", 1) for a in sys.argv[1:])
    torch.set_flush_denormal(True)
    result = run(settings)
    peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    print(json.dumps(result | {"peak": int(peak.split()[1]) * 1024}))


if __name__ == "__main__":
    main()
