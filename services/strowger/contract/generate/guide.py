"""What a trader without our SDK needs to know, for `asyncapi.yaml` and `schemas/README.md`.

The numbers that the market's rules hold are repeated here, since the contract imports nothing of
ours; a test compares them.
"""

from typing import Final

from strowger.contract.envelope import MAX_ID_LENGTH
from strowger.contract.reading import MAX_NESTING, MAX_VALUES
from strowger.contract.topics import (
    DAY_MS,
    INBOUND_TOPICS,
    MAX_ANSWER_BYTES,
    MAX_INBOUND_BYTES,
    OFFER_ACCEPTED,
    OFFER_PUBLISHED,
    SESSION_OPENED,
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

**Who you are.** The operator gives you a user of the broker's with your participant id as its \
name: `<id>.json` with `username`, `password` and `mechanism` (SASL, over TLS unless the broker is \
on your machine). You may write your role's topics and read your inbox; a consumer group of yours \
is called `<id>` or begins with `<id>.`. Everything else the broker denies.

**Which answer is yours.** `causation_id` in an answer is the `ce_id` of the event that it \
answers. Notices (a session that timed out, an offer sold) carry the `ce_id` of the event that \
led to them. Inboxes are written at least once: an event with a `ce_id` you have seen is a \
repeat; skip it. Skip as well each `ce_type` and every field that you do not know: the exchange \
may add some.

**Ids and times.** `ce_id` is 1 to {MAX_ID_LENGTH} visible ASCII characters, a new one for each \
event you send. `ce_source` is `/participants/<your id>`. `ce_time` is when you made the event, \
with its offset from UTC: one over {HORIZON_HOURS} hours old is refused as `stale_event`, one \
over {CLOCK_AHEAD_MINUTES} minutes ahead of market time as `clock_ahead`.

**Traces.** An event may name the trace that it was sent in: `ce_traceparent`, or where that is \
missing `traceparent`, in the form of W3C Trace Context, version 00. Answers to you carry it \
unchanged, and so does the public record of what you buy in a market that names its buyers; nobody \
else is told it. What has another form is passed over. It decides nothing.

**Sending again is safe.** An event stands for what its natural key names: an offer by market, \
provider, `offer_id` and `revision`; a session by market, buyer and `session_id`; a request by \
market, buyer and `request_id`; an acceptance by market, buyer and `acceptance_id`; a pool by \
market, provider, `pool` and `revision`. The same key \
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
exchange alone. It is nested at most {MAX_NESTING} deep and made of at most {MAX_VALUES} values.

**How much.** Within a second, {OFFER_PUBLISHED.events_per_second} of your events are taken from a \
partition of `{OFFER_PUBLISHED.name}`, {OFFER_ACCEPTED.events_per_second} from one of \
`{OFFER_ACCEPTED.name}`, {SESSION_OPENED.events_per_second} from one of any other topic, \
unless the operator gave your key another number. As many again are refused as \
`too_many_events`: send those again, more slowly. What is beyond goes to \
`dead-letters` unanswered. \
A market may limit how many sessions you have open (`too_many_sessions`), offers you have stored \
(`too_many_offers`) and requests a session makes (`too_many_requests`): see `market-declared`. \
Kafka slows down who sends more bytes a second than its quota.

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
| `examples/*.json` | valid bodies of each; of some more, as `offer-published.v1.sms.json` |
| `event-headers.json`, `dead-letter-headers.json` | the record headers, as text |
| `asyncapi.yaml` | every topic, who writes and reads it, its messages, its settings |
| `signature-vectors.json` | signed events to test your signatures with, and forged ones |
| `refusals.json` | every refusal with `retry` and advice; every dead-letter reason |
| `released/*.json` | the contract of each release in one file; no later one breaks it |

## The rules

{rules}
## Signing

Make an Ed25519 key, and have the operator register its public part with your id. Sign every event
with it, in a record header `signature`: a detached JWS (RFC 7515, appendix F) over an unencoded
payload (RFC 7797), by Ed25519 (RFC 8037).

1. The protected header is `{{"alg":"Ed25519","b64":false,"crit":["b64"],"kid":"…"}}` with nothing
   else in it; `kid` is your key's id, its JWK thumbprint (RFC 7638, SHA-256).
2. The payload is six parts with a line feed (0x0A) between them: the name of the topic; then
   `ce_type`, `ce_id`, `ce_source` and `ce_time`, each as its header has it; then the value, byte
   for byte as it is sent.
3. Sign `BASE64URL(protected header) . payload`, with the dot as 0x2E.
4. The header's value is `BASE64URL(protected header)..BASE64URL(signature)`, with two dots.

Without a good signature an event goes to `dead-letters`, and nobody is told: whoever it names did
not send it. So does one that is signed with a key that was not registered for you yet, or has
expired. A key counts a second after it was registered. An event over an hour old, or over five
minutes ahead, by the broker's clock when it takes it, is refused; so is one for another role than
yours, and one by a key that the operator has revoked (`key_revoked`).

`signature-vectors.json` has a key, an event, every step of this, and what must not verify.

## As a provider

1. Ask the operator for your id (here `{provider}`), the market (here `voice-usd`) and your inbox.
2. Take the end offset of partition 0 of `inbox.{provider}`, and read on from it.
3. Publish an offer. To replace it, send it again with a greater `revision`.
{offer_published}
4. The answer comes to your inbox; its `causation_id` is the `ce_id` you sent.
{offer_stored}
5. Each sale comes to your inbox as `strowger.offer-sold.v1`.
{offer_sold}
6. Where offers share what they sell from, publish the pool, and name it in each as `pool`.
{capacity_published}{capacity_stored}
7. Where the market's policy is `guarded`, or `sealed` with changes deferred, each change is
   answered as taken, and takes effect when the policy lets it: see below.
{change_taken}
8. Read the stored set, a page at a time: where `next` is set, ask again with it as `after`.
{book_requested}{book_read}
9. In a market under `open` or `snapshot`, follow the stored set: read `book-feed` from its
   beginning, `read_committed`, and keep your market's records, by the first part of the key, a JSON
   array. An offer is listed under its own key; a null value there takes it out.
{offer_listed}
   What is of no offer, or ends one, has the market's key alone.
{offer_delisted}{book_marked}
   Numbers are consecutive, save where compaction left some out. You have every offer once you hold
   as many as `offers` says, and the numbers of the records that list them add up to
   `sum_of_numbers`; if that is not so at the topic's end, read it anew. While `standing` is
   `behind`, more are to be listed; at `closed`, forget all that was listed.
10. Withdraw the offer when it shall stand no more; the withdrawal has a greater `revision` too.
{offer_withdrawn}

## As a buyer

1. Ask the operator for your id (here `{buyer}`), the market, and your inbox.
2. Take the end offset of partition 0 of `inbox.{buyer}`, and read on from it.
3. Open a session, and wait for its answer: `deadline` is when it is too late.
{session_opened}{session_granted}
4. Submit a request in it; the answer ranks the offers able to satisfy it, the best first.
{request_submitted}{offers_matched}
5. Accept one, naming provider, offer and revision as they were shown. Where the market's terms say
   `providers_hidden`, they are shown as `hidden`, `match-1` and 1: names that hold in that answer
   alone. The confirmation tells who sold.
{offer_accepted}{acceptance_confirmed}
6. Close the session; nothing in it can be accepted any more.
{session_closed}{session_ended}
7. If the answer to an acceptance never came, ask. You are told again what was decided, or refused
   with `acceptance_unknown`: then nothing was bought, and you may send the acceptance again.
{outcome_requested}

A market may let a request stand without a session: leave `session_id` out of the request and of the
acceptance, and accept before `valid_until`.

`ended_by` says who ended a session: its `buyer`, `time`, or the `operator`, who closed the market.

A refusal looks like this, whatever it refuses:
{event_refused}

## Services and their prices

`family` says what a service is; without it, it is `voice`. Each family has its own places, its
own qualities and its own price of usage; the charges beside it are the same for all.

| family | an offer applies to | of one deck wins | usage is counted in |
|---|---|---|---|
| `voice` | a dial code, perhaps from an origin | the longest code, then origin | minutes |
| `internet` | a site, metro or country | the site, then the metro | Mbit/s above the commit |
| `ethernet` | two places, whichever is named first | the pair told most exactly | nothing |
| `sms` | a network, an MCC or a country | the network, then the MCC | messages |

Within a provider's `deck` only the offer that wins is tested: if it fails a clause, the deck does
not match. A place is `GB`, `GB/LON` or `GB/LON/thn2`: a country by ISO 3166-1, a metro in it by
the IATA code of an airport or its area, a site as its operator calls it; what lies elsewhere or
nowhere is refused as `unknown_place`. A network is `234-15`, MCC and MNC by ITU-T E.212; an MCC
that is not in use is refused as `unknown_network`.

**Clauses.** A field of a request such as `min_asr_percent` or `max_delay_ms` is a clause on the
quality of that name. An offer that does not give the quality fails it, unless the request says
`"undetermined": "pass"`; then the match names it in `undetermined`.

**Cost** is what the whole costs over `comparison_months`, without taxes, in the offer's own
currency, as `lines` that add up; each amount is rounded half up to 1e-9. The term is the cheapest
within `max_term_months`. `ranking_cost` is the same in the market's currency, by the market's
rates: it ranks and binds to nothing.

**Policies.** A market's terms say what providers may do with the stored set during sessions.

| policy | a change takes effect | reading gives |
|---|---|---|
| `open` | at once; to accept what it replaced is refused as `offer_changed` | everything |
| `guarded` | when no open session was shown the offer; a pool's, any of its provider's | \
all but what open sessions were shown; `withheld` says so |
| `sealed` | when no session is open; or it is refused as `book_sealed`, as the market says | \
nothing (`book_sealed`) while any session is open |
| `snapshot` | for sessions opened after it; each sees the book as it stood when it opened | \
everything |

Changes are answered with `change-taken` alike, whatever sessions are open, where they may have to
wait: the answer tells nothing of sessions. They take effect in the order they came, and later than
`effective_at` if they must. In those markets a sale in a session is told to its provider, and to
`acceptance-confirmed`, when the session has ended; one without a session when those have
ended that were open then and may keep its revision standing. A notice does not say what is left.
What a session was shown stays for it, also when a revision that was scheduled before comes into
force. In a sealed market no change waits longer than `max_deferral_seconds`: a session that would
make one is refused as `changes_waiting`.

**Reading the stored set.** Entries are the offers in force at `as_of`, by provider and offer id.
All pages are of that one state: a change in between refuses the next page as `book_changed`; read
anew. An offer with an audience is told to its own provider alone.

**Hidden providers.** In a market with `providers_hidden` a provider reads its own offers alone,
and a request that excludes providers, or an acceptance that names one, is refused as
`providers_hidden`.

**Market control.** The operator may pause a market, close it for good, or suspend a participant:
`market_paused`, `market_closed`, `suspended`. A session can be closed and an outcome asked all the
same; a provider's offers are neither shown nor sold while it is suspended.

**Firmness.** Only a `firm` offer can be accepted; the others are shown as what they are, unless
the request says `firm_only`.

**Time.** With `effective_at` a revision, or a withdrawal, takes effect later, at most a year
ahead; until then the one before stands. A market may ask for notice of increases and of closures:
its terms say how long, and what comes too late is refused as `notice_too_short`.

**Pages.** Where more offers rank behind the last shown, `next` is set: send the request again
under a new `request_id`, with `next` as `after`. Each page can be accepted from by its own
`request_id`.

**Near misses.** Where few offers are able, `near_misses` names those that fail one clause only.

**What no schema says.** The `terms` of an offer go from the shortest to the longest, its `tiers`
start at 0 units and go up, and neither the commit nor the burst of internet access is above its
port.

## As an analytics consumer

Read `acceptance-confirmed` with a consumer group of your own and `isolation.level=read_committed`.
Each record is a sale. Unless the market declares its buyers public, `buyer` and the buyer's own ids
are null. Records with a `ce_id` that you have seen are repeats.
"""
