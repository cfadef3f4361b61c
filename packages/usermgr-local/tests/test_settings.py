"""The store's settings, from keywords and from the environment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from usermgr import Factory, MfaMode
from usermgr.errors import ConfigurationError
from usermgr_local import (
    Argon2Cost,
    LocalActivityStore,
    LocalSettings,
    LocalUserManager,
    PasswordPolicy,
    connect,
    create,
)


def test_only_the_path_must_be_there() -> None:
    """With a path alone, everything else has the documented default."""
    settings = LocalSettings.read({"path": "users.db"}, {})
    assert settings == LocalSettings(
        path=Path("users.db"),
        jwks_path=Path("users.db.jwks.json"),
        user_pool_id="zz-local-1_usermgr",
        client_id="local",
        case_sensitive=False,
        custom_attributes=frozenset({"custom:extra_info"}),
        password_policy=PasswordPolicy(8, frozenset({"uppercase", "lowercase", "numbers"}), 7),
        argon2=Argon2Cost(),
        mfa=MfaMode.OPTIONAL,
    )
    assert settings.issuer == "https://cognito-idp.zz-local-1.amazonaws.com/zz-local-1_usermgr"


def test_default_cost_is_the_minimum_of_owasp() -> None:
    """19 MiB, 2 iterations, 1 degree of parallelism, in every store that does not say otherwise."""
    cost = LocalSettings.read({"path": "users.db"}, {}).argon2
    assert (cost.memory_kib, cost.iterations, cost.parallelism) == (19456, 2, 1)


def test_documented_variables_are_read() -> None:
    """Every setting but the cost of a password can come from the environment."""
    settings = LocalSettings.read(
        environ={
            "USERMGR_LOCAL_PATH": "store.db",
            "USERMGR_LOCAL_JWKS_PATH": "keys.json",
            "USERPOOL_ID": "ap-northeast-1_AbCdEf123",
            "CLIENT_ID": "web",
            "USERMGR_LOCAL_CASE_SENSITIVE": "true",
            "USERMGR_LOCAL_CUSTOM_ATTRIBUTES": "custom:team,custom:desk",
            "USERMGR_LOCAL_PASSWORD_LENGTH": "12",
            "USERMGR_LOCAL_PASSWORD_REQUIRES": "symbols",
            "USERMGR_LOCAL_MFA": "required",
        }
    )
    assert settings == LocalSettings(
        Path("store.db"),
        Path("keys.json"),
        "ap-northeast-1_AbCdEf123",
        "web",
        case_sensitive=True,
        custom_attributes=frozenset({"custom:team", "custom:desk"}),
        password_policy=PasswordPolicy(12, frozenset({"symbols"})),
        mfa=MfaMode.REQUIRED,
    )


def test_none_declares_and_requires_nothing() -> None:
    """`none` means an empty set in the environment."""
    settings = LocalSettings.read(
        {"path": "users.db"}, {"USERMGR_LOCAL_CUSTOM_ATTRIBUTES": "none", "USERMGR_LOCAL_PASSWORD_REQUIRES": "none"}
    )
    assert (settings.custom_attributes, settings.password_policy.requires) == (frozenset(), frozenset())


@pytest.mark.parametrize(
    ("environ", "named"),
    [
        ({}, ["USERMGR_LOCAL_PATH"]),
        ({"USERMGR_LOCAL_PATH": ":memory:"}, ["USERMGR_LOCAL_PATH"]),
        ({"USERPOOL_ID": "no pool", "CLIENT_ID": "no client"}, ["USERMGR_LOCAL_PATH", "USERPOOL_ID", "CLIENT_ID"]),
        ({"USERMGR_LOCAL_PATH": "x", "USERMGR_LOCAL_CASE_SENSITIVE": "yes"}, ["USERMGR_LOCAL_CASE_SENSITIVE"]),
        ({"USERMGR_LOCAL_PATH": "x", "USERMGR_LOCAL_MFA": "always"}, ["USERMGR_LOCAL_MFA"]),
        ({"USERMGR_LOCAL_PATH": "x", "USERMGR_LOCAL_CUSTOM_ATTRIBUTES": "team"}, ["USERMGR_LOCAL_CUSTOM_ATTRIBUTES"]),
        (
            {
                "USERMGR_LOCAL_PATH": "x",
                "USERMGR_LOCAL_CUSTOM_ATTRIBUTES": ",".join(f"custom:a{number}" for number in range(51)),
            },
            ["USERMGR_LOCAL_CUSTOM_ATTRIBUTES"],
        ),
        (
            {
                "USERMGR_LOCAL_PATH": "x",
                "USERMGR_LOCAL_PASSWORD_LENGTH": "5",
                "USERMGR_LOCAL_PASSWORD_REQUIRES": "luck",
            },
            ["USERMGR_LOCAL_PASSWORD_LENGTH", "USERMGR_LOCAL_PASSWORD_REQUIRES"],
        ),
    ],
)
def test_all_that_is_wrong_is_named(environ: dict[str, str], named: list[str]) -> None:
    """Everything missing or malformed comes in one error."""
    with pytest.raises(ConfigurationError) as caught:
        LocalSettings.read(environ=environ)
    assert len(caught.value.problems or ()) == len(named)
    assert all(name in str(caught.value) for name in named)


def test_nothing_falls_silently_into_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a path the factory raises, and does not create a file."""
    monkeypatch.delenv("USERMGR_LOCAL_PATH", raising=False)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigurationError):
        Factory.create(Factory.LOCAL)
    assert list(tmp_path.iterdir()) == []


