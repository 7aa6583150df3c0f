"""A UNET3D for segmentation from its description, in float64: python _unet3d.py IN OUT.

IN is a safetensors file of weights, the volumes "input" [N, C, x, y, z] and one cotangent per output, OUT gets the outputs
and the gradients of the sum over outputs of mean(output * cotangent).
"""
import json
import sys

import torch
from torch.nn import functional as F

torch.set_num_threads(2)
GROUPS = 8


def read_safetensors(path):
    data = open(path, "rb").read()
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8:8 + length])
    header.pop("__metadata__", None)
    tensors = {}
    for name, entry in header.items():
        begin, end = (8 + length + offset for offset in entry["data_offsets"])
        flat = torch.frombuffer(bytearray(data[begin:end]), dtype=torch.float32)
        tensors[name] = flat.reshape(entry["shape"]).double()
    return tensors


class Network:
    def __init__(self, weights):
        self.weights = weights

    def conv(self, name, x, **options):
        return F.conv3d(x, self.weights[f"{name}.weight"], self.weights[f"{name}.bias"], **options)

    def block(self, name, x):
        h = x
        for half in "12":
            scale, offset = (self.weights[f"{name}.gn{half}.{part}"] for part in ("weight", "bias"))
            h = self.conv(f"{name}.conv{half}", torch.relu(F.group_norm(h, GROUPS, scale, offset)), padding=1)
        return x + h

    def blocks(self, level, letters, x):
        for letter in letters:
            x = self.block(f"conv{level}{letter}", x)
        return x

    def up(self, level, x, skip):
        h = F.interpolate(self.conv(f"up{level}conva", x), scale_factor=2)
        return self.block(f"up{level}convb", h + skip)

    def coarse(self, index, x, factor):
        return F.interpolate(self.conv(f"ds_out.{index}", x), scale_factor=factor, mode="trilinear", align_corners=True)

    def outputs(self, volumes):
        full = self.blocks(1, "b", self.conv("conv1a", volumes, padding=1))
        half = self.blocks(2, "ab", self.conv("ds1", full, stride=2, padding=1))
        quarter = self.blocks(3, "ab", self.conv("ds2", half, stride=2, padding=1))
        deepest = self.blocks(4, "abcd", self.conv("ds3", quarter, stride=2, padding=1))
        up4 = self.up(4, deepest, quarter)
        up3 = self.up(3, up4, half)
        up2 = self.up(2, up3, full)
        return [self.coarse(0, up4, 4), self.coarse(1, up3, 2), self.conv("up1conv", up2)]


source, target = sys.argv[1:]
tensors = read_safetensors(source)
volumes = tensors.pop("input")
cotangents = [tensors.pop(f"cotangent{i}") for i in range(3)]
for tensor in tensors.values():
    tensor.requires_grad_()
outputs = Network(tensors).outputs(volumes)
sum((output * cotangent).mean() for output, cotangent in zip(outputs, cotangents)).backward()
result = {f"output{i}": output.detach().contiguous() for i, output in enumerate(outputs)}
result.update({f"d{name}": tensor.grad.contiguous() for name, tensor in tensors.items()})
torch.save(result, target)
