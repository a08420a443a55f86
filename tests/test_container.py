"""The container recipe, by the rules of those who run it: pinned, not root, nothing to write to but what is named, no secret in it.

No builder is needed: the files are parsed. What they call must be there: files, options, the pool, the user.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from flows.cli.main import app

ROOT = Path(__file__).parent.parent
PINNED = re.compile(r"[a-z0-9./-]+:\d+\.\d+[\w.-]*")  # a version, and no `latest`
UID = "10001"


def instructions() -> list[tuple[str, str]]:
    """The instructions of the Dockerfile, lines put together."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    lines = re.sub(r"\\\n", " ", "\n".join(line for line in text.splitlines() if not line.startswith("#"))).splitlines()
    return [(word, " ".join(rest.split())) for word, _, rest in (line.partition(" ") for line in lines if line.strip())]


def services() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))["services"]
    return found


def final_stage() -> list[tuple[str, str]]:
    found = instructions()
    return found[max(place for place, (word, _) in enumerate(found) if word == "FROM") :]


def test_the_image_is_pinned_and_installs_what_has_a_hash() -> None:
    images = [rest.split()[0] for word, rest in instructions() if word == "FROM"]
    assert images
    assert all(PINNED.fullmatch(image) for image in images)
    installed = [
        part for word, rest in instructions() if word == "RUN" for part in rest.split("&&") if "pip install" in part
    ]
    assert installed
    assert all(
        "--no-deps" in part and ("--require-hashes" in part or part.rstrip().endswith(" .")) for part in installed
    )
    assert {word for word, _ in instructions()} <= {
        "FROM",
        "WORKDIR",
        "RUN",
        "COPY",
        "ENV",
        "USER",
        "ENTRYPOINT",
        "CMD",
    }


def test_the_image_runs_as_no_root_and_takes_signals_itself() -> None:
    stage = dict(final_stage())
    assert stage["USER"] == f"{UID}:{UID}"
    words = [word for word, _ in final_stage()]
    assert words.index("USER") > max(place for place, word in enumerate(words) if word in ("RUN", "COPY"))
    for word in ("ENTRYPOINT", "CMD"):  # a shell between would keep signals from it
        assert json.loads(stage[word])
    assert "/root" not in (ROOT / "Dockerfile").read_text(encoding="utf-8")


def test_what_the_image_is_made_of_is_there_and_sent_to_the_builder() -> None:
    sent = {
        line[1:] for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines() if line.startswith("!")
    }
    for word, rest in instructions():
        if word == "COPY" and "--from" not in rest:
            for source in rest.split()[:-1]:
                assert (ROOT / source).exists(), source
                assert source in sent, source


@pytest.mark.parametrize("name", sorted(services()))
def test_a_service_is_confined(name: str) -> None:
    service = services()[name]
    assert PINNED.fullmatch(service["image"])
    assert service["read_only"] is True
    assert service["user"].split(":")[0] not in ("0", "root", "")
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not {"privileged", "cap_add", "network_mode", "pid", "devices"} & service.keys()
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ()))
    seconds = int(service["stop_grace_period"].removesuffix("s"))
    assert seconds > 15  # what `copydesk serve` and the server take at most


def test_passwords_are_said_outside_and_never_here() -> None:
    text = (ROOT / "compose.yaml").read_text(encoding="utf-8")
    for variable in re.findall(r"\$\{([^}]*)\}", text):
        assert ":?" in variable, f"{variable} has no value to fall back to"
    for service in services().values():
        for name, value in service.get("environment", {}).items():
            if "PASSWORD" in name or "AUTH" in name or "CONNECTION_URL" in name:
                assert "${COPYDESK_" in value


def test_the_services_call_what_there_is() -> None:
    found = services()
    shown = CliRunner().invoke(app, ["ui", "--help"], env={"COLUMNS": "200", "NO_COLOR": "1"}).stdout
    assert all(option in shown for option in found["server"]["command"] if option.startswith("--"))
    (deployment,) = yaml.safe_load((ROOT / "prefect.yaml").read_text(encoding="utf-8"))["deployments"]
    pool = deployment["work_pool"]["name"]
    assert pool in found["worker"]["command"]
    assert f"work-pool create {pool}" in found["deploy"]["command"][0]
    mounted = [volume.rpartition(":")[2] for volume in found["worker"]["volumes"]]
    for path in (deployment["parameters"]["settings"]["output"], *deployment["parameters"]["settings"]["sources"]):
        assert any(path.startswith(f"{folder}/") for folder in mounted), path
    # The server answers under its own name alone, so the clients must call it by that.
    assert found["worker"]["environment"]["PREFECT_API_URL"] == f"http://{found['server']['hostname']}:4200/api"
    version = re.search(r'^version = "(.*)"', (ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE)
    assert version
    assert found["server"]["image"] == f"copydesk:{version[1]}"
