"""The forms of AWS's names, as regular expressions for `re.fullmatch`.

Pool and client ids: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminInitiateAuth.html.
Functions: https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html.
"""

from __future__ import annotations

__all__ = ["CLIENT_ID", "FUNCTION_ARN", "FUNCTION_NAME", "REGION", "USER_POOL_ID", "region_of_pool"]

REGION = r"[a-z]{2,4}(-[a-z]+)+-\d{1,2}"
"""Two letters, or four in the European Sovereign Cloud (`eusc-de-east-1`)."""

USER_POOL_ID = r"[\w-]+_[0-9a-zA-Z]+"
CLIENT_ID = r"[\w+]{1,128}"

FUNCTION_NAME = r"(arn:[\w-]+:lambda:[\w-]+:\d{12}:function:)?[\w-]{1,64}(:[\w$-]+)?"
"""A name or an ARN, with or without a version or an alias."""

FUNCTION_ARN = (
    rf"arn:aws[a-z-]*:lambda:{REGION}:\d{{12}}:function:[A-Za-z0-9_-]{{1,64}}"
    r"(?::(?P<qualifier>\$LATEST|[A-Za-z0-9_-]{1,128}))?"
)
"""The ARN of a function; the group `qualifier` is its version or alias."""


def region_of_pool(user_pool_id: str) -> str:
    """The Region that a user pool's id begins with: `ap-northeast-1` for `ap-northeast-1_AbCdEf123`."""
    return user_pool_id.split("_", maxsplit=1)[0]
