"""Task of the stage `noise`."""

from aepipe.noise import NoiseParameters
from aepipe.stages import noise
from aepipe.stages.stage import StageResult
from aepipe.store import open_store
from aepipe.tasks.stages import stage_task


@stage_task(noise.noise_fingerprint, name="noise")
def make_noisy_test_set(
    store_url: str, data: StageResult, split: StageResult, parameters: NoiseParameters, refresh: bool = False
) -> StageResult:
    """Corrupt the held-out images, and fit the best linear denoisers to compare with."""
    return noise.make_noisy_test_set(open_store(store_url), data, split, parameters, refresh)
