"""tools/terraform_variables.py: the settings that users know, as Terraform's variables."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tools import deploy, terraform_variables
from tools.terraform_variables import SETTINGS, SettingsError, main, variables

TERRAFORM = Path(__file__).resolve().parents[2] / "terraform"
SET = {"AWS_REGION": "ap-northeast-1", "USERPOOL_ID": "ap-northeast-1_AbCdEf123"}


def test_only_what_is_set_becomes_a_variable() -> None:
    """What is not set, or empty, keeps Terraform's default."""
    assert variables({**SET, "ROLE": "people", "CLIENT_ID": ""}) == {
        "user_pool_id": "ap-northeast-1_AbCdEf123",
        "role_name": "people",
    }


def test_a_secret_never_becomes_a_variable() -> None:
    """SECRET is not read."""
    assert "planted" not in json.dumps(variables({**SET, "SECRET": "planted"}))


def test_all_problems_in_one_error() -> None:
    """Missing and malformed settings are all named."""
    with pytest.raises(SettingsError) as caught:
        variables({"USERPOOL_ID": "people", "ACCOUNT_ID": "12", "DYNAMODB_NAME": "x", "LAMBDA_NAME_TRIGGER": "a b"})
    assert re.findall(r"([A-Z_]+) is (not set|malformed)", str(caught.value)) == [
        ("AWS_REGION", "not set"),
        ("USERPOOL_ID", "malformed"),
        ("ACCOUNT_ID", "malformed"),
        ("DYNAMODB_NAME", "malformed"),
        ("LAMBDA_NAME_TRIGGER", "malformed"),
    ]


def test_a_pool_of_another_region() -> None:
    """The pool's Region is that of AWS_REGION."""
    with pytest.raises(SettingsError, match="another Region"):
        variables({**SET, "AWS_REGION": "eu-west-1"})


def test_the_defaults_are_the_examples() -> None:
    """Every variable exists in the root module, and the names' defaults there are those that users know."""
    text = (TERRAFORM / "variables.tf").read_text()
    defaults = dict(re.findall(r'^variable "(\w+)" \{.*?default\s+= "?(.*?)"?$', text, re.MULTILINE | re.DOTALL))
    declared = set(re.findall(r'^variable "(\w+)"', text, re.MULTILINE))
    assert {s.variable for s in SETTINGS if s.variable} <= declared
    assert {
        s.environment: defaults[s.variable]
        for s in SETTINGS
        if (s.variable and s.variable.endswith("_name")) or "function_name" in (s.variable or "")
    } == {
        "ROLE": "usermgr-lambda-role",
        "DYNAMODB_ACTIVITY_POLICY": "usermgr_activity_policy",
        "DYNAMODB_NAME": "usermgr_activity",
        "LAMBDA_NAME_ACTIVITY": "usermgr_activity",
        "LAMBDA_NAME_USERMGR": "usermgr",
        "LAMBDA_NAME_DOWNLOAD": "usermgr_download_jwks",
        "LAMBDA_NAME_TRIGGER": "usermgr_trigger",
    }


def test_the_page_has_the_settings() -> None:
    """The table in docs/settings.md names every setting of a deployment, and its variable."""
    page = (TERRAFORM.parent / "docs" / "settings.md").read_text().split("\n## Deploying\n")[1].split("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \| (?:`(\w+)`|read by the provider) \|", page, re.MULTILINE)
    assert rows == [(setting.environment, setting.variable or "") for setting in SETTINGS]


def test_deploy_names_what_is_missing(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Without settings nothing is run or written, and the error says where they may be."""
    for setting in SETTINGS:
        monkeypatch.delenv(setting.environment, raising=False)
    monkeypatch.setattr(deploy, "CONFIGURATION", TERRAFORM / "nowhere")

    assert deploy.main([]) == 1
    assert re.fullmatch(
        r"deploy: AWS_REGION is not set: .*USERPOOL_ID is not set: .* in a file \.env: see docs/settings\.md\n",
        capsys.readouterr().err,
    )


def test_terraform_gets_no_secret_of_an_application() -> None:
    """What a `.env` file holds for applications only is not in Terraform's environment; all else is."""
    given = {"SECRET": "planted", "CLIENT_SECRET": "planted", "AWS_SECRET_ACCESS_KEY": "x", "TF_VAR_tags": "{}"}

    assert deploy.environment(given) == {"AWS_SECRET_ACCESS_KEY": "x", "TF_VAR_tags": "{}"}


def test_command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The command prints, or writes a file; problems go to standard error with status 1."""
    for setting in terraform_variables.SETTINGS:
        monkeypatch.delenv(setting.environment, raising=False)
    assert main([]) == 1
    assert capsys.readouterr().err.startswith("terraform_variables: AWS_REGION is not set")
    for name, value in SET.items():
        monkeypatch.setenv(name, value)
    assert [main([]), main(["--output", str(tmp_path / "x.json")])] == [0, 0]
    assert json.loads(capsys.readouterr().out) == json.loads((tmp_path / "x.json").read_text())
