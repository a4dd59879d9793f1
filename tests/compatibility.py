"""Say how one contract would break those who were built on an earlier one.

What participants send must stay acceptable; what the exchange emits must stay what its readers
expect. Both are one question: is everything that the giver may write something the taker takes? For
inbound events the giver is the released contract, for outbound events the present one. What the
checker can't decide (a changed pattern, say) counts as a break.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

Json = dict[str, Any]

_ANNOTATIONS: Final = frozenset(
    {"$schema", "$id", "$defs", "$ref", "title", "description", "examples", "default"}
    | {"discriminator", "additionalProperties"}
)
_LOW: Final = ("minimum", "exclusiveMinimum", "minLength", "minItems")
_HIGH: Final = ("maximum", "exclusiveMaximum", "maxLength", "maxItems")
_TAGS: Final = ("type", "family")
"""The properties that tell the branches of a union apart; readers skip a tag they don't know."""

_CONDITION: Final = frozenset({"if", "then", "else"})
_COMPARED: Final = frozenset(
    {"type", "const", "enum", "properties", "required", "items", "anyOf", "oneOf", *_LOW, *_HIGH}
)


def breaks(released: Json, present: Json) -> list[str]:
    """Name everything that breaks whoever relies on `released` once `present` is in force."""
    return [
        *_events(released["inbound"], present["inbound"], inbound=True),
        *_events(released["outbound"], present["outbound"], inbound=False),
        *_refusals(released["refusals"], present["refusals"]),
        *_topics(released["topics"], present["topics"]),
    ]


def _refusals(released: Json, present: Json) -> Iterator[str]:
    for value, old in released.items():
        if value not in present:
            yield f"refusal {value}: removed"
        elif present[value]["retry"] != old["retry"]:
            yield f"refusal {value}: retry is no longer {old['retry']}"


def _topics(released: Json, present: Json) -> Iterator[str]:
    for name, old in released.items():
        new = present.get(name)
        if new is None:
            yield f"topic {name}: removed"
            continue
        if new["partitions"] != old["partitions"]:
            yield f"topic {name}: partitions changed"
        for kind in sorted(set(old["types"]) - set(new["types"])):
            yield f"topic {name}: no longer takes {kind}"


def _events(released: Json, present: Json, *, inbound: bool) -> Iterator[str]:
    for name, old in released.items():
        if name not in present:
            yield f"{name}: removed"
            continue
        new = present[name]
        giver, taker = (old, new) if inbound else (new, old)
        here = _Place(name, giver, taker, inbound=inbound)
        yield from _misfits(giver, taker, here)


@dataclass(frozen=True)
class _Place:
    """Where in the two schemas we are, and their roots, which `$ref` is relative to."""

    path: str
    giver: Json
    taker: Json
    inbound: bool

    def at(self, part: str) -> "_Place":
        return replace(self, path=f"{self.path}.{part}")

    def says(self, what: str) -> str:
        return f"{self.path}: {what}"


def _misfits(giver: Json, taker: Json, here: _Place) -> Iterator[str]:
    """Say why something that fits `giver` may not fit `taker`; nothing if it always does."""
    given = _branches(giver, here.giver)
    taken = _branches(taker, here.taker)
    if len(given) == len(taken) == 1:
        yield from _plain_misfits(given[0], taken[0], here)
        return
    if not here.inbound:
        tags = {_tag(branch) for branch in given}
        for branch in taken:
            if _tag(branch) not in tags:
                yield here.says(f"{_tag(branch)} is gone")
    for branch in given:
        if here.inbound or _tag(branch) in {None, *map(_tag, taken)}:
            yield from min((list(_plain_misfits(branch, other, here)) for other in taken), key=len)


def _branches(node: Json, root: Json) -> list[Json]:
    if "$ref" in node:
        name = node["$ref"].removeprefix("#/$defs/")
        return _branches(root["$defs"][name], root)
    union = node.get("anyOf") or node.get("oneOf")
    if union is None:
        return [node]
    return [branch for part in union for branch in _branches(part, root)]


def _tag(branch: Json) -> str | None:
    properties = branch.get("properties", {})
    consts = (properties[tag].get("const") for tag in _TAGS if tag in properties)
    return next((const for const in consts if const is not None), None)


def _plain_misfits(giver: Json, taker: Json, here: _Place) -> Iterator[str]:
    yield from _types(giver, taker, here)
    yield from _values(giver, taker, here)
    yield from _bounds(giver, taker, here)
    yield from _properties(giver, taker, here)
    if "items" in taker:
        yield from _misfits(giver.get("items", {}), taker["items"], here.at("items"))
    if here.inbound and giver.get("default") != taker.get("default"):
        yield here.says("its default changed")
    yield from _conditions(giver, taker, here)
    for keyword in sorted(taker.keys() - _ANNOTATIONS - _COMPARED - _CONDITION):
        if giver.get(keyword) != taker[keyword]:
            yield here.says(f"{keyword} changed")


def _conditions(giver: Json, taker: Json, here: _Place) -> Iterator[str]:
    """Hold givers that can never meet a new condition to what it says `else`."""
    if "if" not in giver and _never_meets(giver, taker.get("if")):
        yield from _misfits(giver, taker.get("else", {}), here)
        return
    for keyword in sorted(_CONDITION & taker.keys()):
        if giver.get(keyword) != taker[keyword]:
            yield here.says(f"{keyword} changed")


def _never_meets(giver: Json, condition: Json | None) -> bool:
    """Say whether a condition asks for a property that a giver who is closed does not have."""
    asked = set(condition.get("required", ())) if condition else set()
    return giver.get("additionalProperties") is False and bool(asked - giver["properties"].keys())


def _types(giver: Json, taker: Json, here: _Place) -> Iterator[str]:
    if "type" in taker and giver.get("type") != taker["type"]:
        yield here.says(f"type {giver.get('type')} where {taker['type']} was agreed")


def _values(giver: Json, taker: Json, here: _Place) -> Iterator[str]:
    given, taken = _listed(giver), _listed(taker)
    if taken is None:
        return
    if given is None or given - taken:
        yield here.says("values that were not agreed")
    elif not here.inbound and taken - given:
        yield here.says("values that are gone")


def _listed(node: Json) -> set[str] | None:
    if "const" in node:
        return {node["const"]}
    return set(node["enum"]) if "enum" in node else None


def _bounds(giver: Json, taker: Json, here: _Place) -> Iterator[str]:
    for keyword in _LOW:
        if keyword in taker and giver.get(keyword, float("-inf")) < taker[keyword]:
            yield here.says(f"{keyword} changed")
    for keyword in _HIGH:
        if keyword in taker and giver.get(keyword, float("inf")) > taker[keyword]:
            yield here.says(f"{keyword} changed")


def _properties(giver: Json, taker: Json, here: _Place) -> Iterator[str]:
    given, taken = giver.get("properties", {}), taker.get("properties", {})
    for name in given.keys() & taken.keys():
        yield from _misfits(given[name], taken[name], here.at(name))
    refused = given.keys() - taken.keys() if taker.get("additionalProperties") is False else ()
    for name in refused:
        yield here.at(name).says("removed")
    if not here.inbound:
        for name in taken.keys() - given.keys():
            yield here.at(name).says("removed")
    for name in set(taker.get("required", ())) - set(giver.get("required", ())):
        yield here.at(name).says("required now" if here.inbound else "may be missing now")
