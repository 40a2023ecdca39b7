#!/usr/bin/env python3
"""Times whole training steps of ordo's transformer in PyTorch: in fp32 on the CPU, or on a GPU in bf16 or fp32.

The model is ordo's: rotary positions on halves, RMSNorm before each part and at the end, SwiGLU, no biases, tied
embeddings of V + 2 rows (the mask and the start) of which the head uses V. A step draws a batch, runs forward and
backward, clips the gradient's norm to 1 and applies AdamW. `masked` attends to everything and counts the loss of
hidden tokens only, but runs the head on all positions, as the published programs do.

Prints one JSON line a repetition, with the keys of bench/step.cpp, so that a script can interleave the two.
"""
import argparse
import json
import statistics
import time

import torch
import torch.nn.functional as F
from torch import nn

SHAPES = {
    "124m": dict(layers=12, width=768, heads=12, hidden=2048, vocab=50257, context=64, batch=4),
    "7m-byte": dict(layers=3, width=128, heads=4, hidden=320, vocab=256, context=256, batch=32),
}
GPU_SHAPES = dict(SHAPES, **{"124m": dict(SHAPES["124m"], context=1024, batch=64)})  # as bench/cuda/step


def rotary_angles(positions, head_size, theta=10000.0):
    exponent = torch.arange(0, head_size, 2, dtype=torch.float64) / head_size
    angle = torch.outer(torch.arange(positions, dtype=torch.float64), theta**-exponent)
    angle = torch.cat((angle, angle), dim=1)  # pairs are (i, i + D / 2)
    return angle.cos().float(), angle.sin().float()


def rotate(x, cosine, sine):  # (B, H, T, D)
    first, second = x.chunk(2, dim=-1)
    return x * cosine + torch.cat((-second, first), dim=-1) * sine


