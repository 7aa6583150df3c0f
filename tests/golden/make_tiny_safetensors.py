"""Writes tiny.safetensors with the reference implementation (safetensors 0.8.0, numpy 2)."""
import numpy as np
from safetensors.numpy import save_file

tensors = {
    "b.weight": np.arange(6, dtype=np.float32).reshape(2, 3) - 2.5,
    "a.weight": np.array([1e-3], dtype=np.float32),
    "steps": np.array(7, dtype=np.int64),
    "mask": np.array([True, False, True]),
    "empty": np.zeros((0, 4), dtype=np.float32),
    "bytes": np.array([1, 255], dtype=np.uint8),
    "scale": np.array([0.1], dtype=np.float64),
    "offset": np.array([-3], dtype=np.int32),
}
save_file(tensors, "tiny.safetensors", metadata={"note": "Schädel"})
