"""Conditions on users, and the part of a search that a store leaves to usermgr.

>>> where("email").starts_with("ada")
Condition(field='email', operator=<Operator.STARTS_WITH: 'starts_with'>, value='ada')
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from usermgr._models import User
from usermgr.errors import InvalidInputError

__all__ = ["Condition", "Operator", "SearchPlan", "matches", "where"]


class Operator(StrEnum):
    """How a field is compared. `BEFORE` and `AFTER` are for `created_at` and `updated_at`.

    `SAME` compares as the store compares names: in any case where the store says that case does not matter, else
    exactly.
    """

    EQUALS = "equals"
    SAME = "same"
    STARTS_WITH = "starts_with"
    CONTAINS = "contains"
    ENDS_WITH = "ends_with"
    BEFORE = "before"
    AFTER = "after"


_TIMES = ("created_at", "updated_at")
_EXACT = ("enabled", "group", "sub")
_ORDER = (Operator.BEFORE, Operator.AFTER)


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition: `field` is `username`, `sub`, `status`, `enabled`, `group`, `created_at`, `updated_at`
    or the name of any attribute, standard or custom.

    `value` is text: `true` or `false` for `enabled`, ISO 8601 with an offset for the two times. Upper and lower case
    differ, except for `Operator.SAME`.

    Raises:
        InvalidInputError: the operator does not fit the field, or the value the operator.
    """

    field: str
    operator: Operator
    value: str

    def __post_init__(self) -> None:
        self._check_types()
        if (self.field in _TIMES) is not (self.operator in _ORDER):
            raise InvalidInputError(
                f"{self.operator.value} does not fit {self.field}: created_at and updated_at take before and after, "
                "all other fields take equals, same, starts_with, contains or ends_with",
                field=self.field,
            )
        if self.field in _EXACT and self.operator is not Operator.EQUALS:
            raise InvalidInputError(f"{self.field} can only be compared with equals", field=self.field)
        if self.field == "enabled" and self.value not in ("true", "false"):
            raise InvalidInputError("enabled must be true or false", field="enabled")
        if self.field in _TIMES:
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
        return Condition(self.field, Operator.BEFORE, value.isoformat())

    def after(self, value: datetime) -> Condition:
        """The time is `value`, an aware datetime, or later."""
        return Condition(self.field, Operator.AFTER, value.isoformat())


@dataclass(frozen=True, slots=True)
class SearchPlan:
    """Which conditions the store answers, and which usermgr applies to what the store returned."""

    by_service: tuple[Condition, ...]
    by_client: tuple[Condition, ...]


def plan(conditions: Sequence[Condition], answered: Collection[int]) -> SearchPlan:
    """Splits the conditions into those that were answered and the others."""
    return SearchPlan(
        by_service=tuple(c for i, c in enumerate(conditions) if i in answered),
        by_client=tuple(c for i, c in enumerate(conditions) if i not in answered),
    )


def matches(user: User, condition: Condition) -> bool:
    """Whether the user meets the condition. Only the store can answer a condition on `group`.

    Raises:
        InvalidInputError: the condition is on `group`.
    """
    name, operator, value = condition.field, condition.operator, condition.value
    match name:
        case "group":
            raise InvalidInputError(
                "a User does not hold its groups: only the store can answer this condition", field="group"
            )
        case "created_at" | "updated_at":
            moment = user.created_at if name == "created_at" else user.updated_at
            return moment < condition.time() if operator is Operator.BEFORE else moment >= condition.time()
        case "enabled":
            return user.enabled is (value == "true")
        case "username" | "sub":
            text = user.username if name == "username" else user.sub
        case "status":
            text = user.status.value
        case _:
            text = user.attributes.get(name)
    if text is None:
        return False
    match operator:
        case Operator.SAME:
            return text.lower() == value.lower()
        case Operator.STARTS_WITH:
            return text.startswith(value)
        case Operator.CONTAINS:
            return value in text
        case Operator.ENDS_WITH:
            return text.endswith(value)
        case _:
            return text == value
