"""The parameters of the flow `pipeline` in one model, for who asks what a run would come to without starting one."""

from pydantic import BaseModel, ConfigDict

from aepipe.flows.parameters import stores, trainings
from aepipe.gate.settings import PublishSettings
from aepipe.noise import NoiseParameters
from aepipe.recipes import OWN_RECIPES
from aepipe.recipes.plan import Overrides, SplitOverrides
from aepipe.stages.data import DataSettings
from aepipe.stages.parent import NOTHING
from aepipe.tasks.timeouts import TimeoutSettings
from aepipe.training.settings import CheckpointSettings


class RunParameters(BaseModel):
    """What the flow is called with; types and defaults are those of its signature, a test holds them to it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    recipes: trainings.Recipes = OWN_RECIPES
    recipe_file: trainings.RecipeFile = None
    setting: trainings.Setting = "tuned"
    preset: trainings.Preset = "full"
    data_set: trainings.DataSet = None
    overrides: trainings.Overrides = Overrides()
    recipe_overrides: trainings.RecipeOverrides = {}
    data: trainings.Data = DataSettings()
    split: trainings.Split = SplitOverrides()
    noise: trainings.Noise = NoiseParameters()
    exports: trainings.Exports = None
    name: trainings.Name = None
    start_from: trainings.StartFrom = NOTHING
    store: stores.Store = "./store"
    execution: trainings.Execution = "local"
    at_once: trainings.AtOnce = None
    checkpoints: trainings.Checkpoints = CheckpointSettings()
    timeouts: trainings.Timeouts = TimeoutSettings()
    publishing: trainings.Publishing = PublishSettings()
    accept_data: trainings.AcceptData = None
    refresh: trainings.Refresh = False
