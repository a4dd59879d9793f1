"""Spans of batches and of the records in them, by OpenTelemetry."""

import asyncio
from collections.abc import Collection
from typing import Final, Self

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Link, SpanKind
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

import strowger
from strowger.broker.consuming import Record
from strowger.contract.tracing import OF_ONE_HOP, traceparent_of

FLUSH_SECONDS: Final = 3
"""How long an end waits for spans that the collector does not take."""

_PROPAGATOR: Final = TraceContextTextMapPropagator()
_KAFKA: Final = {"messaging.system": "kafka", "messaging.operation.type": "process"}


class Spans:
    """Tells what was done with traced records; what is sampled, OTEL_TRACES_SAMPLER says."""

    def __init__(self, provider: TracerProvider) -> None:
        self._provider = provider
        self._tracer = provider.get_tracer("strowger", strowger.__version__)

    @classmethod
    def to(cls, endpoint: str, service: str) -> Self:
        """Send to a collector, such as http://localhost:4318, in the background."""
        named = {"service.name": service, "service.namespace": "strowger"}
        provider = TracerProvider(resource=Resource.create(named), shutdown_on_exit=False)
        url = f"{endpoint.rstrip('/')}/v1/traces"
        exporter = OTLPSpanExporter(endpoint=url, timeout=FLUSH_SECONDS)
        provider.add_span_processor(BatchSpanProcessor(exporter))
        return cls(provider)

    def tell(
        self, does: str, topic: str, records: Collection[Record], began_ns: int, ended_ns: int
    ) -> None:
        """Tell of a batch that was settled; a record's span is a child of what its sender did."""
        where = {**_KAFKA, "messaging.destination.name": topic}
        batch = self._tracer.start_span(
            f"{does} batch",
            kind=SpanKind.CONSUMER,
            start_time=began_ns,
            attributes={**where, "messaging.batch.message_count": len(records)},
        )
        batch.end(ended_ns)
        links = [Link(batch.get_span_context())]
        for record in records:
            traceparent = traceparent_of(record.headers)
            if traceparent is None:
                continue
            span = self._tracer.start_span(
                f"{does} {topic}",
                context=_PROPAGATOR.extract({OF_ONE_HOP: traceparent.decode()}),
                kind=SpanKind.CONSUMER,
                links=links,
                start_time=began_ns,
                attributes={
                    **where,
                    "messaging.destination.partition.id": str(record.partition),
                    "messaging.kafka.offset": record.offset,
                },
            )
            span.end(ended_ns)

    async def stop(self) -> None:
        """Send what is left, for a few seconds at most."""
        await asyncio.to_thread(self._provider.force_flush, FLUSH_SECONDS * 1000)
        await asyncio.to_thread(self._provider.shutdown)
