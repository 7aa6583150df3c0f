"""Reads a safetensors file and writes its tensors with torch.save: python _round_trip.py IN OUT_ZIP OUT_PROTOCOL4 OUT_LEGACY."""
import json
import sys

import torch

DTYPES = {"F64": torch.float64, "F32": torch.float32, "I64": torch.int64, "I32": torch.int32, "U8": torch.uint8,
          "BOOL": torch.bool}

source, zipped, protocol4, legacy = sys.argv[1:]
data = open(source, "rb").read()
length = int.from_bytes(data[:8], "little")
header = json.loads(data[8:8 + length])
header.pop("__metadata__", None)
tensors = {}
for name, entry in header.items():
    begin, end = (8 + length + offset for offset in entry["data_offsets"])
    tensor = torch.frombuffer(bytearray(data[begin:end]), dtype=DTYPES[entry["dtype"]]).reshape(entry["shape"])
    # Every other matrix lies column by column.
    tensors[name] = tensor.t().contiguous().t() if tensor.ndim == 2 and len(tensors) % 2 else tensor
checkpoint = {"epoch": 1, "state_dict": tensors}
torch.save(checkpoint, zipped)
torch.save(checkpoint, protocol4, pickle_protocol=4)
torch.save(checkpoint, legacy, _use_new_zipfile_serialization=False)