class Layer(nn.Module):
    def __init__(self, s, dropout):
        super().__init__()
        self.heads, self.dropout = s["heads"], dropout
        width, hidden = s["width"], s["hidden"]
        self.attention_gain = nn.Parameter(torch.ones(width))
        self.feed_forward_gain = nn.Parameter(torch.ones(width))
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.out = nn.Linear(width, width, bias=False)
        self.gate_up = nn.Linear(width, 2 * hidden, bias=False)
        self.down = nn.Linear(hidden, width, bias=False)

    def forward(self, x, cosine, sine, causal):
        b, t, c = x.shape
        y = F.rms_norm(x, (c,), self.attention_gain, 1e-5)
        q, k, v = self.qkv(y).view(b, t, 3, self.heads, c // self.heads).permute(2, 0, 3, 1, 4)
        y = F.scaled_dot_product_attention(rotate(q, cosine, sine), rotate(k, cosine, sine), v, is_causal=causal,
                                           dropout_p=self.dropout)
        y = self.out(y.transpose(1, 2).reshape(b, t, c))
        x = x + (F.dropout(y, self.dropout) if self.dropout > 0 else y)
        gate, up = self.gate_up(F.rms_norm(x, (c,), self.feed_forward_gain, 1e-5)).chunk(2, dim=-1)
        y = self.down(F.silu(gate) * up)
        return x + (F.dropout(y, self.dropout) if self.dropout > 0 else y)


class Transformer(nn.Module):
    def __init__(self, s, dropout):
        super().__init__()
        self.vocab, width = s["vocab"], s["width"]
        self.table = nn.Parameter(torch.empty(s["vocab"] + 2, width))
        self.layers = nn.ModuleList(Layer(s, dropout) for _ in range(s["layers"]))
        self.final_gain = nn.Parameter(torch.ones(width))
        for p in self.parameters():
            if p.dim() == 2:
                nn.init.normal_(p, std=0.02)
        cosine, sine = rotary_angles(s["context"] + 1, width // s["heads"])
        self.register_buffer("cosine", cosine, persistent=False)
        self.register_buffer("sine", sine, persistent=False)

    def forward(self, shown, first_position, causal):
        t = shown.shape[1]
        cosine = self.cosine[first_position : first_position + t]
        sine = self.sine[first_position : first_position + t]
        x = F.embedding(shown, self.table)
        for layer in self.layers:
            x = layer(x, cosine, sine, causal)
        x = F.rms_norm(x, (x.shape[-1],), self.final_gain, 1e-5)
        return F.linear(x, self.table[: self.vocab])


def draw(factorization, s, tokens):
    """What the network is shown, and the weight of each position's loss."""
    b, t = tokens.shape
    where = tokens.device
    if factorization == "ltr":
        start = torch.full((b, 1), s["vocab"] + 1, device=where)
        return torch.cat((start, tokens[:, :-1]), dim=1), torch.ones(b, t, device=where)
    count = torch.randint(1, t + 1, (b, 1), device=where)  # hidden tokens, weighted T / count
    hidden = torch.rand(b, t, device=where).argsort(dim=1).argsort(dim=1) < count
    return torch.where(hidden, s["vocab"], tokens), hidden * (t / count)


def settle(device):
    """Waits until all that was queued is done."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def make_optimizer(model, kind):
    matrices = [p for p in model.parameters() if p.dim() == 2]
    gains = [p for p in model.parameters() if p.dim() == 1]
    groups = [dict(params=matrices, weight_decay=0.1), dict(params=gains, weight_decay=0.0)]
    return torch.optim.AdamW(groups, lr=1e-3, betas=(0.9, 0.95), eps=1e-8, **{kind: True})


def faster_optimizer(model):
    """fused or foreach, whichever takes less time on this machine (the gradients are there already)."""
    best = {}
    for kind in ("fused", "foreach"):
        optimizer = make_optimizer(model, kind)
        optimizer.step()
        times = []
        for _ in range(5):
            settle(model.table.device)
            start = time.perf_counter()
            optimizer.step()
            settle(model.table.device)
            times.append(time.perf_counter() - start)
        best[kind] = min(times)
    return min(best, key=best.get)


def main():
    parser = argparse.ArgumentParser(description="Times training steps of ordo's transformer in PyTorch.")
    parser.add_argument("--shape", choices=SHAPES, default="7m-byte")
    parser.add_argument("--factorization", choices=["ltr", "masked"], default="ltr")
    parser.add_argument("--threads", type=int, default=2, help="threads [count]")
    parser.add_argument("--warmup", type=int, default=3, help="steps that are not timed [steps]")
    parser.add_argument("--steps", type=int, default=10, help="timed steps in a repetition [steps]")
    parser.add_argument("--repetitions", type=int, default=1, help="lines to print [count]")
    parser.add_argument("--dropout", type=float, default=0.0, help="dropout rate [fraction]")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--precision", choices=["fp32", "bf16"], default="fp32", help="bf16: autocast, on cuda only")
    parser.add_argument("--compile", action="store_true", help="compile the model with torch.compile")
    args = parser.parse_args()

    torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    if args.precision == "bf16" and args.device == "cpu":
        parser.error("--precision bf16 is for --device cuda")
    device = torch.device(args.device)
    s = (GPU_SHAPES if args.device == "cuda" else SHAPES)[args.shape]
    causal = args.factorization == "ltr"
    first_position = 0 if causal else 1  # the start stands at 0, token i at i + 1
    model = Transformer(s, args.dropout).to(device)

    def loss_of(shown, target, weight):
        with torch.autocast(args.device, dtype=torch.bfloat16, enabled=args.precision == "bf16"):
            logits = model(shown, first_position, causal)
        each = F.cross_entropy(logits.view(-1, s["vocab"]).float(), target.reshape(-1), reduction="none")
        return (each * weight.reshape(-1)).sum() / target.numel()

    # On a GPU with its graphs, where the compiler makes them: small models wait for the host otherwise.
    mode = "reduce-overhead" if args.device == "cuda" and args.shape == "7m-byte" else None
    run = torch.compile(loss_of, mode=mode) if args.compile else loss_of
    parameters = list(model.parameters())
    text = torch.randint(s["vocab"], (4 * s["batch"], s["context"]), device=device)

    def batch():
        tokens = text[torch.randint(len(text), (s["batch"],), device=device)]
        shown, weight = draw(args.factorization, s, tokens)
        return shown, tokens, weight

    run(*batch()).backward()
    kind = faster_optimizer(model)
    optimizer = make_optimizer(model, kind)

    def step():
        optimizer.zero_grad(set_to_none=True)
        loss = run(*batch())
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        return loss.item()

    for _ in range(args.warmup):
        step()
    for _ in range(args.repetitions):
        times = []
        for _ in range(args.steps):
            start = time.perf_counter()
            loss = step()
            times.append(time.perf_counter() - start)
        median = statistics.median(times)
        line = {
            "who": "torch " + torch.__version__ + (" compiled" if args.compile else " eager"),
            "factorization": args.factorization,
            "device": args.device,
            "precision": args.precision,
            "threads": args.threads,
            "median_step_s": round(median, 6),
            "least_step_s": round(min(times), 6),
            "most_step_s": round(max(times), 6),
            "tokens_per_s": round(s["batch"] * s["context"] / median, 1),
            "optimizer": kind,
            "loss": round(loss, 4),
        }
        print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
