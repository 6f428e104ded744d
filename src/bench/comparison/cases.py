"""The works that are measured, and the pairs that are compared."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Work:
    """A task of one side whose time is measured, and the data that it starts with.

    storage is the precision of the base; empty for single precision. PyTorch computes in it with autocast.
    """

    side: str
    work: str
    variant: str
    rank: int = 8
    batch: int = 10
    adapters: int = 1
    net: str = "rich"
    optimizer: str = ""
    storage: str = ""

    @property
    def start(self):
        """The name of the file with the base, the adapters and the batches."""
        return f"{self.net}-r{self.rank}-b{self.batch}-a{self.adapters}.safetensors"

    def __str__(self):
        parts = [self.side, self.work, self.variant, self.optimizer, self.storage, f"r={self.rank}", f"batch={self.batch}"]
        if self.net != "rich":
            parts.append(f"{self.net}×{self.net}" if self.net.isdigit() else self.net)
        if self.adapters > 1:
            parts.append(f"adapters={self.adapters}")
        return " ".join(part for part in parts if part)


@dataclass(frozen=True)
class Comparison:
    """Two works whose times are compared.

    bar is the greatest allowed ratio of the times. If same is true, both must compute the same numbers. threads is the
    thread setting of the works of this library, 0 for ND4J's default; if it is None, each uses its best setting. PyTorch
    always uses its best setting.
    """

    group: str
    label: str
    work: Work
    other: Work
    bar: float | None = None
    same: bool = True
    threads: str | None = None


def _ours(work, variant, **settings):
    return Work("lora4j", work, variant, **settings)


def _torch(work, variant, **settings):
    return Work("PyTorch", work, variant, **settings)


def _peers(group, label, work, variants):
    """Compares a training step with PyTorch and its fused Adam, which is faster than its default one."""
    for variant, bar in variants.items():
        peer = Work("PyTorch", "step", variant, work.rank, work.batch, net=work.net, optimizer="fused")
        yield Comparison(group, label, work, peer, bar)


def _small():
    """Compares a network of the layers 20→64→64→2, with our best thread setting and with ND4J's default."""
    step = _ours("step", "lora", rank=4, batch=32, net="small")
    row = _ours("forward", "lora", rank=4, batch=1, net="small")
    into = _ours("forward", "into", rank=4, batch=1, net="small")
    fused = _torch("step", "factored", rank=4, batch=32, net="small", optimizer="fused")
    other_row = _torch("forward", "factored", rank=4, batch=1, net="small")
    for threads, suffix in ((None, ""), ("default", ", ND4J's default threads")):
        yield Comparison("small", f"small network, LoRA step r=4 batch 32{suffix}", step, fused, 0.3, threads=threads)
        yield Comparison("small", f"small network, one row r=4{suffix}", row, other_row, threads=threads)
        yield Comparison("small", f"the same, into an array of the caller{suffix}", into, other_row, threads=threads)


def quick():
    """Returns the comparisons that tell most in a short time."""
    return [
        comparison
        for comparison in comparisons()
        if comparison.group != "square" and comparison.other.variant != "parametrize"
    ]


def comparisons():
    """Returns all comparisons in the order of the table."""
    result = []
    for batch, bar in ((10, 0.9), (64, 0.75), (512, 0.85)):
        work = _ours("step", "lora", rank=1, batch=batch)
        variants = {"factored": bar} | ({"parametrize": 0.4} if batch == 10 else {})
        result += _peers("lora", f"LoRA step r=1 batch {batch}", work, variants)
    for batch, bar in ((10, 0.3), (64, 0.4), (512, 0.4)):
        work = _ours("step", "lora", rank=1, batch=batch, storage="BFLOAT16")
        peer = _torch("step", "factored", rank=1, batch=batch, optimizer="fused")
        autocast = _torch("step", "factored", rank=1, batch=batch, optimizer="fused", storage="BFLOAT16")
        label = f"LoRA step r=1 batch {batch}, base in bfloat16"
        result.append(Comparison("bfloat16", label, work, peer, bar, same=False))
        result.append(Comparison("bfloat16", f"{label}, beside autocast", work, autocast, 0.8, same=False))
    lora = _ours("step", "lora")
    dora = _ours("step", "dora")
    result += _peers("lora", "LoRA step r=8 batch 10", lora, {"factored": None})
    for size in ("1024", "2048", "4096"):
        square = _ours("step", "lora", batch=64, net=size)
        result += _peers("square", f"LoRA step r=8 batch 64, one layer {size}×{size}", square, {"factored": None})
    result.append(Comparison("dora", "DoRA step r=8 batch 10", dora, lora, 1.4, same=False))
    result += _peers("dora", "DoRA step r=8 batch 10", dora, {"dora": None})
    result += _peers("base", "base step batch 10", _ours("step", "base"), {"base": 0.8})
    base = _ours("forward", "base", batch=64)
    unmerged = _ours("forward", "lora", batch=64)
    merged = _ours("forward", "merged", batch=64)
    result += [
        Comparison("forward", "unmerged forward r=8 batch 64", unmerged, base, 1.15, same=False),
        Comparison("forward", "merged forward batch 64", merged, base, 1.05, same=False),
        Comparison("forward", "base forward batch 64", base, _torch("forward", "base", batch=64)),
        Comparison("forward", "unmerged forward r=8 batch 64", unmerged, _torch("forward", "factored", batch=64)),
        Comparison("forward", "merged forward batch 64", merged, _torch("forward", "merged", batch=64)),
    ]
    mixed = _ours("forward", "mixed", batch=64, adapters=64)
    other = _torch("forward", "mixed", batch=64, adapters=64)
    result += [
        Comparison("mixed", "mixed batch, 64 rows, 64 adapters", mixed, unmerged, 1.3, same=False),
        Comparison("mixed", "the same, both with one thread of BLAS", mixed, unmerged, 1.3, same=False, threads="1"),
        Comparison("mixed", "mixed batch, 64 rows, 64 adapters", mixed, other),
    ]
    result += _small()
    return result
