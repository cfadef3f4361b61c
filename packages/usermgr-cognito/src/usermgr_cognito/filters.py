"""ListUsers filters: which condition Cognito can answer, and how it is written so that no input escapes.

One attribute, `=` or `^=`, at most 256 characters, never a custom attribute; a backslash or a double quote in
the value is escaped by a backslash:
https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ListUsers.html
"""

from __future__ import annotations

from collections.abc import Sequence

from usermgr import Condition, Operator

__all__ = ["choose", "to_filter"]

MAX_LENGTH = 256
_SYMBOLS = {Operator.EQUALS: "=", Operator.STARTS_WITH: "^="}
_NAMES = {
    "sub": "sub",
    "username": "username",
    "email": "email",
    "phone_number": "phone_number",
    "preferred_username": "preferred_username",
    "name": "name",
    "given_name": "given_name",
    "family_name": "family_name",
    "status": "cognito:user_status",
    "enabled": "status",
}
"""Our field names as Cognito's, the most selective first."""


def to_filter(condition: Condition) -> str | None:
    """The filter for a condition, or `None` where Cognito cannot answer it."""
    name, symbol = _NAMES.get(condition.field), _SYMBOLS.get(condition.operator)
    if name is None or symbol is None or not condition.value or not condition.value.isprintable():
        return None
    value = condition.value
    if condition.field == "enabled":
        value = "Enabled" if value == "true" else "Disabled"
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    text = f'{name} {symbol} "{escaped}"'
    return text if len(text) <= MAX_LENGTH else None


def choose(conditions: Sequence[Condition]) -> tuple[int, str] | None:
    """The one condition that Cognito shall answer, by index, with its filter: an equality before a prefix."""
    order = list(_NAMES)
    written = [(index, to_filter(condition)) for index, condition in enumerate(conditions)]
    candidates = [(index, text) for index, text in written if text is not None]
    if not candidates:
        return None
    return min(
        candidates,
        key=lambda found: (
            conditions[found[0]].operator is not Operator.EQUALS,
            order.index(conditions[found[0]].field),
        ),
    )
