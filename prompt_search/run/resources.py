"""What a run works with, none of which changes what it is or what it comes to."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from prompt_search.cache.cache_dir import cache_dir as find_cache_dir
from prompt_search.cluster.engine_name import HERE, check_engine
from prompt_search.errors import SettingsError
from prompt_search.llm.in_threads import check_concurrency
from prompt_search.run.progress import Observer, default_observer

__all__ = ["Resources"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Resources:
    """Device, caches, and who is told.

    Attributes:
        device: where images and texts are encoded and prompts are scored: `auto`, `cpu`, `cuda`, `cuda:N`, or several
            of one kind that share the work, `cuda:0,cuda:1` or a sequence of names.
        engine: who reads and encodes images: `here`, this process; `ray`, the workers of the Ray cluster that Ray
            finds (`RAY_ADDRESS`, or one of this machine, started if need be); `ray://HOST:PORT`, of the one there.
        cache_dir: where embeddings and replies are kept between runs; by default see `prompt_search.cache.cache_dir`.
        use_cache: whether replies are taken from the cache and kept there; if not, they are kept in the run folder.
        concurrency: the most calls to a server in flight (by default 32; fewer when it asks for that), or of a callable
            that is given as the language model (by default 1: with more it is called by several threads).
        verify: read every image file again, whatever its size and date.
        observer: is shown the progress; by default it goes to the notebook, the terminal, or as lines to standard
            error. `Silent()` shows nothing.
        track: trackers that are sent the run's figures, `mlflow` or `wandb`.
        track_files: whether they are sent the prompt file and the report at the end, too, with class names and texts.
        confirm: asks a person whether to go on; by default the answer is yes.

    Raises:
        SettingsError: if a value can't be used.
    """

    device: str | Sequence[str] = "auto"
    engine: str = HERE
    cache_dir: str | Path | None = None
    use_cache: bool = True
    concurrency: int | None = None
    verify: bool = False
    observer: Observer = field(default_factory=default_observer)
    track: Sequence[str] = ()
    track_files: bool = False
    confirm: Callable[[str], bool] = lambda question: True

    def __post_init__(self) -> None:
        if self.concurrency is not None:
            check_concurrency(self.concurrency)
        texts = isinstance(self.device, Sequence) and all(isinstance(name, str) for name in self.device)
        if not texts or not self.devices or not all(self.devices):
            raise SettingsError(
                f"device must be auto, cpu, cuda, cuda:N, or several like cuda:0,cuda:1, got {self.device!r}"
            )
        check_engine(self.engine)
        if self.engine != HERE and len(self.devices) > 1:
            raise SettingsError("with an engine of several machines the cluster gives each worker its device: name one")
        if isinstance(self.track, str) or not all(isinstance(name, str) for name in self.track):
            raise SettingsError(f"track must be a list of trackers' names, got {self.track!r}")

        if self.track_files and not self.track:
            raise SettingsError("track_files sends files to trackers: name one with track, mlflow or wandb")

    @property
    def devices(self) -> tuple[str, ...]:
        """The devices one by one; whether they are there is not looked at.

        >>> Resources(device="cuda:0, cuda:1").devices
        ('cuda:0', 'cuda:1')
        """
        named = self.device.split(",") if isinstance(self.device, str) else self.device
        return tuple(name.strip() for name in named)

    @property
    def cache(self) -> Path:
        """The cache directory."""
        return find_cache_dir(self.cache_dir)
