"""What a trader without our SDK needs to know, for `asyncapi.yaml` and `schemas/README.md`.

The numbers that the market's rules hold are repeated here, since the contract imports nothing of
ours; a test compares them.
"""

from typing import Final

from strowger.contract.envelope import MAX_ID_LENGTH
from strowger.contract.topics import (
    DAY_MS,
    INBOUND_TOPICS,
    MAX_ANSWER_BYTES,
    MAX_INBOUND_BYTES,
    inbox,
)

HORIZON_HOURS: Final = 24
"""How long answers are remembered, and how old an event may be when it is decided."""

CLOCK_AHEAD_MINUTES: Final = 5
"""How far a sender's clock may be ahead of market time."""

_INBOX_DAYS: Final = int(inbox("x").config["retention.ms"]) // DAY_MS
_SENT_DAYS: Final = int(INBOUND_TOPICS[0].config["retention.ms"]) // DAY_MS

RULES: Final = f"""\
Every event is a CloudEvents 1.0 event in Kafka's binary mode: its attributes are record headers \
(`ce_specversion`, `ce_id`, `ce_source`, `ce_type`, `ce_time`, and `content-type`), its value is \
JSON. Prices and costs are decimal strings, never JSON numbers; times are RFC 3339. Integers are \
written without a fraction or an exponent.

**Where answers arrive.** Each participant has a topic of its own, `inbox.<participant>`, made \
by the operator, with one partition. Take its end offset *before* you send, and read from there: \
whatever answers what you send comes at or after it. Do not rely on a consumer group's \
`auto.offset.reset=latest`, which starts where the log ends when the group is ready, after your \
answer perhaps. Keep the offset you have read to if you want to go on where you stopped; inboxes \
keep {_INBOX_DAYS} days.

**Which answer is yours.** `causation_id` in an answer is the `ce_id` of the event that it \
answers. Notices (a session that timed out, an offer sold) carry the `ce_id` of the event that \
led to them. Inboxes are written at least once: an event with a `ce_id` you have seen is a \
repeat; skip it. Skip as well each `ce_type` and every field that you do not know: the exchange \
may add some.

**Ids and times.** `ce_id` is 1 to {MAX_ID_LENGTH} visible ASCII characters, a new one for each \
event you send. `ce_source` is `/participants/<your id>`. `ce_time` is when you made the event, \
with its offset from UTC: one over {HORIZON_HOURS} hours old is refused as `stale_event`, one \
over {CLOCK_AHEAD_MINUTES} minutes ahead of market time as `clock_ahead`.

**Sending again is safe.** An event stands for what its natural key names: an offer by market, \
provider, `offer_id` and `revision`; a session by market, buyer and `session_id`; a request by \
market, buyer and `request_id`; an acceptance by market, buyer and `acceptance_id`. The same key \
with the same content gives the same answer again and changes nothing more, for at least \
{HORIZON_HOURS} hours; with other content it is refused as `id_reused`. So when no answer came, \
send the same body again. What became of an acceptance can be asked with `outcome-requested`, \
which changes nothing. An acceptance is for the whole request or not at all.

**Refusals.** `event-refused` names the rule in `refusal` (all are in `refusals.json`), says in \
`retry` whether sending the same again may help, and in `message` what to do. One with `retry` \
is not remembered: the same id may be sent again. All others are final for that id.

**Order.** Order between topics is not promised. Send an event that depends on another (a \
request in a session, an acceptance of a match) after the answer to that other has come. One \
that overtakes is refused with `retry`: send it again.

**Kafka keys.** Any key will do, and with any partitioner; records of one topic with the same \
key keep their order. Use the offer id for offers, the session id for what happens in a session, \
the acceptance id for an acceptance and questions after it.

**Sizes and retention.** An event you send has at most {MAX_INBOUND_BYTES} bytes, one you \
receive at most {MAX_ANSWER_BYTES}. What you send is kept {_SENT_DAYS} days and is read by the \
exchange alone.

**When nothing comes back.** A record without readable headers, sender, JSON or market has \
nobody to be told; it goes to `dead-letters`, which the operator reads. The reasons are in \
`refusals.json`.
"""

GUIDE: Final = """\
# Trading with Strowger from any language

Written by `make schemas` from the models in `services/strowger/contract/`; do not edit.

A Kafka client and this folder are all it takes.

| file | what it is |
|---|---|
| `inbound/*.json` | JSON Schema (2020-12) of each event you send; unknown fields are refused |
| `outbound/*.json` | JSON Schema of each event you receive; ignore fields you do not know |
| `examples/*.json` | one valid body of each |
| `event-headers.json`, `dead-letter-headers.json` | the record headers, as text |
| `asyncapi.yaml` | every topic, who writes and reads it, its messages, its settings |
| `refusals.json` | every refusal with `retry` and advice; every dead-letter reason |
| `released/*.json` | the contract of each release in one file; no later one breaks it |

## The rules

{rules}
## As a provider

1. Ask the operator for your id (here `{provider}`), the market (here `voice-usd`) and your inbox.
2. Take the end offset of partition 0 of `inbox.{provider}`, and read on from it.
3. Publish an offer. To replace it, send it again with a greater `revision`.
{offer_published}
4. The answer comes to your inbox; its `causation_id` is the `ce_id` you sent.
{offer_stored}
5. Each sale comes to your inbox as `strowger.offer-sold.v1`.
{offer_sold}
6. Withdraw the offer when it shall stand no more; the withdrawal has a greater `revision` too.
{offer_withdrawn}

## As a buyer

1. Ask the operator for your id (here `{buyer}`), the market, and your inbox.
2. Take the end offset of partition 0 of `inbox.{buyer}`, and read on from it.
3. Open a session, and wait for its answer: `deadline` is when it is too late.
{session_opened}{session_granted}
4. Submit a request in it; the answer ranks the offers able to satisfy it, cheapest first.
{request_submitted}{offers_matched}
5. Accept one, naming provider, offer and revision as they were shown.
{offer_accepted}{acceptance_confirmed}
6. Close the session; nothing in it can be accepted any more.
{session_closed}{session_ended}
7. If the answer to an acceptance never came, ask. You are told again what was decided, or refused
   with `acceptance_unknown`: then nothing was bought, and you may send the acceptance again.
{outcome_requested}

A market may let a request stand without a session: leave `session_id` out of the request and of the
acceptance, and accept before `valid_until`.

A refusal looks like this, whatever it refuses:
{event_refused}

## As an analytics consumer

Read `acceptance-confirmed` with a consumer group of your own and `isolation.level=read_committed`.
Each record is a sale. Unless the market declares its buyers public, `buyer` and the buyer's own ids
are null. Records with a `ce_id` that you have seen are repeats.
"""
