"""Times MONAI on the official preprocessing of one subject, one thread. Argument: JSON list of its scans.

Reads a line, prepares the subject once, answers with a line of wall-clock and processor seconds; until its input ends.
"""
import json
import os
import resource
import sys
import time
import warnings

warnings.filterwarnings("ignore")
# What libraries print while they load is no reply.
replies = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)

import monai
import torch
from monai.transforms import (
    Compose,
    CropForegroundd,
    EnsureChannelFirstd,
    LoadImaged,
    Orientationd,
    ScaleIntensityRangePercentilesd,
    Spacingd,
)

torch.set_num_threads(1)
KEYS = ["image"]
prepare = Compose([
    LoadImaged(KEYS),
    EnsureChannelFirstd(KEYS),
    Orientationd(KEYS, axcodes="RAS"),
    Spacingd(KEYS, pixdim=(1, 1, 1), mode="bilinear"),
    CropForegroundd(KEYS, source_key="image"),
    ScaleIntensityRangePercentilesd(KEYS, lower=5, upper=95, b_min=0, b_max=1, clip=True, channel_wise=True),
    CropForegroundd(KEYS, source_key="image"),
])


def reply(value):
    print(json.dumps(value), file=replies, flush=True)


files = json.loads(sys.argv[1])
reply({"monai": monai.__version__, "torch": torch.__version__})
for _ in sys.stdin:
    used, start = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    shape = prepare({"image": files})["image"].shape
    seconds = time.perf_counter() - start
    now = resource.getrusage(resource.RUSAGE_SELF)
    cpu = now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime
    reply({"seconds": seconds, "cpu": cpu, "shape": list(shape)})
