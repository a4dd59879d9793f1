"""Arrows point inward: services, broker, contract, market; the islands meet through topics."""

import ast
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import pytest

from strowger.contract import topics

ROOT: Final = Path(__file__).parents[2] / "services" / "strowger"

ISLANDS: Final = {"gateways", "matching", "session_timeout", "notifier", "ledger", "client"}
"""Packages that meet through topics alone."""

_CORE_MAY_USE: Final = {"msgspec", "numpy", "pydantic", "sortedcontainers"}
_NEVER_IN_THE_CORE: Final = frozenset(
    {"asyncio", "concurrent", "ctypes", "http", "io", "logging", "multiprocessing", "os"}
    | {"pathlib", "queue", "random", "sched", "secrets", "select", "selectors", "signal"}
    | {"socket", "socketserver", "sqlite3", "ssl", "subprocess", "sys", "tempfile", "threading"}
    | {"time", "urllib", "uuid"}
)
"""What of the standard library has a clock, chance, or the world outside in it."""

_IMPURE_CALLS: Final = {"now", "utcnow", "today", "open", "hash", "id"}

Modules = Mapping[str, ast.Module]


def modules(root: Path) -> Modules:
    """Parse every module under the source root, by dotted name."""
    parsed = {}
    for path in sorted(root.rglob("*.py")):
        parts = path.relative_to(root.parent).with_suffix("").parts
        parsed[".".join(parts).removesuffix(".__init__")] = ast.parse(path.read_text("utf-8"))
    return parsed


def imports(module: ast.Module) -> Iterator[str]:
    """Give every name that a module imports, wherever in it, as far as it is spelled out."""
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def package_of(name: str) -> str:
    """Give the part of ours that a dotted name belongs to: `strowger.ledger.store` is `ledger`."""
    return name.removeprefix("strowger").removeprefix(".").partition(".")[0]


def violations(found: Modules) -> list[str]:
    """Name every import that an arrow of the design does not allow."""
    return [
        f"{name} imports {imported}"
        for name, module in found.items()
        for imported in imports(module)
        if not _allowed(package_of(name), imported)
    ]


def _allowed(package: str, imported: str) -> bool:
    top = imported.partition(".")[0]
    if top == "strowger":
        return _allowed_of_ours(package, package_of(imported))
    if package == "market":
        standard = top in sys.stdlib_module_names and top not in _NEVER_IN_THE_CORE
        return standard or top in _CORE_MAY_USE
    return True


def _allowed_of_ours(package: str, imported: str) -> bool:
    if package == "contract":
        return imported in {"contract", ""}
    if package == "market":
        return imported in {"market", "contract"}
    if package == "broker":
        return imported in {"broker", "contract", "settings", "logs", "profile"}
    if package in ISLANDS:
        return imported == package or imported not in ISLANDS | {"cli", "demo", "supervisor"}
    return True


def impure_calls(found: Modules) -> list[str]:
    """Name every call in the core whose answer depends on when or where it is asked."""
    return [
        f"{name}:{node.lineno} calls {called}"
        for name, module in found.items()
        if package_of(name) == "market"
        for node in ast.walk(module)
        if isinstance(node, ast.Call) and (called := _called(node.func)) in _IMPURE_CALLS
    ]


def _called(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def topic_names(found: Modules) -> list[str]:
    """Name every string outside the registry that spells a topic; docstrings may, and event tags.

    A tag, `type: Literal["…"]` in `contract/sales.py`, names an event and not the topic.
    """
    names = {topic.name for topic in topics.ALL}
    return [
        f"{name}:{node.lineno} spells {node.value!r}"
        for name, module in found.items()
        if name not in {"strowger.contract.topics", "strowger.contract.sales"}
        for node in ast.walk(module)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and (node.value in names or node.value.startswith(topics.INBOX_PREFIX))
    ]


@pytest.fixture(scope="module")
def ours() -> Modules:
    """Parse the whole source once."""
    return modules(ROOT)


def test_arrows_point_inward(ours: Modules) -> None:
    """The contract knows nothing of ours, the core only the contract, no island another."""
    assert violations(ours) == []


def test_the_core_reads_no_clock(ours: Modules) -> None:
    """Time comes as an argument; nothing in the core asks for it, opens a file or hashes."""
    assert impure_calls(ours) == []


def test_topics_are_spelled_once(ours: Modules) -> None:
    """A topic's name stands in the registry alone."""
    assert topic_names(ours) == []


def test_every_island_is_there(ours: Modules) -> None:
    """The rules speak of packages that exist, so that a renamed one does not escape them."""
    assert ISLANDS | {"contract", "market", "broker"} <= {package_of(name) for name in ours}


def _planted(name: str, source: str) -> Modules:
    return {name: ast.parse(source)}


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("strowger.contract.topics", "from strowger.settings import Settings"),
        ("strowger.contract.topics", "def f():\n    import strowger.market.book"),
        ("strowger.market.book", "import time"),
        ("strowger.market.book", "from asyncio import Queue"),
        ("strowger.market.book", "import os.path"),
        ("strowger.market.book", "import aiokafka"),
        ("strowger.market.book", "from strowger.broker import connections"),
        ("strowger.market.book", "from strowger import settings"),
        ("strowger.broker.connections", "from strowger.matching import matching"),
        ("strowger.ledger.ledger", "from strowger.client import BuyerClient"),
        ("strowger.client.buyer", "from strowger.matching.matching import run"),
        ("strowger.gateways.gateway", "from strowger import notifier"),
        ("strowger.notifier.notifier", "from strowger.cli import app"),
    ],
)
def test_a_wrong_arrow_is_caught(name: str, source: str) -> None:
    """Each kind of forbidden import, planted, is found."""
    assert len(violations(_planted(name, source))) == 1


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("strowger.market.book", "from strowger.contract.topics import ALL"),
        ("strowger.market.book", "import heapq, msgspec"),
        ("strowger.market.book", "from datetime import datetime"),
        ("strowger.ledger.ledger", "from strowger.broker import connections"),
        ("strowger.demo.demo", "from strowger.client import BuyerClient"),
        ("strowger.supervisor", "from strowger.service import SERVICES"),
    ],
)
def test_a_right_arrow_is_let_be(name: str, source: str) -> None:
    """What the design allows is not called wrong."""
    assert violations(_planted(name, source)) == []


@pytest.mark.parametrize("call", ["datetime.now()", "date.today()", "open('x')", "hash('x')"])
def test_a_clock_in_the_core_is_caught(call: str) -> None:
    """Asking the time, the disk or the hash seed is found in the core, and only there."""
    assert impure_calls(_planted("strowger.market.book", call))
    assert not impure_calls(_planted("strowger.ledger.ledger", call))


@pytest.mark.parametrize("text", ["market-log", "inbox.globex", "offer-accepted"])
def test_a_topic_spelled_twice_is_caught(text: str) -> None:
    """A topic's name as a literal is found; in a sentence it is no literal."""
    assert topic_names(_planted("strowger.ledger.ledger", f"read({text!r})"))
    assert not topic_names(_planted("strowger.ledger.ledger", f'"""Reads `{text}`."""'))