def test_factory_finds_the_store(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`USERMGR_BACKEND=local` and a path are enough."""
    monkeypatch.setenv("USERMGR_BACKEND", "local")
    monkeypatch.setenv("USERMGR_LOCAL_PATH", str(path))
    users = Factory.create()
    assert isinstance(users, LocalUserManager)
    users.close()


def test_factory_finds_the_activity(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`USERMGR_ACTIVITY=local` and the same path lead to the activity that the manager records."""
    monkeypatch.setenv("USERMGR_ACTIVITY", "local")
    monkeypatch.setenv("USERMGR_LOCAL_PATH", str(path))
    users = connect(argon2=Argon2Cost(8, 1, 1))
    users.add_user("alice", "a-Long-passw0rd")
    users.authenticate("alice", "a-Long-passw0rd")

    with Factory.create_activity() as activity:
        seen = activity.last_seen(users.get_user("alice").sub)

    assert isinstance(activity, LocalActivityStore)
    assert seen is not None
    users.close()


def test_former_name_of_connect() -> None:
    """`create` is still there."""
    assert create is connect


def test_keywords_go_before_the_environment(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keyword arguments decide, empty sets included."""
    monkeypatch.setenv("USERMGR_LOCAL_PATH", str(path.parent / "no" / "such.db"))
    monkeypatch.setenv("USERMGR_LOCAL_CUSTOM_ATTRIBUTES", "custom:team")
    users = create(path=path, custom_attributes=[])
    with pytest.raises(Exception, match="custom:team is not known"):
        users.add_user("alice", None, {"custom:team": "red"})
    users.close()


@pytest.mark.parametrize("wrong", [{"minimum_length": 5}, {"requires": frozenset({"luck"})}, {"temporary_days": 0}])
def test_policy_that_makes_no_sense_is_refused(wrong: dict[str, object]) -> None:
    """A policy outside of Cognito's own limits is a mistake of the caller."""
    with pytest.raises(ValueError, match=next(iter(wrong))):
        PasswordPolicy(**wrong)  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("path", ["", ".", "/", "~nobody-has-this-name/users.db"])
@pytest.mark.parametrize("setting", ["path", "jwks_path"])
def test_path_that_names_no_file_is_a_configuration_error(setting: str, path: str) -> None:
    """A path that cannot be a file's is named as the setting that it is."""
    with pytest.raises(ConfigurationError, match=setting):
        LocalSettings.read({"path": "users.db", setting: path}, {})


@pytest.mark.parametrize("setting", ["path", "jwks_path", "custom_attributes", "password_policy", "argon2"])
def test_setting_of_another_type_is_a_configuration_error(setting: str, tmp_path: Path) -> None:
    """A keyword of another type is named, and no TypeError."""
    for wrong in (7, b"x", [1], object()):
        given: dict[str, Any] = {"path": tmp_path / "users.db", setting: wrong}
        with pytest.raises(ConfigurationError, match=f"{setting}="):
            create(**given)
