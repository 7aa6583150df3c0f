"""Times operations in PyTorch: a case per line on standard input, JSON in and JSON out. Argument: threads.

Shapes come channels-last and are turned into PyTorch's own order, contiguous: what its users have.
"""
import json
import sys
import time

import torch
import torch.nn.functional as F

from torch_info import info

WARM_UP_S, TIMED_S, MAX_REPETITIONS, SLOW_S = 0.2, 0.3, 100, 3.0


def volume(shape):
    batch, *space, channels = shape
    return torch.randn(batch, channels, *space)


def linear(s, _):
    values = [torch.randn(s["x"]), torch.randn(s["weight"][::-1])]
    return values + ([torch.randn(s["bias"])] if "bias" in s else []), F.linear


def mlp(s, _):
    matrices = [torch.randn(s["weight1"][::-1]), torch.randn(s["bias1"])]
    matrices += [torch.randn(s["weight2"][::-1]), torch.randn(s["bias2"])]
    run = lambda x, w1, b1, w2, b2: F.linear(F.gelu(F.linear(x, w1, b1)), w2, b2)
    return [torch.randn(s["x"]), *matrices], run


def conv3d(s, attributes):
    k, _, _, inputs, outputs = s["weight"]
    values = [volume(s["x"]), torch.randn(outputs, inputs, k, k, k), torch.randn(outputs)]
    return values, lambda x, w, b: F.conv3d(x, w, b, stride=attributes["stride"], padding=k // 2)


def depthwise(s, _):
    k, _, _, channels = s["weight"]
    values = [volume(s["x"]), torch.randn(channels, 1, k, k, k), torch.randn(channels)]
    return values, lambda x, w, b: F.conv3d(x, w, b, padding=k // 2, groups=channels)


def attention(s, attributes):
    heads = attributes["heads"]

    def run(qkv):
        b, n, e3 = qkv.shape
        q, k, v = qkv.reshape(b, n, 3, heads, e3 // 3 // heads).permute(2, 0, 3, 1, 4)
        weights = (q @ k.transpose(-2, -1) * attributes["scale"]).softmax(-1)
        return (weights @ v).transpose(1, 2).reshape(b, n, e3 // 3)

    return [torch.randn(s["qkv"])], run


def affine(s):
    return [torch.randn(s["scale"]), torch.randn(s["bias"])]


def batch_norm(s, attributes):
    run = lambda x, w, b: F.batch_norm(x, None, None, w, b, training=True, eps=attributes["epsilon"])
    return [volume(s["x"]), *affine(s)], run


def group_norm(s, attributes):
    norm = lambda x, w, b: F.group_norm(x, attributes["groups"], w, b, attributes["epsilon"])
    run = (lambda *values: F.relu(norm(*values))) if attributes["activation"] == "relu" else norm
    return [volume(s["x"]), *affine(s)], run


def layer_norm(s, attributes):
    run = lambda x, w, b: F.layer_norm(x, s["scale"], w, b, attributes["epsilon"])
    return [torch.randn(s["x"]), *affine(s)], run


def space_to_depth(s, _):
    def run(x):
        b, c, d, h, w = x.shape
        split = x.reshape(b, c, d // 2, 2, h // 2, 2, w // 2, 2)
        return split.permute(0, 3, 5, 7, 1, 2, 4, 6).reshape(b, 8 * c, d // 2, h // 2, w // 2)

    return [volume(s["x"])], run


def depth_to_space(s, _):
    def run(x):
        b, c8, d, h, w = x.shape
        split = x.reshape(b, 2, 2, 2, c8 // 8, d, h, w)
        return split.permute(0, 4, 5, 1, 6, 2, 7, 3).reshape(b, c8 // 8, 2 * d, 2 * h, 2 * w)

    return [volume(s["x"])], run


def masked_fill(s, _):
    mask = torch.rand(s["mask"]) < 0.5
    return [torch.randn(s["x"]), torch.randn(s["fill"])], lambda x, fill: torch.where(mask, fill, x)


def squared_error(s, _):
    target = torch.randn(s["target"])
    return [torch.randn(s["prediction"])], lambda x: ((x - target) ** 2).flatten(1).mean(1)


def template_window(s, attributes):
    (window,) = attributes["windows"]
    place = tuple(slice(start, start + n) for start, n in zip(window["start"], attributes["size"]))

    def run(templates):
        t = templates[window["template"]]
        return ((t - t.min()) / (t.max() - t.min() + attributes["epsilon"]))[place]

    return [torch.randn(s["templates"])], run


def adamw(s, attributes):
    parameter = torch.randn(s["parameter"]).requires_grad_()
    parameter.grad = torch.randn(s["parameter"])
    betas = (attributes["beta1"], attributes["beta2"])
    rates = {"lr": attributes["learningRate"], "eps": attributes["epsilon"], "weight_decay": attributes["weightDecay"]}
    optimizer = torch.optim.AdamW([parameter], betas=betas, **rates)
    return [], optimizer.step


OPS = {
    "linear": linear,
    "mlp": mlp,
    "conv3d": conv3d,
    "depthwiseConv3d": depthwise,
    "selfAttention": attention,
    "batchNorm": batch_norm,
    "groupNorm": group_norm,
    "layerNorm": layer_norm,
    "gelu": lambda s, _: ([torch.randn(s["x"])], F.gelu),
    "relu": lambda s, _: ([torch.randn(s["x"])], F.relu),
    "add": lambda s, _: ([torch.randn(s["a"]), torch.randn(s["b"])], torch.add),
    "spaceToDepth3d": space_to_depth,
    "depthToSpace3d": depth_to_space,
    "upsampleNearest": lambda s, _: ([volume(s["x"])], lambda x: F.interpolate(x, scale_factor=2, mode="nearest")),
    "maskedFill": masked_fill,
    "sampleSquaredError": squared_error,
    "templateWindow": template_window,
    "adamw": adamw,
}


def seconds(work):
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def measure(work, repeats):
    """Median in milliseconds, by the rules of bench/timing.ts; a first run that is slow counts as the first time."""
    first = seconds(work)
    times = [first] if first > SLOW_S else []
    warm = first
    while not times and warm < WARM_UP_S:
        warm += seconds(work)
    while len(times) < repeats or (sum(times) < TIMED_S and len(times) < MAX_REPETITIONS):
        times.append(seconds(work))
    times.sort()
    middle = len(times) // 2
    median = times[middle] if len(times) % 2 else (times[middle - 1] + times[middle]) / 2
    return {"ms": 1000 * median, "repetitions": len(times)}


def run_case(case):
    """Times of the passes that were asked for."""
    inputs, run = OPS[case["op"]](case["shapes"], case["attributes"])
    repeats = case["repeats"]
    leaves = [x.requires_grad_() for x in inputs]
    results = {"forward": measure(lambda: run(*leaves), repeats)}
    wanted = {"backward": leaves, "dx": leaves[:1], "dW": leaves[1:2]}
    if "backward" in case["passes"]:
        y = run(*leaves)
        dy = torch.randn(y.shape)
        for name in set(case["passes"]) & set(wanted):
            work = lambda: torch.autograd.grad(y, wanted[name], dy, retain_graph=True)
            results[name] = measure(work, repeats)
    return results


def reply(value):
    print(json.dumps(value), flush=True)


if __name__ == "__main__":
    torch.set_num_threads(int(sys.argv[1]))
    torch.randn(512, 512) @ torch.randn(512, 512)
    reply(info())
    for line in sys.stdin:
        try:
            reply(run_case(json.loads(line)))
        except Exception as error:
            reply({"error": repr(error)})
