"""Base job templates: how the runs of each work pool are started."""

import json
import os
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

FOLDER = Path(__file__).parents[1]
PoolType = Literal["process", "docker", "kubernetes"]
# Whoever starts children must not wait in the queue that they wait in, so there are two pools.
POOLS: Mapping[str, str] = {
    "aepipe-cpu": "Pipelines, sweeps, searches and everything else that trains nothing.",
    "aepipe-gpu": "Trainings, one at a time on each GPU.",
}
# What one pool's template has other than the other's, where the template has such a variable.
GPU_DEFAULTS: Mapping[str, Any] = {
    "gpu": 1,
    "device_requests": [{"driver": "nvidia", "count": 1, "capabilities": [["gpu"]]}],
}


def pool_template(pool_type: PoolType, pool: str = "aepipe-cpu") -> dict[str, Any]:
    """Return a work pool's base job template; the images' name is $AEPIPE_IMAGE, and for GPUs that with -gpu."""
    template: dict[str, Any] = json.loads((FOLDER / "pools" / f"{pool_type}.json").read_text())
    image = os.environ.get("AEPIPE_IMAGE") or f"aepipe:{metadata.version('aepipe')}"
    is_gpu = pool == "aepipe-gpu"
    defaults = {"image": f"{image}-gpu" if is_gpu else image, **(GPU_DEFAULTS if is_gpu else {})}
    for name, value in defaults.items():
        if name in template["variables"]["properties"]:
            template["variables"]["properties"][name]["default"] = value
    return template
