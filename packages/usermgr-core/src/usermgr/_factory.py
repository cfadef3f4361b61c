"""`Factory`: finds a backend or an activity store by its exact name, and creates it."""

from __future__ import annotations

import os
from typing import Any, ClassVar, cast

from usermgr._manager import UserManager
from usermgr._plugins import PluginKind
from usermgr.activity import ActivityStore

__all__ = ["Factory"]


class Factory:
    """Creates user managers and activity stores.

    A backend is a callable under the entry-point group `usermgr.backends` that takes its settings as keyword
    arguments, fills the rest from the environment, and returns a `UserManager`. An activity store is one under
    `usermgr.activity` that returns an `ActivityStore`.
    """

    AWS_COGNITO: ClassVar = "cognito"
    AWS_LAMBDA: ClassVar = "lambda"
    LOCAL: ClassVar = "local"
    """Names a backend and an activity store."""
    DYNAMODB: ClassVar = "dynamodb"

    @staticmethod
    def create(backend: str | None = None, **settings: Any) -> UserManager:
        """The user manager of `backend`, or of the one that the variable `USERMGR_BACKEND` names.

        Raises:
            UnknownBackendError: no name was given, or no installed package registers that name.
            BackendNotInstalledError: the backend is one of usermgr's own, and its package is not installed.
            ConfigurationError: settings are missing or malformed; the error names all of them.
        """
        name = backend if backend is not None else os.environ.get(BACKENDS.variable)
        return cast("UserManager", BACKENDS.make(name, settings))

    @staticmethod
    def create_activity(store: str | None = None, **settings: Any) -> ActivityStore:
        """The activity store that `store` names, or the variable `USERMGR_ACTIVITY`. Raises as `create` does."""
        name = store if store is not None else os.environ.get(ACTIVITY.variable)
        return cast("ActivityStore", ACTIVITY.make(name, settings))


BACKENDS = PluginKind(
    noun="backend",
    group="usermgr.backends",
    variable="USERMGR_BACKEND",
    method="Factory.create",
    ours={
        Factory.AWS_COGNITO: ("usermgr-cognito", "cognito"),
        Factory.AWS_LAMBDA: ("usermgr-lambda-client", "lambda"),
        Factory.LOCAL: ("usermgr-local", "local"),
    },
)

ACTIVITY = PluginKind(
    noun="activity store",
    group="usermgr.activity",
    variable="USERMGR_ACTIVITY",
    method="Factory.create_activity",
    ours={
        Factory.DYNAMODB: ("usermgr-activity", "activity"),
        Factory.LOCAL: ("usermgr-local", "local"),
    },
)
