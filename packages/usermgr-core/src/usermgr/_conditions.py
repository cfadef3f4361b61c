"""Conditions on users: what `usermgr.search` offers, and what `usermgr._query` reads and writes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from usermgr.errors import InvalidInputError

__all__ = ["ANYWHERE", "TIMES", "Condition", "Operator", "operators_of", "where"]

ANYWHERE = "*"
"""The field of a plain word, which stands for several fields: `usermgr.search.WORD_FIELDS`."""


class Operator(StrEnum):
    """How a field is compared. `BEFORE` and `AFTER` are for `created_at` and `updated_at`.

    `SAME` compares as the store compares names: in any case where the store says that case does not matter, else
    exactly. `LACKS` is for attributes: the user has none of that name, or an empty one. `MENTIONS` is for the field `*`
    alone: a plain word, in whatever case, width and Unicode form. A user management function that is older than an
    operator refuses it with `InvalidInputError`: deploy the function before its clients.
    """

    EQUALS = "equals"
    SAME = "same"
    STARTS_WITH = "starts_with"
    CONTAINS = "contains"
    ENDS_WITH = "ends_with"
    BEFORE = "before"
    AFTER = "after"
    LACKS = "lacks"
    MENTIONS = "mentions"


TIMES = ("created_at", "updated_at")
_EXACT = ("enabled", "group", "sub")
_ORDER = (Operator.BEFORE, Operator.AFTER)
_TEXT = (Operator.EQUALS, Operator.SAME, Operator.STARTS_WITH, Operator.CONTAINS, Operator.ENDS_WITH)


def operators_of(field: str) -> tuple[Operator, ...]:
    """The operators that a condition on the field can have."""
    if field == ANYWHERE:
        return (Operator.MENTIONS,)
    if field in TIMES:
        return _ORDER
    if field in _EXACT:
        return (Operator.EQUALS,)
    if field in ("username", "status"):
        return _TEXT
    return (*_TEXT, Operator.LACKS)


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition: `field` is `username`, `sub`, `status`, `enabled`, `group`, `created_at`, `updated_at`, `*` for
    all that plain words are looked for in, or the name of any attribute, standard or custom.

    `value` is text: `true` or `false` for `enabled`, ISO 8601 with an offset for the two times, and empty for
    `Operator.LACKS`. Upper and lower case differ, except for `Operator.SAME` and `Operator.MENTIONS`.

    Raises:
        InvalidInputError: the operator does not fit the field, or the value the operator.
    """

    field: str
    operator: Operator
    value: str

    def __post_init__(self) -> None:
        self._check_types()
        fitting = operators_of(self.field)
        if self.operator not in fitting:
            raise InvalidInputError(
                f"{self.operator.value} does not fit {self.field}, which takes {', '.join(fitting)}", field=self.field
            )
        if self.operator is Operator.LACKS and self.value:
            raise InvalidInputError(f"{self.field} is lacking or not: the condition has no value", field=self.field)
        if self.operator is Operator.MENTIONS and not self.value:
            raise InvalidInputError("a word to look for must not be empty", field=self.field)
        if self.field == "enabled" and self.value not in ("true", "false"):
            raise InvalidInputError("enabled must be true or false", field="enabled")
        if self.field in TIMES:
            self.time()

    def _check_types(self) -> None:
        """For callers without types."""
        if not isinstance(self.field, str) or not self.field:  # pyright: ignore[reportUnnecessaryIsInstance] - see above
            raise InvalidInputError("the field of a condition must be a non-empty string", field="field")
        if self.operator not in list(Operator):  # a list, because not every value has a hash
            raise InvalidInputError(
                f"the operator of a condition on {self.field} must be one of {', '.join(Operator)}", field="operator"
            )
        object.__setattr__(self, "operator", Operator(self.operator))
        if not isinstance(self.value, str):  # pyright: ignore[reportUnnecessaryIsInstance] - see above
            raise InvalidInputError(
                f"a condition on {self.field} needs a string to compare the field with", field=self.field
            )

    def time(self) -> datetime:
        """`value` as an aware datetime in UTC."""
        try:
            parsed = datetime.fromisoformat(self.value)
            if parsed.tzinfo is not None:
                return parsed.astimezone(UTC)
        except (ValueError, OverflowError):  # OverflowError: the time does not exist in UTC
            pass
        raise InvalidInputError(
            f"{self.field} needs a time in ISO 8601 with an offset, such as 2026-01-31T00:00:00+00:00",
            field=self.field,
        )


@dataclass(frozen=True, slots=True)
class where:  # noqa: N801 - reads as a word of the query: where("email").equals(...)
    """The beginning of a condition."""

    field: str

    def equals(self, value: str | bool) -> Condition:
        """The field is exactly `value`."""
        text = str(value).lower() if isinstance(value, bool) else value
        return Condition(self.field, Operator.EQUALS, text)

    def same_as(self, value: str) -> Condition:
        """The field is `value`, in any case where the store says that case does not matter."""
        return Condition(self.field, Operator.SAME, value)

    def starts_with(self, value: str) -> Condition:
        """The field begins with `value`."""
        return Condition(self.field, Operator.STARTS_WITH, value)

    def contains(self, value: str) -> Condition:
        """The field contains `value`."""
        return Condition(self.field, Operator.CONTAINS, value)

    def ends_with(self, value: str) -> Condition:
        """The field ends with `value`."""
        return Condition(self.field, Operator.ENDS_WITH, value)

    def before(self, value: datetime) -> Condition:
        """The time is earlier than `value`, an aware datetime."""
        return Condition(self.field, Operator.BEFORE, _iso(value))

    def after(self, value: datetime) -> Condition:
        """The time is `value`, an aware datetime, or later."""
        return Condition(self.field, Operator.AFTER, _iso(value))

    def is_missing(self) -> Condition:
        """The user has no such attribute, or an empty one."""
        return Condition(self.field, Operator.LACKS, "")

    def mentions(self, value: str) -> Condition:
        """`where("*").mentions("tanaka")`: a plain word or a phrase occurs in one of `usermgr.search.WORD_FIELDS`, in
        whatever case, width and Unicode form."""
        return Condition(self.field, Operator.MENTIONS, value)


def _iso(value: datetime) -> str:
    """The time as text; empty, which no condition takes, for what is none."""
    return value.isoformat() if isinstance(value, datetime) else ""  # pyright: ignore[reportUnnecessaryIsInstance] - for callers without types
