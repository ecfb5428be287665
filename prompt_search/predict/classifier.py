"""A prompt file as a classifier with scikit-learn's methods, on pictures."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from prompt_search.data.pictures.decoding import Decode
from prompt_search.errors import DataError, SettingsError
from prompt_search.predict.opened import OpenedPrompts, open_prompt_file
from prompt_search.predict.stream import classify
from prompt_search.run.progress import default_observer

if TYPE_CHECKING:
    from evaluators import ImageTextModel

__all__ = ["PromptClassifier", "load"]

PARAMETERS = ("source", "model", "device", "labels", "batch", "decode")


class PromptClassifier:
    """Classifies pictures with a prompt file; an estimator of scikit-learn's that is fitted when it is made.

    `X` is a sequence of paths, PIL images or arrays [H, W, 3] of uint8 (in any mixture), or one array [N, H, W, 3].

    Args:
        source: a run folder or a `prompts.json`.
        model: in the place of the one the prompts were found for; of another one is warned.
        device: `auto`, `cpu`, `cuda`, `cuda:N`, or several.
        labels: whether classes are called by their `id` or their `name`.
        batch: pictures at once; by default what is fastest for the model.
        decode: `exact`, or `fast`: large JPEG files are shrunk by their decoder; by default as in the run.
    """

    _estimator_type = "classifier"

    def __init__(
        self,
        source: str | Path,
        *,
        model: "str | ImageTextModel | None" = None,
        device: str | Sequence[str] = "auto",
        labels: str = "id",
        batch: int | None = None,
        decode: Decode | None = None,
    ) -> None:
        self.source = source
        self.model = model
        self.device = device
        self.labels = labels
        self.batch = batch
        self.decode = decode
        self._opened: OpenedPrompts | None = None

    @property
    def opened(self) -> OpenedPrompts:
        """The prompts with their model, loaded when first needed.

        Raises:
            InputError: if they can't be used.
        """
        if self._opened is None:
            if self.labels not in ("id", "name"):
                raise SettingsError(f"labels must be id or name, got {self.labels!r}")
            self._opened = open_prompt_file(self.source, self.model, self.device, default_observer(), self.decode)
            names = [label.name for label in self._opened.classes]
            if self.labels == "name" and len(set(names)) < len(names):
                twice = next(name for name in names if names.count(name) > 1)
                raise SettingsError(f"several classes are called {twice!r}; use labels='id'")
        return self._opened

    @property
    def classes_(self) -> NDArray[np.str_]:
        """[C] what the classes are called, in the order of the columns of `predict_proba`."""
        return np.array([label.id if self.labels == "id" else label.name for label in self.opened.classes])

    def fit(self, X: object = None, y: object = None) -> "PromptClassifier":  # noqa: N803 - scikit-learn's names
        """Load what is needed. There is nothing to fit: what is given is not looked at."""
        _ = self.opened
        return self

    def decision_function(self, X: Any) -> NDArray[np.float64]:  # noqa: ANN401, N803
        """Cosines [N, C]; of pairwise prompts those whose softmax is the distribution of both steps.

        Raises:
            DataError: if a picture can't be read; it is named.
        """
        items = [(str(each) if isinstance(each, str | Path) else f"picture {i}", each) for i, each in _listed(X)]
        found = [np.empty((0, len(self.opened.classes)))]
        for batch in classify(self.opened, items, self.batch):
            if batch.broken:
                name, reason = batch.broken[0]
                raise DataError(f"{name} can't be read: {reason}; leave it out")
            found.append(batch.cosines)
        return np.concatenate(found)

    def predict_proba(self, X: Any) -> NDArray[np.float64]:  # noqa: ANN401, N803
        """Probabilities [N, C], at the calibrated logit scale where the run measured one.

        Raises:
            DataError: if a picture can't be read; it is named.
        """
        return self.opened.probabilities(self.decision_function(X))

    def predict(self, X: Any) -> NDArray[np.str_]:  # noqa: ANN401, N803
        """The likeliest class of each picture [N], as `classes_` calls it.

        Raises:
            DataError: if a picture can't be read; it is named.
        """
        best: NDArray[np.str_] = self.classes_[self.decision_function(X).argmax(axis=1)]
        return best

    def score(self, X: Any, y: Sequence[str], sample_weight: Any = None) -> float:  # noqa: ANN401, N803
        """The share of pictures, in [0, 1], whose likeliest class is the one in `y`.

        Raises:
            DataError: if a picture can't be read, `y` has another length, or names a class that there is not.
        """
        wanted = np.array([str(each) for each in y])
        if unknown := sorted(set(wanted) - set(self.classes_)):
            raise DataError(f"y has {str(unknown[0])!r}, which is no class {self.labels} of these prompts")
        predicted = self.predict(X)
        if len(predicted) != len(wanted):
            raise DataError(f"there are {len(predicted)} pictures and {len(wanted)} labels")
        return float(np.average(predicted == wanted, weights=sample_weight))

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """What it was made with, for `sklearn.base.clone` and grid searches."""
        return {name: getattr(self, name) for name in PARAMETERS}

    def set_params(self, **parameters: Any) -> "PromptClassifier":  # noqa: ANN401 - scikit-learn's protocol
        """Change what it was made with.

        Raises:
            SettingsError: if there is no such parameter.
        """
        for name, value in parameters.items():
            if name not in PARAMETERS:
                raise SettingsError(f"there is no parameter {name!r}; choose of {', '.join(PARAMETERS)}")
            setattr(self, name, value)
        self._opened = None
        return self

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def __sklearn_tags__(self) -> Any:  # noqa: ANN401 - scikit-learn is not among the requirements
        from sklearn.utils import ClassifierTags, InputTags, Tags, TargetTags

        inputs = InputTags(two_d_array=False, string=True)
        return Tags("classifier", TargetTags(required=False), None, ClassifierTags(), input_tags=inputs)

    def __repr__(self) -> str:
        return f"PromptClassifier({str(self.source)!r})"


def load(
    source: str | Path,
    *,
    model: "str | ImageTextModel | None" = None,
    device: str | Sequence[str] = "auto",
    labels: str = "id",
    batch: int | None = None,
    decode: Decode | None = None,
) -> PromptClassifier:
    """The prompts of a run folder or a `prompts.json` as a classifier of pictures, with its model loaded.

    Args:
        source, model, device, labels, batch, decode: see `PromptClassifier`.

    Raises:
        InputError: if the prompts or the model can't be used.
    """
    return PromptClassifier(source, model=model, device=device, labels=labels, batch=batch, decode=decode).fit()


def _listed(pictures: Any) -> list[tuple[int, Any]]:  # noqa: ANN401 - see PromptClassifier
    """One picture where several are meant is a mistake that would otherwise be a row of letters or pixels."""
    if isinstance(pictures, str | Path) or hasattr(pictures, "convert"):
        raise DataError("give a sequence of pictures, not one: [picture]")
    if isinstance(pictures, np.ndarray) and pictures.dtype == np.uint8 and pictures.ndim != 4:
        raise DataError(f"an array of pictures is [N, H, W, 3], got {pictures.shape}; one picture goes as [picture]")
    return list(enumerate(pictures))
