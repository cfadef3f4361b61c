"""A boto3 client for the sandbox that nothing in the environment can lead elsewhere."""

from __future__ import annotations

import os
from typing import Any

import boto3
import botocore.session
from botocore.config import Config

from usermgr_sandbox._isolation import REGION, ROOT_KEY_ID, ROOT_SECRET

__all__ = ["make_client"]

_NO_FILES: dict[str, Any] = {
    "profile": (None, None, None, None),
    "config_file": (None, None, os.devnull, None),
    "credentials_file": (None, None, os.devnull, None),
}
"""botocore's session variables: name in the configuration file, in the environment, default, conversion."""


def make_client(service: str, endpoint_url: str) -> Any:
    """A client as the sandbox's operator: no profile, no configuration file, no proxy, no special endpoint."""
    session: Any = boto3.session.Session(botocore_session=botocore.session.Session(session_vars=_NO_FILES))
    return session.client(
        service,
        endpoint_url=endpoint_url,
        region_name=REGION,
        aws_access_key_id=ROOT_KEY_ID,
        aws_secret_access_key=ROOT_SECRET,
        config=Config(proxies={}, use_fips_endpoint=False, use_dualstack_endpoint=False),
    )
