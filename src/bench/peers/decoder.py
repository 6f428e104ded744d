"""Runs one work with a Llama in PyTorch and prints one line of JSON, as DecoderWork does.

The texts are padded to the longest of the batch. Attention is PyTorch's fused one, the optimizer its fused AdamW. Only rows
with a label go through the head.
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

CONFIG = json.loads(next(Path(a.removeprefix("folder="), "config.json") for a in sys.argv if a.startswith("folder=")).read_text())
LAYERS, WIDTH, VOCABULARY = CONFIG["num_hidden_layers"], CONFIG["hidden_size"], CONFIG["vocab_size"]
HEADS, GROUPS = CONFIG["num_attention_heads"], CONFIG["num_key_value_heads"]
SIZE = WIDTH // HEADS
# The first of the generated tokens are compared with the other side.
PROMPT, LONG_PROMPT, COUNT, COMPARED = 16, 512, 128, 32
RATE = 1e-3
LENGTHS = {"even": (128, 128), "uneven": (128, 72, 40, 16)}
PEFT = "base_model.model."


def tokens(length, start):
    return [(start + i * 7919) % VOCABULARY for i in range(length)]


class Llama(torch.nn.Module):
    """The model with a LoRA delta on q_proj and v_proj."""

    def __init__(self, base, adapter):
        super().__init__()
        self.base = base
        self.adapter = torch.nn.ParameterDict(
            {key.removeprefix(PEFT).replace(".", "/"): torch.nn.Parameter(value.clone()) for key, value in adapter.items()}
        )
        frequencies = 10_000.0 ** (-torch.arange(0, SIZE, 2, dtype=torch.float64) / SIZE)
        angles = torch.arange(2048, dtype=torch.float64)[:, None] * frequencies
        angles = torch.cat((angles, angles), -1)
        self.cos, self.sin = angles.cos().float(), angles.sin().float()

    def linear(self, x, path):
        y = functional.linear(x, self.base[path + ".weight"])
        key = path.replace(".", "/")
        if key + "/lora_A/weight" in self.adapter:
            a, b = self.adapter[key + "/lora_A/weight"], self.adapter[key + "/lora_B/weight"]
            y = y + 2.0 * functional.linear(functional.linear(x, a), b)
        return y

    def rotate(self, x, past):
        cos, sin = self.cos[past : past + x.shape[2]], self.sin[past : past + x.shape[2]]
        half = SIZE // 2
        return x * cos + torch.cat((-x[..., half:], x[..., :half]), -1) * sin

    def norm(self, x, path):
        return functional.rms_norm(x, (WIDTH,), self.base[path + ".weight"], 1e-5)

    def forward(self, ids, cache=None):
        """Returns the last hidden states, after the last normalization."""
        n, t = ids.shape
        past = 0 if not cache else cache[0][0].shape[2]
        x = self.base["model.embed_tokens.weight"][ids]
        for index in range(LAYERS):
            path = f"model.layers.{index}."
            a = self.norm(x, path + "input_layernorm")
            q = self.rotate(self.linear(a, path + "self_attn.q_proj").view(n, t, HEADS, SIZE).transpose(1, 2), past)
            k = self.rotate(self.linear(a, path + "self_attn.k_proj").view(n, t, GROUPS, SIZE).transpose(1, 2), past)
            v = self.linear(a, path + "self_attn.v_proj").view(n, t, GROUPS, SIZE).transpose(1, 2)
            if cache is not None:
                if past:
                    k, v = torch.cat((cache[index][0], k), 2), torch.cat((cache[index][1], v), 2)
                    cache[index] = (k, v)
                else:
                    cache.append((k, v))
            k, v = (each.repeat_interleave(HEADS // GROUPS, 1) for each in (k, v))
            mixed = functional.scaled_dot_product_attention(q, k, v, is_causal=t > 1)
            x = x + self.linear(mixed.transpose(1, 2).reshape(n, t, WIDTH), path + "self_attn.o_proj")
            m = self.norm(x, path + "post_attention_layernorm")
            gated = functional.silu(self.linear(m, path + "mlp.gate_proj")) * self.linear(m, path + "mlp.up_proj")
            x = x + self.linear(gated, path + "mlp.down_proj")
        return self.norm(x, "model.norm")

    def logits(self, hidden):
        return functional.linear(hidden, self.base["model.embed_tokens.weight"])

    def generate(self, prompts, count):
        cache = []
        hidden = self(torch.tensor(prompts), cache)
        ids = self.logits(hidden[:, -1]).argmax(-1, keepdim=True)
        found = [ids]
        for _ in range(count - 1):
            ids = self.logits(self(ids, cache)[:, -1]).argmax(-1, keepdim=True)
            found.append(ids)
        return torch.cat(found, 1)


def measure(operation, warm, seconds, parts=1):
    """Returns the median nanoseconds of a part of an operation after a warm-up, and the mean processor time of all threads."""
    times, begin, cpu = [], time.perf_counter_ns(), time.process_time_ns()
    last = begin
    while True:
        operation()
        now = time.perf_counter_ns()
        if last - begin >= warm * 1e9:
            times.append(now - last)
        else:
            cpu = time.process_time_ns()
        last = now
        if now - begin >= (warm + seconds) * 1e9 and len(times) >= 3:
            cpu = time.process_time_ns() - cpu
            return {"nanos": statistics.median(times) / parts, "cpu": cpu / len(times) / parts}


def step(model, data, warm, seconds):
    lengths = LENGTHS.get(data) or (int(data),)
    texts = [tokens(length, 100 * i) for i, length in enumerate(lengths)]
    ids = torch.zeros(len(texts), max(lengths), dtype=torch.long)
    labels = torch.full(ids.shape, -100)
    for row, text in enumerate(texts):
        ids[row, : len(text)] = torch.tensor(text)
        labels[row, : len(text) - 1] = torch.tensor(text[1:])
    counts = labels != -100
    optimizer = torch.optim.AdamW(model.parameters(), RATE, weight_decay=0, fused=True)
    losses = []

    def one():
        loss = functional.cross_entropy(model.logits(model(ids)[counts]), labels[counts])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())

    found = measure(one, warm, seconds)
    return {"numbers": losses[:3]} | found


def run(settings):
    folder = Path(settings["folder"])
    warm, seconds = float(settings["warm"]), float(settings["seconds"])
    threads.use(settings["threads"])
    base = {name: weight.float() for name, weight in load_file(folder / "model.safetensors").items()}
    model = Llama(base, load_file(folder / "start/adapter_model.safetensors"))
    if settings["work"] == "step":
        return step(model, settings["data"], warm, seconds)
    with torch.inference_mode():
        if settings["work"] == "generate":
            found = model.generate([tokens(PROMPT, 0)], COUNT)[0].tolist()
            times = measure(lambda: model.generate([tokens(PROMPT, 0)], COUNT), warm, seconds, COUNT)
            return {"numbers": found[:COMPARED]} | times
        prompt = [tokens(LONG_PROMPT, 0)]
        return {"numbers": model.generate(prompt, 1)[0].tolist()} | measure(lambda: model.generate(prompt, 1), warm, seconds)


def main():
    settings = {"warm": "3", "seconds": "6", "threads": "2+1", "data": "even"} | dict(a.split("=", 1) for a in sys.argv[1:])
    torch.set_flush_denormal(True)
    result = run(settings)
    peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    print(json.dumps(result | {"peak": int(peak.split()[1]) * 1024}))


if __name__ == "__main__":
    main()
