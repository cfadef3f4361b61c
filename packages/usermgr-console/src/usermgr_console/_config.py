"""How a console is set up: one frozen value, from keywords or from the environment."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, timedelta, tzinfo
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from usermgr.errors import ConfigurationError
from usermgr.settings import Environment, Keywords, SettingsReader

__all__ = ["Config", "is_safe_url"]

LANGUAGES = ("en", "ja")
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


@dataclass(frozen=True, slots=True)
class Config:
    """How one console is set up. docs/console.md has a table of the members, with the variables of `Config.read`.

    Raises:
        ConfigurationError: the origin is none, or is plain http beyond this machine; a limit is not above zero; a
            proxy is no address.
    """

    origin: str
    """Where browsers find the console: scheme, host and port, and no path, such as `https://people.example.org`. Every
    other `Host` and every other `Origin` is refused."""
    folder: Path
    """A folder for its owner alone, which the processes of one host share: sessions, and files of work under way."""
    readers: frozenset[str] = frozenset()
    support: frozenset[str] = frozenset()
    administrators: frozenset[str] = frozenset()
    """The groups of the store, or of the identity provider, whose members have the role."""
    store_sign_in: bool = True
    """Whether staff sign in with their name and password in the store."""
    second_factor: bool = True
    """Whether a sign-in at the store counts only with a second factor."""
    idle: timedelta = timedelta(minutes=30)
    absolute: timedelta = timedelta(hours=12)
    """How long a session lives without a request, and at most."""
    recheck: timedelta = timedelta(seconds=60)
    """After how long a session's person is looked up again: a disabled person and a lost role are noticed then."""
    trusted_proxies: tuple[str, ...] = ()
    """The addresses or networks whose `X-Forwarded-For` counts; of nobody else."""
    zone: tzinfo = UTC
    """The zone that exact times are shown in."""
    title: str = "usermgr"
    language: str | None = None
    """`en` or `ja` for who has chosen none; without it, what the browser asks for."""
    max_body: int = 256 * 1024
    """How many bytes the body of a request may have, but for routes that take files."""
    oidc_issuer: str | None = None
    """The identity provider whose people sign in by OpenID Connect, as its discovery document calls itself."""
    oidc_client_id: str | None = None
    oidc_client_secret: str | None = field(default=None, repr=False)
    """The console's name at the provider; a public client has no secret."""
    oidc_scopes: str = "openid profile email"
    oidc_groups_claim: str | None = None
    """The claim of the ID token that names a person's groups: `cognito:groups` of a user pool, else `groups`."""
    oidc_is_store: bool | None = None
    """Whether the provider's people are those of the store, by `sub`. Without it, they are where the issuer ends in the
    store's name, as a user pool's does."""
    oidc_absolute: timedelta = timedelta(hours=1)
    """How long a session of somebody who is not of the store lives at most: nobody can look them up again."""

    def __post_init__(self) -> None:
        problems = [*self._problems()]
        if problems:
            raise ConfigurationError(f"usermgr's console: {'; '.join(problems)}", problems=problems)

    def _problems(self) -> list[str]:
        parts = urlsplit(self.origin)
        found: list[str] = []
        if re.fullmatch(r"https?://[a-z0-9.\-\[\]:]+", self.origin) is None:
            found.append("origin must be like https://people.example.org, in lower case and without a path")
        elif parts.scheme == "http" and not self.is_loopback:
            found.append("origin must be https:// beyond this machine: put TLS in front")
        found += [
            f"{name} must be above zero"
            for name in ("idle", "absolute", "recheck", "oidc_absolute")
            if getattr(self, name) <= timedelta()
        ]
        if self.language not in (None, *LANGUAGES):
            found.append(f"language must be one of {', '.join(LANGUAGES)}")
        for proxy in self.trusted_proxies:
            try:
                ipaddress.ip_network(proxy)
            except ValueError:
                found.append(f"trusted_proxies has {proxy!r}, which is no address and no network")
        return found + self._oidc_problems()

    def _oidc_problems(self) -> list[str]:
        if self.oidc_issuer is None:
            given = self.oidc_client_id is not None or self.oidc_client_secret is not None
            return ["oidc_issuer is missing: sign-in by OpenID Connect needs it"] if given else []
        found: list[str] = []
        if not is_safe_url(self.oidc_issuer) or "?" in self.oidc_issuer:
            found.append(
                "oidc_issuer must be an https:// address, or http:// on this machine, without query and fragment"
            )
        if not self.oidc_client_id:
            found.append("oidc_client_id is missing: the provider gives it to the client that you make there")
        if "openid" not in self.oidc_scopes.split():
            found.append("oidc_scopes must have openid")
        return found

    @property
    def is_user_pool(self) -> bool:
        """Whether the provider is a user pool of Amazon Cognito: its claim for groups and its sign-out are its own."""
        return re.match(r"https://(issuer-)?cognito-idp[.-]", self.oidc_issuer or "") is not None

    @property
    def is_secure(self) -> bool:
        """Whether browsers reach the console by TLS."""
        return self.origin.startswith("https://")

    @property
    def is_loopback(self) -> bool:
        """Whether the console is for this machine alone."""
        host = self.host
        return host.rpartition(":")[0] in LOOPBACK or host in LOOPBACK

    @property
    def host(self) -> str:
        """The one `Host` that is answered: name, and port where it is not the scheme's own."""
        return urlsplit(self.origin).netloc

    @property
    def cookie(self) -> str:
        """The cookie's name. Browsers take `__Host-` by TLS alone, and tell the ports of a host not apart."""
        return "__Host-usermgr" if self.is_secure else f"usermgr-{self.host.rpartition(':')[2] or '80'}"

    @classmethod
    def read(cls, environ: Mapping[str, str] | None = None, **given: str | None) -> Config:
        """The configuration from the variables `USERMGR_CONSOLE_*`; keywords, as text, go before them.

        Raises `ConfigurationError`, which names all that is missing or malformed.
        """
        reader = SettingsReader("usermgr's console", [Keywords(given), Environment(environ)])
        prefix = "USERMGR_CONSOLE_"
        origin = reader.text("origin", f"{prefix}ORIGIN", example="https://people.example.org")
        folder = reader.text("folder", f"{prefix}FOLDER", example="/var/lib/usermgr-console")
        groups = {
            name: reader.optional(name, f"{prefix}{name.upper()}", example="helpdesk,second-line")
            for name in ("readers", "support", "administrators")
        }
        minutes = {
            name: reader.optional(name, f"{prefix}{name.upper()}_MINUTES", pattern=r"[1-9]\d{0,4}", example="30")
            for name in ("idle", "absolute")
        }
        recheck = reader.optional("recheck", f"{prefix}RECHECK_SECONDS", pattern=r"[1-9]\d{0,4}", example="60")
        factor = reader.optional("second_factor", f"{prefix}SECOND_FACTOR", pattern="required|optional")
        store = reader.optional("store_sign_in", f"{prefix}STORE_SIGN_IN", pattern="true|false")
        proxies = reader.optional("trusted_proxies", f"{prefix}TRUSTED_PROXIES", example="127.0.0.1,10.0.0.0/16")
        zone = _zone(reader, reader.optional("zone", f"{prefix}ZONE", example="Asia/Tokyo"))
        language = reader.optional("language", f"{prefix}LANGUAGE", pattern="|".join(LANGUAGES))
        title = reader.optional("title", f"{prefix}TITLE")
        oidc = {
            "issuer": reader.optional("oidc_issuer", f"{prefix}OIDC_ISSUER", example="https://login.example.org"),
            "client_id": reader.optional("oidc_client_id", f"{prefix}OIDC_CLIENT_ID"),
            "client_secret": reader.optional("oidc_client_secret", f"{prefix}OIDC_CLIENT_SECRET"),
            "scopes": reader.optional("oidc_scopes", f"{prefix}OIDC_SCOPES", example="openid profile groups"),
            "groups_claim": reader.optional("oidc_groups_claim", f"{prefix}OIDC_GROUPS_CLAIM", example="roles"),
        }
        is_store = reader.optional("oidc_is_store", f"{prefix}OIDC_IS_STORE", pattern="true|false")
        oidc_absolute = reader.optional(
            "oidc_absolute", f"{prefix}OIDC_ABSOLUTE_MINUTES", pattern=r"[1-9]\d{0,4}", example="60"
        )
        reader.finish()
        return cls(
            origin=origin,
            folder=Path(folder).expanduser(),
            readers=_names(groups["readers"]),
            support=_names(groups["support"]),
            administrators=_names(groups["administrators"]),
            store_sign_in=store != "false",
            second_factor=factor != "optional",
            idle=timedelta(minutes=int(minutes["idle"] or 30)),
            absolute=timedelta(minutes=int(minutes["absolute"] or 720)),
            recheck=timedelta(seconds=int(recheck or 60)),
            trusted_proxies=tuple(sorted(_names(proxies))),
            zone=zone,
            language=language,
            title=title or "usermgr",
            oidc_issuer=oidc["issuer"],
            oidc_client_id=oidc["client_id"],
            oidc_client_secret=oidc["client_secret"],
            oidc_scopes=oidc["scopes"] or "openid profile email",
            oidc_groups_claim=oidc["groups_claim"],
            oidc_is_store=None if is_store is None else is_store == "true",
            oidc_absolute=timedelta(minutes=int(oidc_absolute or 60)),
        )


def is_safe_url(url: str) -> bool:
    """Whether an address of the identity provider may be asked: by TLS, or on this machine; without a fragment."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return False
    plain = not parts.fragment and "@" not in parts.netloc and url.isprintable() and " " not in url
    local = parts.scheme == "http" and host in ("127.0.0.1", "localhost", "::1")
    return plain and bool(host) and (parts.scheme == "https" or local)


def _names(text: str | None) -> frozenset[str]:
    return frozenset(filter(None, map(str.strip, (text or "").split(","))))


def _zone(reader: SettingsReader, name: str | None) -> tzinfo:
    if name is None:
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        reader.problem(f"USERMGR_CONSOLE_ZONE (or zone=) names no zone that this machine knows: {name!r}")
        return UTC
