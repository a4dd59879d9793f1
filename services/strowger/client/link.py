"""A participant's connection: its events out, its inbox in, and which answer belongs to which."""

import asyncio
import weakref
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from typing import Final, Generic, Protocol, TypeVar

from aiokafka.errors import (
    InvalidTopicError,
    KafkaTimeoutError,
    MessageSizeTooLargeError,
    RecordTooLargeError,
    TopicAuthorizationFailedError,
)

from strowger.broker import connections
from strowger.client import tracing
from strowger.client.errors import InboxFailed, NotSent, OutcomeUnknown
from strowger.client.identifiers import fresh
from strowger.client.inbox import Inbox
from strowger.client.notices import Notices
from strowger.client.refused import refused
from strowger.contract.envelope import Envelope, participant_source
from strowger.contract.event import OutboundEvent
from strowger.contract.inbound import InboundEvent
from strowger.contract.outbound import EventRefused, SessionEnded
from strowger.contract.refusals import Refusal
from strowger.contract.sales import OfferSold
from strowger.contract.signatures import SigningKey
from strowger.contract.topics import Topic

Answer = TypeVar("Answer", bound=OutboundEvent)
Kinds = type[Answer] | tuple[type[Answer], ...]

OVERTAKEN: Final = frozenset(
    {
        Refusal.SESSION_UNKNOWN,
        Refusal.REQUEST_UNKNOWN,
        Refusal.OFFER_UNKNOWN,
        Refusal.POOL_UNKNOWN,
    }
)
"""Refusals that an event earns by overtaking the one it depends on: sent again after a pause.

No other refusal with `retry` is: a market is declared long before it is traded in, a clock that
runs ahead does not mend itself, a session that is not due is no client's to time out, an outcome
question lies behind its acceptance already, a schedule that is full stays so for longer, and on an
internal fault people decide.
"""

PAUSES_SECONDS: Final = (0.05, 0.15, 0.45)
"""The pauses before the second, third and fourth time."""

_NEVER_STORED: Final = (
    TopicAuthorizationFailedError,
    MessageSizeTooLargeError,
    RecordTooLargeError,
    InvalidTopicError,
)


class Waiter(Protocol):
    """Who waits for the answer to an event."""

    def answered(self, event_id: str, event: OutboundEvent) -> bool:
        """Take the answer; say no to what is not it, as a notice that the event led to is not."""

    def failed(self, event_id: str, problem: BaseException) -> None:
        """Learn that no answer can be had."""


