"""The id that AWS gave to a request, for whoever collects them: CloudTrail and AWS's support know a call by it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from usermgr import request_ids

__all__ = ["note_request"]


def note_request(response: Mapping[str, Any]) -> None:
    """Notes the id of a response of the SDK's, or of the one that a `ClientError` carries."""
    request_ids.note(response.get("ResponseMetadata", {}).get("RequestId"))
