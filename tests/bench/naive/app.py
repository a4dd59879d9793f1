"""A worker of the naive exchange: `python -m tests.bench.naive.app NAME BOOTSTRAP SECRETS READY`.

Each inbound topic has an agent that forwards what it reads to one topic keyed by market, so that
tables are sharded by market, as Faust's guide has it. One agent decides there: offers, sessions,
requests and acceptances are tables with changelogs. An acceptance that comes again is answered as
before, by a table; a timer finds the sessions that are over. At least once, Faust's own default.
"""

import asyncio
import json
import os
import sys
import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import faust
from faust.types import EventT, StreamT

from strowger.broker.access import ROOT, Credentials
from strowger.contract.envelope import Envelope, NotACloudEvent
from strowger.contract.event import OutboundEvent
from strowger.contract.outbound import (
    EventRefused,
    OfferRemoved,
    OfferStored,
    SessionEnded,
    SessionGranted,
)
from strowger.contract.sales import AcceptanceConfirmed
from strowger.contract.topics import ACCEPTANCE_CONFIRMED, INBOUND_TOPICS, inbox
from tests.bench.naive.answers import Row, headers_of, matched, refused, sold

APP: Final = "naive"
COMMANDS: Final = "naive-commands"
PARTITIONS: Final = 4
TABLES: Final = ("offers", "sessions", "requests", "accepted", "sold")
_EVERYBODY: Final = ""
_TICK_SECONDS: Final = 0.25
_VALID_SECONDS: Final = 5


class App(faust.App):
    """An app that keeps nothing on disk."""

    async def on_first_start(self) -> None:
        """Make no directories."""


def _now() -> datetime:
    return datetime.fromtimestamp(time.time(), UTC)


