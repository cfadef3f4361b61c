"""Reading settings."""

from __future__ import annotations

import pytest

from usermgr.errors import ConfigurationError
from usermgr.settings import Environment, Keywords, SettingsReader


def test_all_problems_are_told_at_once() -> None:
    """One error names every setting that is missing or malformed, with the remedy."""
    reader = SettingsReader("demo", [Keywords({"size": None}), Environment({"REGION": "nowhere!"})])
    reader.text("size", "SIZE")
    reader.text("region", "REGION", pattern="[a-z-]+")
    with pytest.raises(ConfigurationError) as caught:
        reader.finish()
    assert len(caught.value.problems or ()) == 2
    assert "SIZE" in str(caught.value)
    assert "REGION" in str(caught.value)


def test_malformed_value_is_not_repeated() -> None:
    """A malformed value never shows: it may be a secret in the wrong variable."""
    reader = SettingsReader("demo", [Environment({"CLIENT_ID": "S3cret-planted !"})])
    reader.optional("client_id", "CLIENT_ID", pattern=r"\w+")
    with pytest.raises(ConfigurationError) as caught:
        reader.finish()
    assert "S3cret" not in str(caught.value)


def test_sources_do_not_show_their_values() -> None:
    """A source's text, which a traceback may show, has no value: one may be a secret."""
    sources = [Keywords({"client_secret": "S3cret"}), Environment({"SECRET": "S3cret"})]

    assert "S3cret" not in repr(sources)


def test_keyword_goes_before_the_environment_and_empty_is_unset() -> None:
    """A keyword argument wins over the variable, and an empty variable counts as missing."""
    reader = SettingsReader("demo", [Keywords({"a": "given"}), Environment({"A": "environment", "B": ""})])
    assert reader.text("a", "A") == "given"
    assert reader.optional("b", "B") is None
    reader.finish()


@pytest.mark.parametrize("value", ["", 7, b"x", ["x"]], ids=repr)
def test_keyword_that_is_not_a_non_empty_string_is_named(value: str) -> None:
    """An empty keyword argument, or one that is not a string, is a problem, and not another library's exception."""
    reader = SettingsReader("demo", [Keywords({"region": value}), Environment({"AWS_REGION": "eu-west-1"})])
    reader.optional("region", "AWS_REGION", pattern="[a-z0-9-]+")

    with pytest.raises(ConfigurationError, match="region= must be a non-empty string"):
        reader.finish()


def test_origin_of_each_setting_is_known() -> None:
    """A reader knows which source each value came from; one that cannot word that is named by its class."""

    class Vault:
        """A source of before origins."""

        def find(self, name: str, variable: str) -> str | None:
            return "found" if name == "password" else None

    reader = SettingsReader("demo", [Keywords({"size": "3"}), Environment({"REGION": "here", "SIZE": "4"}), Vault()])
    for name in ("size", "region", "password", "missing"):
        reader.optional(name, name.upper())

    assert reader.origins == {"size": "the keyword size", "region": "REGION", "password": "Vault"}
