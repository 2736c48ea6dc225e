"""Stage `generation`: what a generative model's new images come to, and a mixture of its codes to make them from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aepipe.notation import decimals, significant
from aepipe.recipes.plan import TrainingPlan
from aepipe.stages.baselines import BaselinesStage, load_baselines
from aepipe.stages.data import load_data
from aepipe.stages.facts import GenerationFacts
from aepipe.stages.results import DataResult, GenerationResult, SplitResult, StageResult, TrainedResult
from aepipe.stages.split import load_split
from aepipe.stages.stage import Stage, Workplace
from aepipe.store.local_files import local_file


@dataclass(frozen=True)
class GenerationStage(Stage[GenerationFacts]):
    """A generative model's likelihood of held-out images, how far its new images are from them, and its mixture."""

    plan: TrainingPlan
    data: DataResult
    split: SplitResult
    trained: TrainedResult

    name = "generation"
    kind = GenerationResult
    libraries = ("keras", "matplotlib", "numpy", "scikit-learn", "tensorflow")

    def _modules(self) -> Sequence[str]:
        return ("aepipe.stages.generation",)

    def _settings(self) -> TrainingPlan:
        return self.plan

    def depends_on(self) -> Mapping[str, str]:
        """Return the digests of the images and the split, and the training's fingerprint."""
        return {"data": self.data.digest, "split": self.split.digest, "trained": self.trained.fingerprint}

    def lines(self, result: StageResult[GenerationFacts]) -> Sequence[str]:
        """Return the bound of the likelihood, and how far new images are from held-out ones."""
        numbers = result.facts.metrics
        bound = f"ELBO {decimals(numbers['elbo_nats'], 1)} nats an image"
        if "frechet_real_percent" not in numbers:
            return [f"{bound}; too few held-out images for a Frechet distance: {result.facts.num_test_images}"]
        far = {name: significant(numbers[f"frechet_{name}_percent"]) for name in ("mixture", "prior", "pca", "real")}
        return [
            f"{bound}; Frechet distance in % of real variance: mixture {far['mixture']}, prior {far['prior']}, "
            f"PCA {far['pca']}, real {far['real']}"
        ]

    def work(self, place: Workplace) -> GenerationFacts:
        """Fit the mixture to the codes of training images, and measure the model, loaded from the store."""
        # Here, because they import TensorFlow.
        from aepipe.generation.image_maker import ImageMaker
        from aepipe.generation.measure import measure_generation
        from aepipe.training.saving import load_model

        store, plan = place.store, self.plan
        encoder, decoder = (
            load_model(local_file(store, self.trained.files[f"{part}.keras"])) for part in ("encoder", "decoder")
        )
        baselines = BaselinesStage(self.data, self.split, plan.model.code_size).produce(store)
        return GenerationFacts.model_validate(
            measure_generation(
                place.folder,
                ImageMaker.of(plan, encoder, decoder),
                load_data(store, self.data),
                load_split(store, self.split),
                load_baselines(store, baselines).components,
                {"recipe": plan.recipe, "setting": plan.setting, "evaluation_set": self.split.facts.name},
                self.trained.facts.title(self.data.facts.name),
            )
        )