class Link:
    """One producer and one inbox; everything a client does goes over it.

    The inbox's end is found before anything is sent, so no answer is ever missed. A broker that
    goes away is waited for: a call fails only when its own time is over.
    """

    def __init__(
        self,
        participant: str,
        *,
        bootstrap: str,
        timeout: float,
        inbox_position: int | None = None,
        key: SigningKey | None = None,
    ) -> None:
        self.participant = participant
        self.timeout_seconds = timeout
        self.inbox = Inbox(participant, bootstrap=bootstrap, position=inbox_position)
        self.producer = connections.producer(bootstrap, client_id=participant)
        self._bootstrap = bootstrap
        self._source = participant_source(participant)
        self._key = key
        self._waiting: dict[str, Waiter] = {}
        self._notices: weakref.WeakSet[Notices] = weakref.WeakSet()
        self._reading: asyncio.Task[None] | None = None
        self._ended: Exception | None = None

    async def open(self) -> None:
        """Connect.

        Raises:
            BrokerUnavailable: no broker answers within the timeout.
            InboxMissing: the participant was not added.
            InboxGap: the inbox does not hold the given position.
        """
        try:
            await connections.wait_for_broker(self._bootstrap, self.timeout_seconds)
            await self.inbox.open()
            await self.producer.start()
        except BaseException:
            await self.close()
            raise
        self._reading = asyncio.create_task(self.inbox.read(self), name="inbox")
        self._reading.add_done_callback(self._reading_ended)

    async def close(self) -> None:
        """Disconnect; whoever still waits learns that the outcome is not known."""
        self._end(ConnectionError("the client was closed"))
        for notices in self._notices:
            notices.end()
        # Each is closed, also if closing another fails or is cancelled.
        async with AsyncExitStack() as closing:
            closing.push_async_callback(self.producer.stop)
            closing.push_async_callback(self.inbox.close)
            if self._reading is not None:
                self._reading.cancel()
                await asyncio.wait([self._reading])

    def notices(self) -> Notices:
        """Begin to collect notices."""
        notices = Notices()
        self._notices.add(notices)
        return notices

    async def ask(
        self, topic: Topic, event: InboundEvent, answer: Kinds[Answer], *, key: str, about: str
    ) -> Answer:
        """Send an event and give its answer, which is of one of the kinds that `answer` names.

        `about` is the id that the event is about.

        Raises:
            Refused: the exchange said no; one class a refusal.
            OutcomeUnknown: no answer came in time, or delivery failed.
            NotSent: the broker turned the event away.
            InboxFailed: the inbox can't be read any more.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self.timeout_seconds
        pauses_seconds = iter(PAUSES_SECONDS)
        while True:
            said = await self._ask_once(topic, event, answer, key=key, about=about, until=deadline)
            if said is None:
                continue
            if not isinstance(said, EventRefused):
                return said
            pause_seconds = next(pauses_seconds, None) if said.refusal in OVERTAKEN else None
            if pause_seconds is None or loop.time() + pause_seconds >= deadline:
                raise refused(said)
            await asyncio.sleep(pause_seconds)

    async def _ask_once(
        self,
        topic: Topic,
        event: InboundEvent,
        answer: Kinds[Answer],
        *,
        key: str,
        about: str,
        until: float,
    ) -> Answer | EventRefused | None:
        """Send once and give the answer; none where the broker was away for too long to deliver."""
        value = event.model_dump_json().encode()
        event_id, headers = self.headers(topic, event, value)
        waiter = _One(answer)
        self.wait_for(event_id, waiter)
        try:
            async with asyncio.timeout_at(until):
                delivery = await self.producer.send(
                    topic.name,
                    value=value,
                    key=key.encode(),
                    headers=headers,
                )
                # The answer is what is waited for: it proves delivery, not the other way round.
                delivery.add_done_callback(waiter.delivered)
                return await waiter.answer
        except _NEVER_STORED as problem:
            raise NotSent(about, problem) from problem
        except KafkaTimeoutError:
            # The producer gave up, and does not know whether it was stored. Under the same natural
            # key it may be sent again: what was decided once is only told once more.
            return None
        except TimeoutError as slow:
            reason = f"no answer within {self.timeout_seconds} seconds"
            raise OutcomeUnknown(about, event.market, reason) from slow
        except Exception as problem:
            raise OutcomeUnknown(about, event.market, repr(problem)) from problem
        finally:
            self.forget(event_id)

    def headers(
        self, topic: Topic, event: InboundEvent, value: bytes
    ) -> tuple[str, list[tuple[str, bytes]]]:
        """Make the envelope for one sending of an event, and sign it; give its id and headers."""
        envelope = Envelope(fresh(), self._source, event.TYPE, datetime.now(UTC))
        headers = envelope.to_headers() + tracing.current()
        if self._key is not None:
            headers.append(self._key.sign(topic.name, headers, value))
        return envelope.id, headers

    def wait_for(self, event_id: str, waiter: Waiter) -> None:
        """Register who waits for an answer; before sending.

        Raises:
            InboxFailed: no answer could come.
        """
        if self._ended is not None:
            raise InboxFailed(f"the inbox is not read any more: {self._ended}") from self._ended
        self._waiting[event_id] = waiter

    def forget(self, event_id: str) -> None:
        """Wait no more."""
        self._waiting.pop(event_id, None)

    def take(self, event: OutboundEvent) -> None:
        """Give what was read to whoever waits for it, or to those who collect notices."""
        waiter = self._waiting.get(event.causation_id)
        if waiter is not None and waiter.answered(event.causation_id, event):
            self.forget(event.causation_id)
        elif isinstance(event, OfferSold | SessionEnded):
            for notices in self._notices:
                notices.put(event)

    def unreadable(self, causation_id: str, problem: Exception) -> None:
        """Tell whoever waits that the answer came, but can't be read."""
        waiter = self._waiting.pop(causation_id, None)
        if waiter is not None:
            waiter.failed(causation_id, problem)

    def _reading_ended(self, reading: asyncio.Task[None]) -> None:
        if reading.cancelled():
            return
        reason = reading.exception()
        problem = InboxFailed(f"the inbox can't be read: {reason}")
        problem.__cause__ = reason
        self._end(problem)
        for notices in self._notices:
            notices.end(problem)

    def _end(self, problem: Exception) -> None:
        self._ended = self._ended or problem
        waiting, self._waiting = self._waiting, {}
        for event_id, waiter in waiting.items():
            waiter.failed(event_id, problem)


class _One(Generic[Answer]):
    """Waits for the answer to one event."""

    def __init__(self, kinds: Kinds[Answer]) -> None:
        self._kinds = kinds if isinstance(kinds, tuple) else (kinds,)
        self.answer: asyncio.Future[Answer | EventRefused] = (
            asyncio.get_running_loop().create_future()
        )

    def answered(self, event_id: str, event: OutboundEvent) -> bool:
        del event_id
        if isinstance(event, EventRefused):
            self._set(event)
            return True
        for kind in self._kinds:
            if isinstance(event, kind):
                self._set(event)
                return True
        return False

    def _set(self, event: Answer | EventRefused) -> None:
        if not self.answer.done():
            self.answer.set_result(event)

    def failed(self, event_id: str, problem: BaseException) -> None:
        del event_id
        if not self.answer.done():
            self.answer.set_exception(problem)

    def delivered(self, delivery: "asyncio.Future[object]") -> None:
        if delivery.cancelled():
            return
        problem = delivery.exception()
        if problem is not None:
            self.failed("", problem)
