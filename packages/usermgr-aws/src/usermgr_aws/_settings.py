"""Where the settings of an AWS-facing package come from, in order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from usermgr.settings import Environment, Keywords, SettingsSource

__all__ = ["aws_sources"]


@dataclass(frozen=True, slots=True)
class _SdkConfiguration:
    """The Region of the SDK's own configuration: a session, `AWS_DEFAULT_REGION`, or the profile's."""

    profile: str | None
    session: Any

    def find(self, name: str, variable: str) -> str | None:
        del variable
        if name != "region":
            return None
        if self.session is not None:
            return getattr(self.session, "region_name", None)  # `Connection` refuses what is not a session
        from botocore import exceptions, session  # noqa: PLC0415 - the SDK loads when it is needed

        try:
            return session.Session(profile=self.profile).get_config_variable("region")
        except exceptions.BotoCoreError:
            return None  # a profile that does not exist: creating the client raises the error that names it

    def origin(self, name: str, variable: str) -> str:
        """The session, or the profile."""
        del name, variable
        if self.session is not None:
            return "the session"
        return "the SDK's configuration" if self.profile is None else f"the profile {self.profile}"


def aws_sources(
    given: Mapping[str, str | None],
    environ: Mapping[str, str] | None = None,
    *,
    profile: str | None = None,
    session: Any = None,
) -> list[SettingsSource]:
    """Keywords, then the session's Region if one was given, the environment, and the SDK's configuration.

    With `environ`, that mapping is used instead of the environment, and the SDK's configuration is not read.
    """
    chosen = [_SdkConfiguration(profile, session)] if session is not None else []
    fallback = [] if environ is not None or session is not None else [_SdkConfiguration(profile, None)]
    return [Keywords(given), *chosen, Environment(environ), *fallback]