class Naive:
    """The whole exchange."""

    def __init__(self, bootstrap: str, root: Credentials) -> None:
        self.app = App(
            APP,
            broker=[f"kafka://{server}" for server in bootstrap.split(",")],
            broker_credentials=faust.SASLCredentials(
                username=root.username,
                password=root.password.get_secret_value(),
                mechanism=root.mechanism,
            ),
            store="memory://",
            processing_guarantee="at_least_once",
            topic_disable_leader=True,
            topic_allow_declare=False,
            topic_partitions=PARTITIONS,
            broker_session_timeout=6.0,
            broker_heartbeat_interval=2.0,
            broker_request_timeout=15.0,
            producer_acks=-1,
            web_enabled=False,
            loop=asyncio.get_running_loop(),
        )
        raw: faust.Schema[bytes, bytes] = faust.Schema(
            key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw"
        )
        self._commands = self.app.topic(COMMANDS, key_serializer="raw", value_serializer="json")
        for topic in INBOUND_TOPICS:
            self.app.agent(self.app.topic(topic.name, schema=raw), name=f"in-{topic.name}")(
                self._forward
            )
        self.app.agent(self._commands, name="decide")(self._decide)
        self.app.timer(_TICK_SECONDS, name="time-out")(self._time_out)
        self._offers, self._sessions, self._requests, self._accepted, self._sold = (
            self.app.Table(name, partitions=PARTITIONS) for name in TABLES
        )

    async def _forward(self, stream: StreamT[bytes]) -> None:
        """Key what came by its market; what can't be read is skipped."""
        async for event in stream.events():
            command = _command(event)
            if command is not None:
                await self._commands.send(key=command["body"]["market"].encode(), value=command)

    async def _decide(self, stream: StreamT[Any]) -> None:
        kinds = {
            "offer-published": self._publish,
            "session-opened": self._open,
            "request-submitted": self._request,
            "offer-accepted": self._accept,
            "session-closed": self._close,
        }
        async for command in stream:
            act = kinds.get(command["topic"])
            answer = act(command, _now()) if act is not None else None
            for name, event in answer or ():
                topic = ACCEPTANCE_CONFIRMED.name if name == _EVERYBODY else inbox(name).name
                value, headers = event.model_dump_json().encode(), headers_of(event)
                await self.app.send(topic, key=event.market.encode(), value=value, headers=headers)

    def _publish(self, command: Row, at: datetime) -> list[tuple[str, OutboundEvent]]:
        body, sender = command["body"], command["sender"]
        key = f"{body['market']} {sender} {body['offer_id']}"
        stored = self._offers.get(key)
        if stored is not None and body["revision"] <= stored["revision"]:
            return [(sender, refused(command, at, "stale_revision", key))]
        if body.get("service") is None and stored is None:
            return [(sender, refused(command, at, "offer_unknown", key))]
        self._offers[key] = {**body, "provider": sender}
        told = {"offer_id": body["offer_id"], "revision": body["revision"], "effective_at": at}
        kind = OfferRemoved if body.get("service") is None else OfferStored
        about = {"market": body["market"], "causation_id": command["id"], "at": at}
        return [(sender, kind(**about, **told))]

    def _open(self, command: Row, at: datetime) -> list[tuple[str, OutboundEvent]]:
        body, sender = command["body"], command["sender"]
        key = f"{body['market']} {sender} {body['session_id']}"
        session = self._sessions.get(key)
        if session is None:
            deadline = at + timedelta(seconds=body["ttl_seconds"])
            session = {**body, "buyer": sender, "deadline": deadline.isoformat(), "open": True}
            self._sessions[key] = session
        granted = SessionGranted(
            market=body["market"],
            causation_id=command["id"],
            at=at,
            session_id=body["session_id"],
            deadline=session["deadline"],
        )
        return [(sender, granted)]

    def _request(self, command: Row, at: datetime) -> list[tuple[str, OutboundEvent]]:
        body, sender = command["body"], command["sender"]
        why = self._not_open(command, at)
        if why is not None:
            return [(sender, why)]
        number = body["service"]["destination"].removeprefix("+")
        best: dict[tuple[str, str], Row] = {}
        for offer in self._offers.values():
            service = offer.get("service")
            mine = offer["market"] == body["market"]
            if mine and service and number.startswith(service["prefix"]):
                deck = (offer["provider"], service["deck"])
                longest = best.setdefault(deck, offer)
                if len(service["prefix"]) > len(longest["service"]["prefix"]):
                    best[deck] = offer
        offers = sorted(best.values(), key=lambda each: float(each["service"]["rate_per_minute"]))
        answer = matched(command, at, offers, at + timedelta(seconds=_VALID_SECONDS))
        shown = {f"{each['provider']} {each['offer_id']}": each["revision"] for each in offers}
        self._requests[f"{body['market']} {sender} {body['request_id']}"] = {
            "shown": shown,
            "minutes": int(body["service"]["minutes"]),
        }
        return [(sender, answer)]

    def _accept(self, command: Row, at: datetime) -> list[tuple[str, OutboundEvent]]:
        body, sender = command["body"], command["sender"]
        market = body["market"]
        accepted = f"{market} {sender} {body['acceptance_id']}"
        if known := self._accepted.get(accepted):
            before = AcceptanceConfirmed.model_validate_json(known)
            return [(sender, before.model_copy(update={"causation_id": command["id"]}))]
        if "offer_id" not in body:
            return [(sender, refused(command, at, "acceptance_unknown", accepted))]
        if why := self._not_open(command, at):
            return [(sender, why)]
        request = self._requests.get(f"{market} {sender} {body['request_id']}") or {}
        offer_key = f"{market} {body['provider']} {body['offer_id']}"
        offer = self._offers.get(offer_key) or {}
        shown = request.get("shown", {}).get(f"{body['provider']} {body['offer_id']}")
        if not offer.get("service") or not shown == body["revision"] == offer["revision"]:
            return [(sender, refused(command, at, "offer_changed", accepted))]
        minutes, gone = request["minutes"], self._sold.get(offer_key) or 0
        if gone + minutes > (offer["service"]["capacity_minutes"] or float("inf")):
            return [(sender, refused(command, at, "capacity_exhausted", accepted))]
        self._sold[offer_key] = gone + minutes
        confirmed, notice = sold(command, at, offer, minutes)
        self._accepted[accepted] = confirmed.model_dump_json()
        return [(sender, confirmed), (offer["provider"], notice), (_EVERYBODY, confirmed)]

    def _not_open(self, command: Row, at: datetime) -> EventRefused | None:
        body = command["body"]
        if body.get("session_id") is None:
            return None
        session = self._sessions.get(f"{body['market']} {command['sender']} {body['session_id']}")
        if session is None:
            return refused(command, at, "session_unknown", body["session_id"])
        if not session["open"] or at >= datetime.fromisoformat(session["deadline"]):
            return refused(command, at, "session_ended", body["session_id"])
        return None

    def _close(self, command: Row, at: datetime) -> list[tuple[str, OutboundEvent]]:
        body = command["body"]
        buyer = body.get("buyer") or command["sender"]
        key = f"{body['market']} {buyer} {body['session_id']}"
        session = self._sessions.get(key)
        if session is None or not session["open"]:
            word = "session_unknown" if session is None else "session_ended"
            return [(buyer, refused(command, at, word, body["session_id"]))]
        self._sessions[key] = {**session, "open": False}
        ended = SessionEnded(
            market=body["market"],
            causation_id=command["id"],
            at=at,
            session_id=body["session_id"],
            reason="timed_out" if command["sender"] == APP else "terminated",
        )
        return [(buyer, ended)]

    async def _time_out(self) -> None:
        """Close what is over, through the topic: a table changes only while a stream is read."""
        now = _now()
        for session in list(self._sessions.values()):
            if session["open"] and datetime.fromisoformat(session["deadline"]) <= now:
                body = {name: session[name] for name in ("market", "session_id", "buyer")}
                command = {"topic": "session-closed", "id": APP, "sender": APP, "body": body}
                await self._commands.send(key=session["market"].encode(), value=command)


def _command(event: EventT[bytes]) -> Row | None:
    try:
        headers: Any = event.message.headers or ()
        pairs = headers.items() if isinstance(headers, dict) else headers
        envelope = Envelope.from_headers(pairs)
        body = json.loads(event.message.value or b"")
        if envelope.sender is None or not isinstance(body["market"], str):
            return None
    except (NotACloudEvent, ValueError, KeyError, TypeError):
        return None
    topic = event.message.topic
    return {"topic": topic, "id": envelope.id, "sender": envelope.sender, "body": body}


async def _run(bootstrap: str, secrets: Path, ready: Path) -> None:
    root = Credentials.load(secrets, ROOT)
    if root is None:
        raise SystemExit("no credentials")
    app = Naive(bootstrap, root).app
    await app.start()
    await asyncio.to_thread(ready.write_text, str(os.getpid()), encoding="ascii")
    await app.wait_until_stopped()
    if app.crash_reason is not None:
        raise app.crash_reason


def main(arguments: Sequence[str]) -> int:
    """Work until killed, or until standard input ends."""
    _, bootstrap, secrets, ready = arguments
    threading.Thread(target=_end_with_parent, daemon=True).start()
    asyncio.run(_run(bootstrap, Path(secrets), Path(ready)))
    return 1


def _end_with_parent() -> None:
    while os.read(sys.stdin.fileno(), 1024):
        pass
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
