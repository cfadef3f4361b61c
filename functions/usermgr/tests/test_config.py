"""The function's configuration."""

from __future__ import annotations

import pytest

from usermgr.errors import ConfigurationError
from usermgr_function_usermgr.config import Config

GOOD = {"AWS_REGION": "ap-northeast-1", "USERPOOL_ID": "ap-northeast-1_AbCdEf123"}


def test_full_access_without_sign_in_is_the_default() -> None:
    """Without more, users and groups can be read and written, and nobody can sign in."""
    config = Config.read(GOOD)
    assert {"get_user", "add_user", "delete_group"} <= config.allowed
    assert not {"authenticate", "answer_challenge", "refresh"} & config.allowed


def test_read_only_is_one_variable() -> None:
    """USERMGR_ACCESS=read-only leaves exactly what reads."""
    config = Config.read({**GOOD, "USERMGR_ACCESS": "read-only"})
    assert config.allowed == {
        "describe", "find_users", "get_group", "get_mfa", "get_user", "list_groups", "list_groups_for_user"
    }  # fmt: skip


def test_sign_in_reads_the_secret_from_cognito() -> None:
    """With sign-in the client's id is configured, and its secret discovered; a SECRET variable is not even read."""
    config = Config.read({**GOOD, "USERMGR_SIGN_IN": "true", "CLIENT_ID": "c1", "SECRET": "S3cret"})
    assert "authenticate" in config.allowed
    assert (config.cognito.client_id, config.cognito.client_secret) == ("c1", None)
    assert config.cognito.discover_client_secret is True


def test_client_without_sign_in_is_ignored() -> None:
    """A CLIENT_ID without sign-in gives no way to sign in."""
    assert Config.read({**GOOD, "CLIENT_ID": "c1"}).cognito.client_id is None


@pytest.mark.parametrize(
    ("environ", "named"),
    [
        ({}, "USERPOOL_ID"),
        ({**GOOD, "AWS_REGION": "nowhere"}, "AWS_REGION"),
        ({**GOOD, "USERMGR_ACCESS": "everything"}, "USERMGR_ACCESS"),
        ({**GOOD, "USERMGR_SIGN_IN": "yes"}, "USERMGR_SIGN_IN"),
        ({**GOOD, "USERMGR_SIGN_IN": "true"}, "CLIENT_ID"),
    ],
)
def test_bad_configuration_names_the_variable(environ: dict[str, str], named: str) -> None:
    """A missing or malformed variable is named."""
    with pytest.raises(ConfigurationError, match=named):
        Config.read(environ)
