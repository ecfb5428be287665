"""`--engine`: what it takes, and what is said before anything is loaded."""

import importlib.util
import socket
import subprocess
import sys

import pytest

from prompt_search.cli.main import run_program
from prompt_search.cluster.engine_name import check_engine
from prompt_search.cluster.ray_images import RayImages
from prompt_search.errors import ClusterError, SettingsError
from prompt_search.run.resources import Resources


@pytest.mark.parametrize("name", ["spark", "", "Ray", "ray:", "local"])
def test_anything_else_is_refused_with_the_choices(name: str) -> None:
    with pytest.raises(SettingsError, match=r"there is no engine .*here.*ray, or ray://HOST:PORT"):
        Resources(engine=name)


@pytest.mark.parametrize("name", ["ray://", "ray://head", "ray://:6379", "ray://head:port", "ray://head:70000"])
def test_an_address_has_a_host_and_a_port(name: str) -> None:
    with pytest.raises(SettingsError, match="names no address"):
        check_engine(name)


def test_without_the_extra_the_command_that_installs_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "ray" else real(name))
    with pytest.raises(SettingsError, match=r"pip install '\.\[ray\]'"):
        Resources(engine="ray")


def test_the_command_line_refuses_an_unknown_engine(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_program(["run", "photos", "--engine", "spark"]) == 2
    assert "there is no engine 'spark'; choose here" in capsys.readouterr().err


def test_where_nothing_answers_it_is_said_at_once() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))  # and nobody listens
        with pytest.raises(ClusterError, match=r"no Ray cluster at 127\.0\.0\.1:\d+ .*must be one of its nodes"):
            RayImages(f"ray://127.0.0.1:{free.getsockname()[1]}")


def test_several_devices_are_the_clusters_business(monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: real("json" if name == "ray" else name))
    with pytest.raises(SettingsError, match="the cluster gives each worker its device"):
        Resources(engine="ray", device="cuda:0,cuda:1")


def test_a_single_process_imports_no_ray() -> None:
    code = "import sys, prompt_search.run.run, prompt_search.cluster.ray_images; print('ray' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
