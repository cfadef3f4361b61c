"""Hostile tokens of every kind that we could think of, with the error that each must meet.

Every kind is a generator `(pool, stranger) -> (token, error class)`. Most tokens are signed with the pool's own key, so
that the signature cannot be what saves us.
"""

from usermgr_jwt_hostile.claims import issuers, rights, times, uses_and_clients
from usermgr_jwt_hostile.texts import base64_forms, broken_json, headers_json, payload_json
from usermgr_jwt_hostile.wire import (
    algorithms,
    critical_headers,
    embedded_keys,
    key_ids,
    megabytes,
    signatures,
    structures,
)

__all__ = ["KINDS", "broken_json"]

KINDS = [
    algorithms,
    embedded_keys,
    critical_headers,
    key_ids,
    headers_json,
    payload_json,
    base64_forms,
    signatures,
    structures,
    megabytes,
    times,
    uses_and_clients,
    issuers,
    rights,
]
