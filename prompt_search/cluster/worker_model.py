"""How a worker comes by the image-text model of the run."""

from dataclasses import dataclass

from evaluators.errors import ModelError
from evaluators.models.image_text_model import ImageTextModel
from evaluators.models.open_clip_model import OpenClipModel
from evaluators.precision import Precision, ProductsBy
from prompt_search.model_names import open_clip_name
from prompt_search.models import load_model

__all__ = ["WorkerModel"]

BUNDLED = "mini-clip"


@dataclass(frozen=True, slots=True)
class WorkerModel:
    """A model by its name, to be loaded where it is needed; or the object itself, if it is one of the user's own.

    Attributes:
        name: as a person writes it.
        precision: of its weights and computation.
        products: what multiplies its matrices.
        fingerprint: of the model here; other weights are refused.
        given: the object.
    """

    name: str
    precision: Precision
    products: ProductsBy
    fingerprint: str
    given: ImageTextModel | None = None

    @classmethod
    def of(cls, model: ImageTextModel) -> "WorkerModel":
        """The way to get this model elsewhere."""
        if not isinstance(model, OpenClipModel):
            return cls(model.name, "fp32", "torch", model.fingerprint, model)
        # The folder of the bundled model is another one where the program is installed elsewhere.
        name = BUNDLED if model.name == open_clip_name(BUNDLED) else model.name
        return cls(name, model.precision, model.products, model.fingerprint)

    def load(self, device: str) -> ImageTextModel:
        """The model, on a device of the worker.

        Raises:
            ModelError: if it can't be loaded there, has other weights there, or can't have such products there.
        """
        if self.given is not None:
            return self.given
        model = load_model(self.name, device=device, precision=self.precision, products=self.products)
        if model.fingerprint != self.fingerprint:
            raise ModelError(f"the model {self.name!r} has other weights on a worker than here; install the same ones")
        return model
