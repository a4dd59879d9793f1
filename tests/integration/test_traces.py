"""A buyer's trace through the whole exchange, as a collector of OpenTelemetry receives it."""

import asyncio
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from opentelemetry.sdk.trace import TracerProvider

from strowger.contract.topics import DECISIONS, MARKET_LOG, OFFER_ACCEPTED
from strowger.contract.tracing import traceparent_of
from strowger.settings import Settings, SettingsError
from strowger.telemetry.tracing import traced
from tests.integration.topics import records_of
from tests.integration.trading import Place
from tests.running import running
from tests.support import eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")

SERVICE = "exchange-of-a-test"


@dataclass
class Collector:
    """What was sent to an OTLP receiver over HTTP."""

    url: str = ""
    spans: list[Span] = field(default_factory=list)
    services: set[str] = field(default_factory=set)

    async def take(self, request: web.Request) -> web.Response:
        """Take spans as a collector does."""
        sent = ExportTraceServiceRequest.FromString(await request.read())
        for resource in sent.resource_spans:
            named = {each.key: each.value.string_value for each in resource.resource.attributes}
            self.services.add(named["service.name"])
            for scope in resource.scope_spans:
                self.spans.extend(scope.spans)
        return web.Response(content_type="application/x-protobuf")

    def of_trace(self, trace_id: int) -> dict[str, Span]:
        """Give the spans of one trace by name."""
        wanted = trace_id.to_bytes(16, "big")
        return {span.name: span for span in self.spans if span.trace_id == wanted}


@asynccontextmanager
async def collecting() -> AsyncIterator[Collector]:
    """Receive OTLP over HTTP."""
    collector = Collector()
    app = web.Application()
    app.router.add_post("/v1/traces", collector.take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    collector.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield collector
    await runner.cleanup()


async def test_an_acceptance_is_one_trace_from_the_buyer_to_the_ledger(
    place: Place, settings: Settings, tmp_path: Path
) -> None:
    """What gateway, matching, notifier and ledger did are children of the buyer's own span."""
    own = settings.model_copy(update={"ledger_path": tmp_path / "ledger.sqlite3"})
    tracer = TracerProvider().get_tracer("buyer")
    async with (
        collecting() as collector,
        traced(SERVICE, collector.url),
        running(own, "ledger"),
        place.provider() as provider,
        place.buyer() as buyer,
    ):
        await place.publish(provider, "uk", "0.01")
        async with buyer.session(place.market, ttl=60) as session:
            matches = await session.request(to="+442079460000", minutes=10)
            with tracer.start_as_current_span("buying") as span:
                confirmation = await session.accept(matches[0])
        context = span.get_span_context()
        wanted = {
            f"take {OFFER_ACCEPTED.name}",
            f"decide {MARKET_LOG.name}",
            f"deliver {DECISIONS.name}",
            f"write {DECISIONS.name}",
        }
        await eventually(
            lambda: collector.of_trace(context.trace_id).keys() >= wanted, timeout_seconds=30
        )
    found = collector.of_trace(context.trace_id)
    assert found.keys() == wanted
    parent = context.span_id.to_bytes(8, "big")
    assert {each.parent_span_id for each in found.values()} == {parent}
    assert all(each.end_time_unix_nano >= each.start_time_unix_nano for each in found.values())
    batches = {each.span_id for each in collector.spans if each.name.endswith(" batch")}
    assert {link.span_id for each in found.values() for link in each.links} <= batches
    assert collector.services == {SERVICE}
    assert confirmation.traceparent is not None
    assert f"{context.trace_id:032x}-{context.span_id:016x}" in confirmation.traceparent
    assert matches.event.traceparent is None


async def test_a_provider_is_not_told_a_buyers_trace(place: Place) -> None:
    """The notice of a sale has none, since it would link what the buyer did elsewhere."""
    tracer = TracerProvider().get_tracer("buyer")
    async with place.provider() as provider, place.buyer() as buyer:
        notices = provider.notices()
        await place.publish(provider, "uk", "0.01")
        async with buyer.session(place.market, ttl=60) as session:
            matches = await session.request(to="+442079460000", minutes=10)
            with tracer.start_as_current_span("buying"):
                confirmation = await session.accept(matches[0])
        sold = await anext(notices)
    assert confirmation.traceparent is not None
    assert sold.traceparent is None
    decisions = [
        each
        for each in await records_of(place.bootstrap, DECISIONS.name)
        if each.key == place.market.encode() and b'"offer-sold"' in (each.value or b"")
    ]
    assert [traceparent_of(each.headers) for each in decisions] == [
        confirmation.traceparent.encode()
    ]


async def test_a_collector_that_is_gone_holds_nothing_up(place: Place) -> None:
    """Trade goes on, and a stop waits for it a few seconds at most."""
    async with asyncio.timeout(30):
        async with traced(SERVICE, "http://127.0.0.1:9"), place.provider() as provider:
            await place.publish(provider, "uk", "0.01")


@contextmanager
def without(module: str) -> Iterator[None]:
    """Let a module be one that isn't installed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, module, None)
        patch.delitem(sys.modules, "strowger.telemetry.spans", raising=False)
        yield


async def test_spans_without_their_extra_are_an_error_that_says_what_to_do() -> None:
    """Nobody believes that spans are sent which are not."""
    exporter = "opentelemetry.exporter.otlp.proto.http.trace_exporter"
    with without(exporter), pytest.raises(SettingsError, match=r"strowger\[telemetry\]"):
        async with traced(SERVICE, "http://127.0.0.1:9"):
            pass
