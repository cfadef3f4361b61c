"""Forms for attributes, made by WTForms from what the store says of itself.

A form carries a mark of each value that it was shown with. Only what the person changed is written, and what somebody
else changed meanwhile is told and not overwritten.
"""

# WTForms has no types of its own; what comes out of here has.
# pyright: reportMissingTypeStubs=false, reportUnknownVariableType=false, reportUnknownMemberType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.datastructures import FormData
from wtforms import StringField, validators
from wtforms.form import BaseForm
from wtforms.i18n import get_translations
from wtforms.meta import DefaultMeta

from usermgr import AttributeDescription, AttributeType, StoreDescription, Writer
from usermgr_console._i18n import N_, Language
from usermgr_console._labels import ATTRIBUTES
from usermgr_console._text import is_plain
from usermgr_console._told import Told

__all__ = ["AttributeField", "AttributesForm", "Changes", "mark_of"]

FIRST = ("name", "given_name", "family_name", "email", "email_verified", "phone_number", "phone_number_verified")
VALUE, WAS, VERIFY = "value.", "was.", "verify."
"""What the names of fields begin with, before the attribute's name."""

ADDRESSES = {"email": "email_verified", "phone_number": "phone_number_verified"}


def mark_of(value: str) -> str:
    """What a form carries of a value that it was shown with."""
    return hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class AttributeField:
    """One attribute in a form."""

    name: str
    label: str
    value: str
    was: str
    editable: bool
    required: bool
    choices: tuple[tuple[str, str], ...] = ()
    max_length: int | None = None
    error: Told | None = None
    verifies: str | None = None
    """The attribute that says whether this address is verified."""

    @property
    def is_usual(self) -> bool:
        """Whether it is shown at once: what is filled or needed, and what most people have."""
        return bool(self.value or self.required or self.error) or self.name in FIRST


@dataclass(slots=True)
class Changes:
    """What a form asks for."""

    attributes: dict[str, str | None] = field(default_factory=dict[str, "str | None"])
    conflicts: list[str] = field(default_factory=list[str])
    """The attributes that somebody else changed meanwhile."""
    errors: dict[str, Told] = field(default_factory=dict[str, Told])


class AttributesForm:
    """The attributes of a person, or of somebody new."""

    def __init__(self, store: StoreDescription, language: Language, *, creating: bool = False) -> None:
        self._language = language
        self._creating = creating
        described = {attribute.name: attribute for attribute in store.attributes if attribute.name != "sub"}
        order = [*(name for name in FIRST if name in described), *(name for name in described if name not in FIRST)]
        self._attributes = [described[name] for name in order]

    def fields(
        self, values: Mapping[str, str], sent: FormData | None = None, errors: Mapping[str, Told] | None = None
    ) -> list[AttributeField]:
        """What to show: the values in the store, and those that somebody changed in the form that was sent.

        The form is marked with what the store holds now, so a field that was left alone must show that too: else the
        next time it is sent, it would write back what somebody else has changed.
        """
        return [self._field(attribute, values, sent, errors or {}) for attribute in self._attributes]

    def changes(self, sent: FormData, values: Mapping[str, str]) -> Changes:
        """What the form that was sent asks for, compared with the values in the store."""
        form = self._form()
        form.process(sent)
        form.validate()
        found = Changes()
        for attribute in self._attributes:
            name, now = attribute.name, values.get(attribute.name, "")
            key = VALUE + name
            if key not in sent or not self._is_editable(attribute, now):
                continue
            wanted, was = str(sent[key]), str(sent.get(WAS + name, mark_of("")))
            if mark_of(wanted) == was:
                continue
            problems: Any = form.errors.get(key)
            if problems:
                found.errors[name] = Told(str(problems[0]))
            if mark_of(now) != was:
                found.conflicts.append(name)
            elif not problems:
                found.attributes[name] = wanted or None
                verified = ADDRESSES.get(name)
                if wanted and verified and sent.get(VERIFY + name) == "1":
                    found.attributes[verified] = "true"
        if self._creating:
            found.attributes = {name: value for name, value in found.attributes.items() if value is not None}
        return found

    def _field(
        self,
        attribute: AttributeDescription,
        values: Mapping[str, str],
        sent: FormData | None,
        errors: Mapping[str, Told],
    ) -> AttributeField:
        now = values.get(attribute.name, "")
        given = None if sent is None else sent.get(VALUE + attribute.name)
        is_changed = isinstance(given, str) and mark_of(given) != (sent or {}).get(WAS + attribute.name, mark_of(""))
        label = ATTRIBUTES.get(attribute.name)
        choices: tuple[tuple[str, str], ...] = ()
        if attribute.type is AttributeType.BOOLEAN:
            choices = (("", ""), ("true", self._language.text(N_("Yes"))), ("false", self._language.text(N_("No"))))
            choices += ((now, now),) if now not in ("", "true", "false") else ()  # it stays unless it is changed
        return AttributeField(
            name=attribute.name,
            label=attribute.name if label is None else self._language.text(label),
            value=str(given) if is_changed else now,
            was=mark_of(now),
            editable=self._is_editable(attribute, now),
            required=attribute.required,
            choices=choices,
            max_length=attribute.max_length,
            error=errors.get(attribute.name),
            verifies=ADDRESSES.get(attribute.name),
        )

    def _is_editable(self, attribute: AttributeDescription, now: str) -> bool:
        """A value that a field would change by itself cannot be edited here."""
        writable = Writer.ADMINISTRATOR in attribute.writers and (attribute.mutable or self._creating)
        return writable and is_plain(now)

    def _form(self) -> BaseForm:
        fields = {VALUE + attribute.name: self._wtforms_field(attribute) for attribute in self._attributes}
        return BaseForm(fields, meta=_Meta(self._language.code))

    def _wtforms_field(self, attribute: AttributeDescription) -> Any:
        text = self._language.text
        if attribute.type is AttributeType.BOOLEAN:
            return StringField(validators=[validators.Optional(), validators.AnyOf(("true", "false"))])
        checks: list[Any] = [validators.InputRequired() if attribute.required else validators.Optional()]
        low, high = attribute.min_length or -1, attribute.max_length or -1
        if low != -1 or high != -1:
            checks.append(validators.Length(min=low, max=high, message=self._length(low, high)))
        if attribute.name == "email":
            checks.append(
                validators.Regexp(r"[^@\s]+@[^@\s]+\Z", message=text(N_("An address such as ada@example.org.")))
            )
        if attribute.type is AttributeType.NUMBER:
            checks.append(validators.Regexp(r"-?\d+(\.\d+)?\Z", message=text(N_("A number."))))
        return StringField(validators=checks)

    def _length(self, low: int, high: int) -> str:
        """How many characters there may be, of which WTForms does not know every case in Japanese; -1 is no bound."""
        if low == high:
            return self._language.text(N_("Exactly %(count)s characters."), count=low)
        if low == -1:
            return self._language.text(N_("At most %(count)s characters."), count=high)
        if high == -1:
            return self._language.text(N_("At least %(count)s characters."), count=low)
        return self._language.text(N_("From %(low)s to %(high)s characters."), low=low, high=high)


class _Meta(DefaultMeta):
    """WTForms' own messages in the reader's language; the token of a form is the console's."""

    csrf = False

    def __init__(self, code: str) -> None:
        self.code = code

    def get_translations(self, form: object) -> Any:
        """The catalog that WTForms brings."""
        del form
        return get_translations([self.code])
