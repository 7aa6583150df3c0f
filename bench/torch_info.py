"""What PyTorch this is: read by machines, so one dictionary."""
import re

import torch


def blas_library():
    """File name of the loaded BLAS where the system tells (Linux), else what PyTorch was built with."""
    try:
        with open("/proc/self/maps") as maps:
            names = sorted(set(re.findall(r"/(lib(?:openblas|mkl_|blis|blas)[^/\s]*)$", maps.read(), re.M)))
    except OSError:
        names = []
    # A generic libblas may be a shell around the real one.
    real = [name for name in names if not name.startswith("libblas")] or names
    built = re.search(r"BLAS_INFO=(\w+)", torch.__config__.show())
    return ", ".join(real) or (built.group(1) if built else "unknown BLAS")


def info():
    onednn = re.search(r"MKL-DNN v([\d.]+)", torch.__config__.show())
    libraries = blas_library() + (f", oneDNN {onednn.group(1)}" if onednn else "")
    return {"version": torch.__version__, "threads": torch.get_num_threads(), "libraries": libraries}
