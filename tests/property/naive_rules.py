"""The naive market's rules: what is done, or why not, one command after the other."""

import math
from dataclasses import replace
from typing import TypeVar

import msgspec

from strowger.contract import commands as said
from tests.property.naive_capacity import Pool, taken
from tests.property.naive_matching import found, in_force
from tests.property.naive_offers import (
    capacity_said_before,
    check,
    find,
    find_pool,
    full,
    greatest,
    said_before,
)
from tests.property.naive_rows import (
    Asked,
    BookPage,
    Hold,
    Page,
    Refused,
    Sold,
    Stored,
    Waiting,
)
from tests.property.naive_sales import Sale
from tests.property.naive_sessions import NaiveSessions
from tests.property.naive_shown import NOBODY, masked
from tests.property.naive_words import Facts, content, instant, nano, own_id

MORE = "more"
"""Stands for `next`: how the core spells where a page ends is its own."""

RULES = {2, 3, 4}
_Said = TypeVar("_Said", bound=said.AnyCommand)
Change = said.PublishOffer | said.WithdrawOffer | said.PublishCapacity


class NaiveRules(NaiveSessions):
    """The rules of offers, pools, requests and acceptances."""

    def learn_next(self, token: str) -> None:
        """Learn by which word the page just told goes on: each for one page of one request."""
        assert self.ended is not None
        assert self.pages.setdefault(token, self.ended) == self.ended

    def _declare(self, command: said.DeclareMarket) -> tuple[Facts, bool]:
        if command.participant != said.OPERATOR:
            raise Refused("not_allowed")
        repeat = self.terms is not None
        if command.rules_version not in RULES:
            raise Refused("unknown_rules")
        if self.terms is not None and _terms(self.terms) != _terms(command):
            raise Refused("market_declared_otherwise")
        if not repeat:
            self.terms, self.operator_place = command, self.place
            self.rules = command.rules_version
        terms = _terms(command)
        return self._event("market-declared", command, terms=terms), repeat

    def _declare_rates(self, command: said.DeclareRates) -> tuple[Facts, bool]:
        if command.participant != said.OPERATOR:
            raise Refused("not_allowed")
        repeat = self.rates is not None and content(self.rates) == content(command)
        if self.rates and command.version <= self.rates.version and not repeat:
            raise Refused("rates_not_newer")
        if not repeat:
            self.rates, self.operator_place = command, self.place
        rates = {currency: nano(worth) for currency, worth in command.rates_nano.items()}
        return self._event("rates-declared", command, version=command.version, rates=rates), repeat

    # Offers and pools

    def _revise(self, command: said.PublishOffer | said.WithdrawOffer) -> tuple[Facts, bool]:
        offer = self._as_it_will_be(command.participant, command.offer_id)
        if isinstance(command, said.WithdrawOffer) and not offer.revisions:
            raise Refused("offer_unknown")
        if command.revision <= greatest(offer):
            self._keep_withdrawn(command)
        known = said_before(offer, command)
        if known is not None:
            return self._stored(command, known.from_ms), True
        from_ms = self._effect_ms(command)
        check(offer, self._seen_in(command.participant, None), command, from_ms)
        if isinstance(command, said.PublishOffer) or from_ms > self.now_ms + (
            self._terms.policy == "snapshot"
        ):
            stored = self._stored_of(command.participant)
            if command.offer_id not in stored and full(self._terms.max_stored_offers, stored):
                raise Refused("too_many_offers")
        self._take(command)
        return self._stored(command, from_ms), False

    def _stored_of(self, provider: str) -> list[str]:
        """Give the offers of a provider of which it said last that there is one, or still is."""
        last: dict[str, said.PublishOffer | said.WithdrawOffer] = {}
        sent = [each.command for offer in self.offers for each in offer.revisions]
        for change in (*sent, *(each.command for each in self.waiting)):
            if isinstance(change, said.PublishCapacity) or change.participant != provider:
                continue
            if change.offer_id not in last or last[change.offer_id].revision < change.revision:
                last[change.offer_id] = change
        return [name for name, change in last.items() if self._is_stored(change)]

    def _is_stored(self, last: said.PublishOffer | said.WithdrawOffer) -> bool:
        return isinstance(last, said.PublishOffer) or self._closes_ms(last) > self.now_ms

    def _closes_ms(self, closure: said.WithdrawOffer) -> int:
        """Give when a withdrawal takes effect or took it; one that waits as if it need not."""
        offer = find(self.offers, closure.participant, closure.offer_id)
        stood = [each for each in (offer.revisions if offer else []) if each.command is closure]
        return stood[0].from_ms if stood else closure.effective_at_ms or 0

    def _as_it_will_be(self, provider: str, offer_id: str) -> Stored:
        """Give an offer with what waits for it put in, as it would be if the wait ended now."""
        standing = find(self.offers, provider, offer_id)
        offer = standing.copy() if standing else Stored(provider, offer_id)
        for each in self.waiting:
            if each.is_of(provider, "offer", offer_id):
                self._put(offer, each)
        return offer

    def _keep_withdrawn(self, command: said.PublishOffer | said.WithdrawOffer) -> None:
        offer = find(self.offers, command.participant, command.offer_id)
        if offer is not None and offer.forget_at_ms < math.inf:
            offer.forget_at_ms = max(offer.forget_at_ms, self._kept_until_ms())

    def _publish_capacity(self, command: said.PublishCapacity) -> tuple[Facts, bool]:
        standing = find_pool(self.pools, command.participant, command.pool)
        if standing is None:
            theirs = [each for each in self.pools if each.latest.participant == command.participant]
            if full(self._terms.max_stored_offers, theirs):
                raise Refused("too_many_offers")
            # Nobody was shown anything of it, and without it nothing could name it.
            self._take_effect(Waiting(command, self.sequence, self.now_ms, self.place))
            return self._stored(command, None), False
        pool = Pool(standing.latest, standing.place, standing.replaced)
        for each in self.waiting:
            if each.is_of(command.participant, "capacity", command.pool):
                assert isinstance(each.command, said.PublishCapacity)
                pool.put(each.command, self.now_ms, each.place, each.overtaken_ms)
        repeat = capacity_said_before(pool, command)
        if not repeat:
            self._take(command)
        return self._stored(command, None), repeat

    def _take(self, command: Change) -> None:
        """Let a change take effect; or let it wait, or refuse it, as the market's policy wants."""
        if not self._must_wait(command):
            self._take_effect(Waiting(command, self.sequence, self.now_ms, self.place))
        elif self._terms.policy == "sealed" and self._terms.denied_changes == "refuse":
            raise Refused("book_sealed")
        else:
            self._wait(command)

    def _wait(self, command: Change) -> None:
        if isinstance(command, said.PublishCapacity) and self.rules >= 3:
            for each in self.waiting:
                if each.is_of(command.participant, "capacity", command.pool):
                    each.overtaken_ms = each.overtaken_ms or self.now_ms
        if not isinstance(command, said.PublishCapacity):
            for each in self.waiting:
                if not each.is_of(command.participant, "offer", command.offer_id):
                    continue
                assert not isinstance(each.command, said.PublishCapacity)
                if each.overtaken_ms is None and (
                    self._effect_ms(each.command) >= self._effect_ms(command)
                ):
                    each.overtaken_ms = self.now_ms
            self.changes += 1
        self.waiting.append(Waiting(command, self.sequence, self.now_ms, self.place))

    def _stored(self, command: Change, from_ms: int | None) -> Facts:
        terms = self._terms
        what, name = own_id(command)[1].split(" ", 1)
        if terms.policy == "guarded" or (
            terms.policy == "sealed" and terms.denied_changes == "defer"
        ):
            subject = f"{what} {name}"
            return self._event("change-taken", command, subject=subject, revision=command.revision)
        if from_ms is None:
            return self._event("capacity-stored", command, pool=name, revision=command.revision)
        return self._event(
            "offer-stored" if isinstance(command, said.PublishOffer) else "offer-removed",
            command,
            offer_id=name,
            revision=command.revision,
            effective_at=instant(from_ms),
        )

    # Requests

    def _match(self, command: said.SubmitRequest) -> Facts:
        self._enter(command)
        if command.session_id is not None and full(
            self._terms.max_session_requests, self._asked_in(command)
        ):
            raise Refused("too_many_requests")
        hides = self._terms.providers_hidden
        if hides and command.wish.exclude_providers:
            raise Refused("providers_hidden")
        seen = self._seen_in(command.participant, command.session_id)
        matched = found(self.offers, command, seen, self._pages_known())
        valid_until_ms = math.inf
        valid_until = None
        if command.session_id is None:
            valid_until_ms = self.now_ms + self._terms.match_validity_seconds * 1000
            valid_until = instant(valid_until_ms)
        version = self.rates.version if self.rates else None
        self.requests.append(
            Asked(
                *(command, matched.matches, self.now_ms, version),
                *(valid_until_ms, self._kept_until_ms(), self.place),
            )
        )
        self.ended = matched.ended
        if hides and matched.ended:
            self.ended = replace(matched.ended, asked=self.place)
        self.found = matched.rests_on
        if command.session_id is not None and self._terms.hold_capacity:
            self._hold(command, command.session_id, matched.matches)
        return self._event(
            "offers-matched",
            command,
            request_id=command.request_id,
            session_id=command.session_id,
            currency=self._terms.currency,
            able=matched.able,
            matches=masked(matched.matches, "match") if hides else matched.matches,
            valid_until=valid_until,
            near_misses=masked(matched.near_misses, "near-miss") if hides else matched.near_misses,
            next=matched.ended and MORE,
            rates_version=version,
        )

    def _pages_known(self) -> dict[str, Page | BookPage]:
        kept = {asked.place for asked in self.requests}
        return {
            token: page
            for token, page in self.pages.items()
            if isinstance(page, BookPage) or page.asked is None or page.asked in kept
        }

    def _hold(self, command: said.SubmitRequest, session_id: str, shown: list[Facts]) -> None:
        """Hold, in the order shown, what a sale would take, as far as there is room."""
        seen = self._seen_in(command.participant, session_id)
        standing = in_force(self.offers, seen.view_ms, command.participant)
        for match in shown:
            name = (match["provider"], match["offer_id"])
            (each,) = (one for one in standing if (one.offer.provider, one.offer.offer_id) == name)
            units, channels = taken(each, command.service), command.service.channels
            if units > seen.units_left(each) or channels > seen.channels_left(each):
                continue
            self.holds.append(
                Hold(
                    *(command.participant, session_id, command.request_id),
                    (each.offer.provider, each.offer.offer_id),
                    *(each.publication.pool, units, channels),
                )
            )

    def _asked_in(self, command: said.SubmitRequest) -> list[Asked]:
        whose = (command.participant, command.session_id)
        return [
            each
            for each in self.requests
            if (each.request.participant, each.request.session_id) == whose
        ]

    # Acceptances

    def _sell(self, command: said.AcceptOffer) -> Facts:
        self._enter(command)
        if self._terms.providers_hidden and command.provider != NOBODY:
            raise Refused("providers_hidden")
        command = self._named(command)
        asked = self._asked(command)
        sale = Sale(self.offers, self._sold_in(asked), asked, command)
        contract = {"contract_id": f"{command.market}-{self.sequence + 1}", **sale.make()}
        tells_nothing = self.rules >= 4 and self._terms.policy in {"guarded", "sealed"}
        left = dict.fromkeys(sale.left()) if tells_nothing else sale.left()
        notice = self._event("offer-sold", command, **contract, buyer=command.participant, **left)
        own = {name: getattr(command, name) for name in ("acceptance_id", "session_id")}
        confirmed = self._event(
            "acceptance-confirmed",
            command,
            **contract,
            **own,
            buyer=command.participant,
            request_id=command.request_id,
            provider=command.provider,
        )
        session = self._told_at_the_end_of(command)
        if session is not None:
            self.untold.append(Sold(*session, confirmed, command.provider, notice, self.place))
        else:
            self.notices += [(None, confirmed, [])] if tells_nothing else []
            self.notices.append((command.provider, notice, []))
        return confirmed

    def _told_at_the_end_of(self, command: said.AcceptOffer) -> tuple[str, str] | None:
        """Give at the end of whose session a sale is told; none where it is told at once."""
        if self._terms.policy not in {"guarded", "sealed"}:
            return None
        if command.session_id is not None:
            return command.participant, command.session_id
        waits_for = self._kept_waiting_by(command.provider) if self.rules >= 4 else None
        if waits_for is None:
            return None
        return waits_for.opening.participant, waits_for.opening.session_id

    def _named(self, command: _Said) -> _Said:
        """Give a command; an acceptance with the names of what its request showed at that place."""
        if not isinstance(command, said.AcceptOffer) or not self._terms.providers_hidden:
            return command
        if command.provider != NOBODY or command.revision != 1:
            return command
        for asked in self.requests:
            if own_id(asked.request) != (command.participant, f"request {command.request_id}"):
                continue
            for number, match in enumerate(asked.matches, start=1):
                if command.offer_id == f"match-{number}":
                    names = {name: match[name] for name in ("provider", "offer_id", "revision")}
                    return msgspec.structs.replace(command, **names)
        return command

    def _asked(self, command: said.AcceptOffer) -> Asked:
        for asked in self.requests:
            request = asked.request
            if (request.participant, request.request_id) == (
                command.participant,
                command.request_id,
            ):
                if request.session_id != command.session_id:
                    raise Refused("other_session")
                return asked
        raise Refused("request_unknown")

    def _outcome(self, command: said.TellOutcome) -> Facts:
        for answer in self.answers:
            if own_id(answer.command) == own_id(command):
                return {**answer.event, "causation_id": command.causation_id}
        raise Refused("acceptance_unknown")


def _terms(command: said.DeclareMarket) -> Facts:
    """Give what stands for good: not by which rules."""
    unsaid = {"participant", "command", "rules_version"}
    if not command.providers_hidden:
        unsaid.add("providers_hidden")
    return {
        name: said_of_it
        for name, said_of_it in content(command).items()
        if name not in unsaid and not (name.startswith("max_") and said_of_it is None)
    }
