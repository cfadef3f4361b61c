"""The settings of the local store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from usermgr import MfaMode
from usermgr.settings import Environment, Keywords, SettingsReader
from usermgr_local._passwords import CHARACTERS, Argon2Cost, PasswordPolicy

__all__ = ["LocalSettings"]

USER_POOL_ID = r"[a-z]{2,}(-[a-z]+)+-\d+_[0-9a-zA-Z]+"
CLIENT_ID = r"[\w+]{1,128}"
CUSTOM_ATTRIBUTE = r"custom:[^\s,:]{1,20}"
"""At most 20 characters, and at most 50 of them:
https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-attributes.html
"""
MAX_CUSTOM_ATTRIBUTES = 50

DEFAULT_POOL = "zz-local-1_usermgr"
DEFAULT_CLIENT = "local"
DEFAULT_CUSTOM_ATTRIBUTES = "custom:extra_info"


@dataclass(frozen=True, slots=True)
class LocalSettings:
    """The settings of one store. Only the path has no default: no file is written that nobody named."""

    path: Path
    jwks_path: Path
    """Where the public keys are published: by default the path with `.jwks.json` appended."""
    user_pool_id: str = DEFAULT_POOL
    """Part of the tokens' issuer. The default's Region does not exist, so that nobody mistakes the tokens for AWS's."""
    client_id: str = DEFAULT_CLIENT
    case_sensitive: bool = False
    """Fixed when the store is created, as in a user pool."""
    custom_attributes: frozenset[str] = frozenset({DEFAULT_CUSTOM_ATTRIBUTES})
    password_policy: PasswordPolicy = field(default_factory=PasswordPolicy)
    argon2: Argon2Cost = field(default_factory=Argon2Cost)
    mfa: MfaMode = MfaMode.OPTIONAL
    """Whether a sign-in asks for a second factor: never, of the users who have one, or of everybody."""

    @classmethod
    def read(
        cls,
        given: Mapping[str, str | None] | None = None,
        environ: Mapping[str, str] | None = None,
        *,
        password_policy: PasswordPolicy | None = None,
        argon2: Argon2Cost | None = None,
    ) -> LocalSettings:
        """From keyword arguments, or else from the environment.

        `USERMGR_LOCAL_PATH`, `USERMGR_LOCAL_JWKS_PATH`, `USERPOOL_ID`, `CLIENT_ID`, `USERMGR_LOCAL_CASE_SENSITIVE`
        (`true` or `false`), `USERMGR_LOCAL_CUSTOM_ATTRIBUTES` (such as `custom:team,custom:extra_info`, or `none`),
        `USERMGR_LOCAL_PASSWORD_LENGTH` (6 to 99), `USERMGR_LOCAL_PASSWORD_REQUIRES` (some of
        `uppercase,lowercase,numbers,symbols`, or `none`) and `USERMGR_LOCAL_MFA` (`off`, `optional` or `required`).

        Raises `ConfigurationError`, which names all that is missing or malformed.
        """
        reader = SettingsReader("usermgr's local store", [Keywords(given or {}), Environment(environ)])
        path = reader.text("path", "USERMGR_LOCAL_PATH")
        if path == ":memory:":
            reader.problem(
                "USERMGR_LOCAL_PATH (or path=) must name a file: a store in memory would be lost when the program ends"
            )
        jwks_path = reader.optional("jwks_path", "USERMGR_LOCAL_JWKS_PATH")
        pool = reader.optional("user_pool_id", "USERPOOL_ID", pattern=USER_POOL_ID, example=DEFAULT_POOL)
        client = reader.optional("client_id", "CLIENT_ID", pattern=CLIENT_ID)
        case = reader.optional("case_sensitive", "USERMGR_LOCAL_CASE_SENSITIVE", pattern="true|false")
        custom = reader.optional(
            "custom_attributes",
            "USERMGR_LOCAL_CUSTOM_ATTRIBUTES",
            pattern=f"none|{CUSTOM_ATTRIBUTE}(,{CUSTOM_ATTRIBUTE})*",
            example="custom:team,custom:extra_info",
        )
        custom_attributes = _names(custom or DEFAULT_CUSTOM_ATTRIBUTES)
        if len(custom_attributes) > MAX_CUSTOM_ATTRIBUTES:
            reader.problem(f"USERMGR_LOCAL_CUSTOM_ATTRIBUTES names more than {MAX_CUSTOM_ATTRIBUTES} attributes")
        mfa = reader.optional("mfa", "USERMGR_LOCAL_MFA", pattern="|".join(MfaMode))
        for name, value, kind in (("password_policy", password_policy, PasswordPolicy), ("argon2", argon2, Argon2Cost)):
            if value is not None and not isinstance(value, kind):  # pyright: ignore[reportUnnecessaryIsInstance] - for callers without types
                reader.problem(f"{name}= must be a usermgr_local.{kind.__name__}")
        policy = password_policy or _read_policy(reader)
        file = _file(reader, "USERMGR_LOCAL_PATH (or path=)", path)
        jwks_file = _file(reader, "USERMGR_LOCAL_JWKS_PATH (or jwks_path=)", jwks_path) if jwks_path else None
        reader.finish()
        return cls(
            path=file,
            jwks_path=jwks_file or file.with_name(f"{file.name}.jwks.json"),
            user_pool_id=pool or DEFAULT_POOL,
            client_id=client or DEFAULT_CLIENT,
            case_sensitive=case == "true",
            custom_attributes=custom_attributes,
            password_policy=policy,
            argon2=argon2 or Argon2Cost(),
            mfa=MfaMode(mfa or MfaMode.OPTIONAL),
        )

    @property
    def issuer(self) -> str:
        """The tokens' `iss`, in Cognito's form."""
        region = self.user_pool_id.split("_")[0]
        return f"https://cognito-idp.{region}.amazonaws.com/{self.user_pool_id}"


def _file(reader: SettingsReader, setting: str, path: str) -> Path:
    try:
        file = Path(path).expanduser()
    except RuntimeError:  # `~somebody`, whom this machine does not know
        file = Path()
    if path and not file.name:
        reader.problem(f"{setting} must name a file")
    return file if file.name else Path("missing")


def _read_policy(reader: SettingsReader) -> PasswordPolicy:
    kinds = "|".join(CHARACTERS)
    length = reader.optional("password_length", "USERMGR_LOCAL_PASSWORD_LENGTH", pattern="[6-9]|[1-9][0-9]")
    requires = reader.optional(
        "password_requires",
        "USERMGR_LOCAL_PASSWORD_REQUIRES",
        pattern=f"none|({kinds})(,({kinds}))*",
        example="uppercase,lowercase,numbers",
    )
    default = PasswordPolicy()
    try:
        return PasswordPolicy(
            minimum_length=int(length) if length else default.minimum_length,
            requires=_names(requires) if requires else default.requires,
        )
    except ValueError:
        return default  # malformed: the reader has noted it, and will raise


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split(",")) - {"none"}
