"""Writes tiny_zip.pt, tiny_protocol4.pt and tiny_legacy.pt with torch.save (PyTorch 1.13, numpy 1.24): one checkpoint."""
import argparse
import collections
import pathlib

import numpy as np
import torch

base = torch.arange(24, dtype=torch.float32).reshape(2, 3, 4) - 2.5
state = collections.OrderedDict(
    contiguous=base,
    shared=base[1],
    transposed=base.permute(2, 0, 1),
    strided=base[:, 1:, ::2],
    parameter=torch.nn.Parameter(torch.tensor([0.5, -0.25])),
    scalar=torch.tensor(7),
    empty=torch.zeros(0, 4),
    repeated=torch.tensor([[1.5], [2.5]]).expand(2, 1),
    half=torch.tensor([1.5, -0.25, 65504, 2**-24], dtype=torch.float16),
    brain=torch.tensor([1.5, -0.0078125], dtype=torch.bfloat16),
    double=torch.tensor([0.1, 1e300], dtype=torch.float64),
    int64=torch.tensor([2**60, -1]),
    int32=torch.tensor([[-3, 2**31 - 1]], dtype=torch.int32),
    int16=torch.tensor([-300, 300], dtype=torch.int16),
    int8=torch.tensor([-128, 127], dtype=torch.int8),
    uint8=torch.tensor([1, 255], dtype=torch.uint8),
    bool=torch.tensor([True, False, True]),
)
state._metadata = collections.OrderedDict({"": {"version": 1}})
layer = torch.nn.Linear(2, 2)
optimizer = torch.optim.AdamW(layer.parameters())
layer(torch.ones(1, 2)).sum().backward()
optimizer.step()
checkpoint = {
    "epoch": 12,
    "best": np.float64(0.75),
    "history": np.arange(3),
    "options": argparse.Namespace(lr=3e-4, out=pathlib.PurePosixPath("runs")),
    "size": torch.Size([96, 96, 96]),
    "device": torch.device("cpu"),
    "dtype": torch.float16,
    "losses": collections.defaultdict(list, {"train": [1.0, 0.5]}),
    "seen": {1, 2},
    "bytes": b"\x00\xff",
    "big": 2**70,
    "model_state_dict": state,
    "optimizer": optimizer.state_dict(),
}
torch.save(checkpoint, "tiny_zip.pt")
torch.save(checkpoint, "tiny_protocol4.pt", pickle_protocol=4)
torch.save(checkpoint, "tiny_legacy.pt", _use_new_zipfile_serialization=False)
