"""The attention of bench/cuda/attention.cu in PyTorch: scaled_dot_product_attention (FlashAttention-2, and
cuDNN where it can) full and causal, and FlexAttention with every mask. One JSON line each. Usage: attention.py [REPETITIONS]"""
import json
import sys

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.attention.flex_attention import create_block_mask, flex_attention

repetitions = int(sys.argv[1]) if len(sys.argv) > 1 else 30
slots, batch, tokens, block = 2048, 8, 1024, 16


def milliseconds(run, group=10, uncounted=3):
    """Of groups of ten runs, all queued before anything is waited for: as bench/cuda/attention.cu does."""
    events = [torch.cuda.Event(enable_timing=True) for _ in range(repetitions + uncounted + 1)]
    for i, event in enumerate(events):
        event.record()
        for _ in range(group if i + 1 < len(events) else 0):
            run()
    torch.cuda.synchronize()
    times = sorted(a.elapsed_time(b) / group for a, b in zip(events[uncounted:], events[uncounted + 1:]))
    return times[len(times) // 2], times[0], times[-1]


def measure(by, rule, pairs, head, attend):
    heads = 2048 // head
    q, k, v = (torch.randn(batch, heads, slots, head, device="cuda", dtype=torch.bfloat16, requires_grad=True)
               for _ in range(3))
    dout = torch.randn_like(q)
    with torch.no_grad():
        forward = milliseconds(lambda: attend(q, k, v))
    out = attend(q, k, v)
    backward = milliseconds(lambda: torch.autograd.grad(out, (q, k, v), dout, retain_graph=True))
    for name, times, operations in (("forward", forward, 4), ("backward", backward, 10)):
        print(json.dumps({"by": by, "rule": rule, "pass": name, "head": head, "ms": round(times[0], 4),
                          "least": round(times[1], 4), "most": round(times[2], 4),
                          "tflops": round(operations * pairs * head * heads * batch / times[0] * 1e-9, 1)}), flush=True)


def blocks(b, h, q, k):
    """Clean copies of `tokens` tokens, then their noisy ones."""
    q_noisy, k_noisy = q >= tokens, k >= tokens
    q_block, k_block = (q % tokens) // block, (k % tokens) // block
    return (~q_noisy & ~k_noisy & (k_block <= q_block)) | (q_noisy & ~k_noisy & (k_block < q_block)) | (
        q_noisy & k_noisy & (k_block == q_block))


sdpa = torch.nn.functional.scaled_dot_product_attention
for head in (64, 128):
    full, causal = slots * slots, slots * (slots + 1) // 2
    for by, backend in (("sdpa-flash", SDPBackend.FLASH_ATTENTION), ("sdpa-cudnn", SDPBackend.CUDNN_ATTENTION)):
        try:
            with sdpa_kernel(backend):
                measure(by, "full", full, head, sdpa)
                measure(by, "causal", causal, head, lambda q, k, v: sdpa(q, k, v, is_causal=True))
        except RuntimeError as error:
            print(json.dumps({"by": by, "head": head, "failed": str(error).splitlines()[0]}), flush=True)
    for rule, pairs, mask in (("full", full, lambda b, h, q, k: q >= 0), ("causal", causal, lambda b, h, q, k: k <= q),
                              ("blocks-16", tokens * tokens + block * tokens, blocks)):
        torch._dynamo.reset()  # each shape and mask compiled for itself
        compiled = torch.compile(flex_attention, dynamic=False)
        block_mask = create_block_mask(mask, None, None, slots, slots, device="cuda")
        measure("flex", rule, pairs, head, lambda q, k, v: compiled(q, k, v, block_mask=block_mask))
