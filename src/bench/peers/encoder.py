"""Runs one work with all-MiniLM-L6-v2 in PyTorch and prints one line of JSON, as EncoderWork does on the JVM.

The texts are padded to the longest of the batch. Attention is PyTorch's fused one, the optimizer its fused AdamW.
"""

import json
import statistics
import sys
import time
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch.nn import functional

import threads

LAYERS, HEADS, WIDTH = 6, 12, 384
CLASSES, RATE, NUMBERS = 4, 1e-3, 5
PEFT = "base_model.model."


class Linear(torch.nn.Module):
    """A linear layer, with a LoRA delta if the adapter has one for its path. DoRA is computed as PEFT does."""

    def __init__(self, base, adapter, path, dropout, dora):
        super().__init__()
        self.dropout = dropout
        self.weight, self.bias = base[path + ".weight"], base[path + ".bias"]
        key = next((key for key in adapter if key.endswith(path + ".lora_A.weight")), None)
        self.adapted = key is not None
        if self.adapted:
            self.a = torch.nn.Parameter(adapter[key].clone())
            self.b = torch.nn.Parameter(adapter[key.replace("lora_A", "lora_B")].clone())
        self.magnitude = torch.nn.Parameter(self.norms().clone()) if self.adapted and dora else None

    def norms(self):
        with torch.no_grad():
            return torch.linalg.norm(self.weight + 2.0 * self.b @ self.a, dim=1)

    def forward(self, x):
        y = functional.linear(x, self.weight, self.bias)
        if self.adapted:
            dropped = functional.dropout(x, self.dropout) if self.dropout and torch.is_grad_enabled() else x
            delta = 2.0 * functional.linear(functional.linear(dropped, self.a), self.b)
            if self.magnitude is not None:
                scale = self.magnitude / self.norms()
                return y + (scale - 1) * (y - self.bias) + scale * delta
            y = y + delta
        return y


class Encoder(torch.nn.Module):
    """The encoder with a linear head on the mean of the last hidden states."""

    PARTS = {
        "q": "attention.self.query", "k": "attention.self.key", "v": "attention.self.value",
        "o": "attention.output.dense", "i": "intermediate.dense", "d": "output.dense",
    }  # fmt: skip

    def __init__(self, base, adapter, dropout, dora):
        super().__init__()
        self.base = base
        self.layers = torch.nn.ModuleList(
            torch.nn.ModuleDict({
                key: Linear(base, adapter, f"encoder.layer.{layer}.{path}", dropout, dora)
                for key, path in self.PARTS.items()
            })
            for layer in range(LAYERS)
        )  # fmt: skip
        self.classifier = torch.nn.Linear(WIDTH, CLASSES)
        for name in ("weight", "bias"):
            key = next(key for key in adapter if key.endswith("classifier." + name))
            getattr(self.classifier, name).data.copy_(adapter[key])

    def norm(self, x, path):
        weight, bias = self.base[path + ".weight"], self.base[path + ".bias"]
        return functional.layer_norm(x, (WIDTH,), weight, bias, 1e-12)

    def forward(self, ids, mask):
        n, t = ids.shape
        embeddings = [self.base[f"embeddings.{kind}_embeddings.weight"] for kind in ("word", "position", "token_type")]
        x = self.norm(embeddings[0][ids] + embeddings[1][:t] + embeddings[2][0], "embeddings.LayerNorm")
        seen = None if bool(mask.all()) else mask[:, None, None, :]
        for index, layer in enumerate(self.layers):
            path = f"encoder.layer.{index}"
            q, k, v = (layer[name](x).view(n, t, HEADS, -1).transpose(1, 2) for name in "qkv")
            mixed = functional.scaled_dot_product_attention(q, k, v, attn_mask=seen)
            mixed = layer["o"](mixed.transpose(1, 2).reshape(n, t, WIDTH))
            x = self.norm(x + mixed, path + ".attention.output.LayerNorm")
            x = self.norm(x + layer["d"](functional.gelu(layer["i"](x))), path + ".output.LayerNorm")
        real = mask[:, :, None].float()
        return self.classifier((x * real).sum(1) / real.sum(1))


def padded(tokens):
    ids = torch.zeros(len(tokens), max(map(len, tokens)), dtype=torch.long)
    mask = torch.zeros(ids.shape, dtype=torch.bool)
    for row, text in enumerate(tokens):
        ids[row, : len(text)] = torch.tensor(text)
        mask[row, : len(text)] = True
    return ids, mask


def measure(operation, warm, seconds):
    """Returns the median nanoseconds of an operation after a warm-up."""
    times, begin = [], time.perf_counter_ns()
    last = begin
    while True:
        operation()
        now = time.perf_counter_ns()
        if last - begin >= warm * 1e9:
            times.append(now - last)
        last = now
        if now - begin >= (warm + seconds) * 1e9 and len(times) >= 3:
            return statistics.median(times)


def run(settings):
    folder = Path(settings["folder"])
    warm, seconds = float(settings["warm"]), float(settings["seconds"])
    threads.use(settings["threads"])
    base = load_file(folder / "model.safetensors")
    adapter = load_file(folder / "start/adapter_model.safetensors")
    model = Encoder(base, adapter, float(settings.get("dropout", 0)), "dora" in settings)
    tokens = json.loads((folder / "tokens.json").read_text())[settings["data"]]
    ids, mask = padded(tokens)
    if settings["work"] == "step":
        labels = torch.arange(len(tokens)) % CLASSES
        optimizer = torch.optim.AdamW(model.parameters(), RATE, weight_decay=0, fused=True)
        losses = []

        def step():
            loss = functional.cross_entropy(model(ids, mask), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())

        nanos = measure(step, warm, seconds)
        return {"numbers": losses[:NUMBERS], "nanos": nanos}
    with torch.inference_mode():
        if settings["work"] == "forward":
            numbers = model(ids, mask).flatten().tolist()
            return {"numbers": numbers, "nanos": measure(lambda: model(ids, mask), warm, seconds)}
        texts = [padded([text]) for text in tokens]
        return {"nanos": measure(lambda: [model(*text) for text in texts], warm, seconds) / len(texts)}


def main():
    settings = {"warm": "2", "seconds": "4", "threads": "2+1"} | dict(a.split("=", 1) for a in sys.argv[1:])
    torch.set_flush_denormal(True)
    result = run(settings)
    peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    print(json.dumps(result | {"peak": int(peak.split()[1]) * 1024}))


if __name__ == "__main__":
    main()
