"""The environment files agree with each other, and name no address."""

import re
import tomllib

import pytest
import yaml

# What conda calls otherwise than PyPI.
CONDA_NAMES = {"matplotlib-base": "matplotlib", "flit-core": "flit_core"}


@pytest.fixture
def root(request):
    return request.config.rootpath


@pytest.fixture
def project(root):
    return tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def test_the_conda_environment_has_the_names_and_bounds_of_the_project(root, project):
    listed = yaml.safe_load((root / "environment.yml").read_text(encoding="utf-8"))["dependencies"]
    (from_pip,) = (entry["pip"] for entry in listed if isinstance(entry, dict))
    conda = {entry for entry in listed if isinstance(entry, str)} - {"pip"}
    conda |= {entry for entry in from_pip if not entry.startswith("-")}
    conda = {
        CONDA_NAMES.get(re.split(r"[<>=]", e)[0], re.split(r"[<>=]", e)[0])
        + "".join(re.findall(r"[<>=].*", e))
        for e in conda
    }
    ours = {*project["dependencies"], *project["optional-dependencies"]["test"]}

    assert conda == {*ours, f"python{project['requires-python']}"}


def test_the_lock_holds_every_dependency_with_a_hash_and_no_address(root, project):
    lock = (root / "requirements.lock").read_text(encoding="utf-8")
    locked = {name.lower().replace("_", "-") for name in re.findall(r"^([\w.-]+)==", lock, re.M)}
    wanted = [*project["dependencies"], *project["optional-dependencies"]["test"]]
    names = {re.split(r"[<>=]", entry)[0].lower().replace("_", "-") for entry in wanted}

    assert names <= locked
    assert lock.count("==") <= lock.count("--hash=sha256:")
    assert "://" not in lock
    assert "--index-url" not in lock


def test_the_version_is_stated_in_the_changelog(root):
    import azaanalysis

    assert f"## {azaanalysis.__version__}" in (root / "CHANGELOG.md").read_text(encoding="utf-8")
