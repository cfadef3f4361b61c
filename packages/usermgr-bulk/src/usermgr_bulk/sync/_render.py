"""A plan for people: plain lines, each with a marker in front, which a terminal may colour."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from usermgr_bulk.sync._plan import Action, Difference, GroupChange, Plan, Prune, UserChange

__all__ = ["markdown_of", "summary_of", "text_of"]

MARKERS: Mapping[Action, str] = {Action.CREATE: "+", Action.CHANGE: "~", Action.DELETE: "-"}


def text_of(plan: Plan) -> str:
    """The plan, a line for each thing that it does, and the counts at the end."""
    return "\n".join([*_lines(plan), *([""] if not plan.is_empty else []), *summary_of(plan)]) + "\n"


def markdown_of(plan: Plan) -> str:
    """The plan as Markdown, with the counts first. Nothing in it can end its block."""
    lines = list(_lines(plan))
    longest = max((len(run) for line in lines for run in re.findall("`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    first, *more = summary_of(plan)
    block = [f"{fence}diff", *lines, fence, ""] if lines else []
    return "\n".join([f"**{first}**", "", *block, *(f"- {line}" for line in more)]).rstrip() + "\n"


def summary_of(plan: Plan) -> list[str]:
    """The counts in a sentence, and a sentence for what is left alone."""
    if plan.is_empty:
        lines = ["No changes: the store is as declared."]
    else:
        users = _counted(
            (change.action, change.action is Action.CHANGE and change.enabled is False) for change in plan.users
        )
        groups = _counted((change.action, False) for change in plan.groups)
        joined = sum(len(change.joins) for change in plan.users)
        left = sum(len(change.leaves) for change in plan.users) + sum(change.members for change in plan.groups)
        lines = [f"Plan: users: {users}; groups: {groups}; memberships: {joined} to add, {left} to end."]
    for counts, why in ((plan.undeclared, "not declared"), (plan.unmanaged, "not managed")):
        if counts.people or counts.groups:
            found = [f"{counts.people} {'person' if counts.people == 1 else 'people'}"] if counts.people else []
            found += [f"{counts.groups} {'group' if counts.groups == 1 else 'groups'}"] if counts.groups else []
            lines.append(f"Left alone, because they are {why}: {' and '.join(found)}.")
    return lines


def _counted(changes: Any) -> str:
    found = list(changes)
    numbers = (
        (sum(action is Action.CREATE for action, _ in found), "create"),
        (sum(action is Action.CHANGE and not disables for action, disables in found), "change"),
        (sum(disables for _, disables in found), "disable"),
        (sum(action is Action.DELETE for action, _ in found), "delete"),
    )
    return ", ".join(f"{number} to {verb}" for number, verb in numbers if number) or "nothing"


def _lines(plan: Plan) -> Iterator[str]:
    for change in plan.groups:
        yield from _group(change)
    for change in plan.users:
        yield from _user(change, plan.prune)


def _group(change: GroupChange) -> Iterator[str]:
    ending = f" ({change.members} {'member' if change.members == 1 else 'members'})" if change.is_deletion else ""
    yield f"{MARKERS[change.action]} group {shown(change.name)}{ending}"
    for name, difference in (("description", change.description), ("precedence", change.precedence)):
        if difference is not None:
            yield _difference(change.action, name, difference)


def _user(change: UserChange, prune: Prune | None) -> Iterator[str]:
    why = " (not declared)" if change.pruned and prune is not None else ""
    yield f"{MARKERS[change.action]} user {shown(change.username)}{why}"
    for name, difference in change.attributes.items():
        yield _difference(change.action, shown(name), difference)
    if change.enabled is not None:
        before, after = str(not change.enabled).lower(), str(change.enabled).lower()
        yield f"    enabled: {after}" if change.action is Action.CREATE else f"    enabled: {before} -> {after}"
    for sign, groups in (("+", change.joins), ("-", change.leaves)):
        for group in groups:
            yield f"    {sign} group {shown(group)}"


def _difference(action: Action, name: str, difference: Difference[Any]) -> str:
    before, after = _value(difference.before), _value(difference.after)
    return f"    {name}: {after}" if action is Action.CREATE or before == after else f"    {name}: {before} -> {after}"


def _value(value: Any) -> str:
    return "(none)" if value is None or value == "" else shown(str(value))


def shown(text: str) -> str:
    """The text on one line, in quotation marks where it could be taken for something else."""
    if re.fullmatch(r"[^\s\"'()]+", text) and text.isprintable():
        return text
    escaped = "".join(c if c.isprintable() and c not in '"\\' else _escape(c) for c in text)
    return f'"{escaped}"'


def _escape(character: str) -> str:
    if character in '"\\':
        return f"\\{character}"
    point = ord(character)
    return f"\\u{point:04x}" if point < 0x10000 else f"\\U{point:08x}"
