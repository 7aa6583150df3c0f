"""Times the official training step in PyTorch on networks of the same layers. Arguments: backbone size repeats threads.

Written from the description of the networks: UniFormer-small with its linear decoder, and UNET3D without skips.
"""
import json
import resource
import sys
import time

import torch
import torch.nn as nn
import torch.nn.functional as F

from torch_info import info

TEMPLATE = (240, 240, 155)


class PatchEmbed(nn.Module):
    def __init__(self, inputs, channels):
        super().__init__()
        self.proj = nn.Conv3d(inputs, channels, 2, stride=2)
        self.norm = nn.LayerNorm(channels)

    def forward(self, x):
        x = self.proj(x)
        tokens = self.norm(x.flatten(2).transpose(1, 2))
        return tokens.transpose(1, 2).reshape(x.shape).contiguous()


class ConvBlock(nn.Module):
    """x += DW3(x); x += 1³(DW5(1³(BN(x)))); x += MLP(BN(x))."""

    def __init__(self, c):
        super().__init__()
        self.position = nn.Conv3d(c, c, 3, padding=1, groups=c)
        depthwise = nn.Conv3d(c, c, 5, padding=2, groups=c)
        self.mix = nn.Sequential(nn.BatchNorm3d(c), nn.Conv3d(c, c, 1), depthwise, nn.Conv3d(c, c, 1))
        self.mlp = nn.Sequential(nn.BatchNorm3d(c), nn.Conv3d(c, 4 * c, 1), nn.GELU(), nn.Conv3d(4 * c, c, 1))

    def forward(self, x):
        x = x + self.position(x)
        x = x + self.mix(x)
        return x + self.mlp(x)


class Attention(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.heads = c // 64
        self.qkv = nn.Linear(c, 3 * c)
        self.proj = nn.Linear(c, c)

    def forward(self, x):
        b, n, c = x.shape
        q, k, v = self.qkv(x).reshape(b, n, 3, self.heads, 64).permute(2, 0, 3, 1, 4)
        weights = (q @ k.transpose(-2, -1) * 0.125).softmax(-1)
        return self.proj((weights @ v).transpose(1, 2).reshape(b, n, c))


class AttentionBlock(nn.Module):
    """x += DW3(x); on tokens: x += Attention(LN(x)); x += MLP(LN(x))."""

    def __init__(self, c):
        super().__init__()
        self.position = nn.Conv3d(c, c, 3, padding=1, groups=c)
        self.attention = nn.Sequential(nn.LayerNorm(c, eps=1e-6), Attention(c))
        hidden = [nn.Linear(c, 4 * c), nn.GELU(), nn.Linear(4 * c, c)]
        self.mlp = nn.Sequential(nn.LayerNorm(c, eps=1e-6), *hidden)

    def forward(self, x):
        x = x + self.position(x)
        tokens = x.flatten(2).transpose(1, 2)
        tokens = tokens + self.attention(tokens)
        tokens = tokens + self.mlp(tokens)
        return tokens.transpose(1, 2).reshape(x.shape)


def uniformer():
    dims, depths = (64, 128, 320, 512), (3, 4, 8, 3)
    layers = []
    for i, (c, depth) in enumerate(zip(dims, depths)):
        layers.append(PatchEmbed(dims[i - 1] if i else 1, c))
        layers += [(ConvBlock if i < 2 else AttentionBlock)(c) for _ in range(depth)]
    layers.append(nn.BatchNorm3d(dims[3]))
    for inputs, outputs in ((512, 320), (320, 128), (128, 64), (64, 64)):
        layers.append(nn.ConvTranspose3d(inputs, outputs, 2, stride=2, bias=False))
    return nn.Sequential(*layers, nn.Conv3d(64, 1, 1))


class Residual(nn.Module):
    """x + conv(ReLU(GN(conv(ReLU(GN(x))))))."""

    def __init__(self, c):
        super().__init__()
        half = lambda: [nn.GroupNorm(8, c), nn.ReLU(), nn.Conv3d(c, c, 3, padding=1)]
        self.body = nn.Sequential(*half(), *half())

    def forward(self, x):
        return x + self.body(x)


def unet3d():
    layers = [nn.Conv3d(1, 32, 3, padding=1), Residual(32)]
    for c, depth in ((64, 2), (128, 2), (256, 4)):
        layers.append(nn.Conv3d(c // 2, c, 3, stride=2, padding=1))
        layers += [Residual(c) for _ in range(depth)]
    for c in (256, 128, 64):
        layers += [nn.Conv3d(c, c // 2, 1), nn.Upsample(scale_factor=2), Residual(c // 2)]
    return nn.Sequential(*layers, nn.Conv3d(32, 1, 1))


def block_mask(size):
    """1 where hidden: 80 % of the blocks of 8³ voxels."""
    n = size // 8
    hidden = torch.ones(n**3)
    hidden[torch.randperm(n**3)[: int(n**3 * (1 - 0.8))]] = 0
    grid = hidden.reshape(1, 1, n, n, n)
    return F.interpolate(grid, scale_factor=8, mode="nearest").bool()


def peak_bytes():
    """Most memory of this process; what getrusage says on Linux includes the process that started it."""
    try:
        with open("/proc/self/status") as status:
            return next(1024 * int(line.split()[1]) for line in status if line.startswith("VmHWM"))
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def main(backbone, size, repeats):
    model = {"uniformer": uniformer, "unet3d": unet3d}[backbone]().train()
    template = nn.Parameter(torch.zeros(8, *TEMPLATE))
    optimizer = torch.optim.AdamW([*model.parameters(), template], lr=3e-4, weight_decay=1e-5)
    truth, other = torch.rand(2, 1, 1, size, size, size)
    window = tuple(slice((n - size) // 2, (n - size) // 2 + size) for n in TEMPLATE)

    def step():
        t = template[0]
        fill = ((t - t.min()) / (t.max() - t.min() + 1e-9))[window]
        views = torch.cat([torch.where(block_mask(size), fill, truth), torch.where(block_mask(size), other, truth)])
        errors = ((model(views) - truth) ** 2).flatten(1).mean(1)
        loss = 10 * errors[0] + errors[1]
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        return loss.item()

    step()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        step()
        times.append(time.perf_counter() - start)
    times.sort()
    middle = len(times) // 2
    median = times[middle] if len(times) % 2 else (times[middle - 1] + times[middle]) / 2
    result = {"ms": 1000 * median, "repetitions": repeats, "peakProcessBytes": peak_bytes(), "info": info()}
    print(json.dumps({**result, "parameters": sum(p.numel() for p in model.parameters())}))


if __name__ == "__main__":
    torch.set_num_threads(int(sys.argv[4]))
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
