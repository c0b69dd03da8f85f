"""The hooks before a commit are a part of ``make check``: local, from .venv, nothing downloaded."""

from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]


def test_every_hook_is_a_command_of_make_check() -> None:
    """Broken by a hook from another host, and by one that ``make check`` does not run."""
    told = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8").replace("$(BIN)", ".venv/bin")
    lines = makefile.split("\ncheck:")[1].split("\n.PHONY")[0].splitlines()
    check = {line.strip().removesuffix(" .") for line in lines}

    assert [repo["repo"] for repo in told["repos"]] == ["local"]
    hooks = told["repos"][0]["hooks"]
    assert {hook["language"] for hook in hooks} == {"system"}
    for hook in hooks:
        command = hook["entry"].removesuffix(" --force-exclude")
        assert command in check, hook["id"]
