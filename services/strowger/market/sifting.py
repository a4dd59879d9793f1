"""Sifting: the rows of a bucket that pass every sieve, told by as little reading as possible."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from strowger.market.buckets import Bucket
from strowger.market.columns import Places
from strowger.market.sieves import Mask, Sieve

_PART: Final = 4
"""When fewer than one row in so many is left, the rest is looked at one by one."""


def sift(bucket: Bucket, sieves: Sequence[Sieve], places: Places | None = None) -> Places:
    """Give the places of the rows that pass every sieve, in order; of some `places`, or of all.

    A wide bucket is asked by bytes first: what is left to be read is what these could not rule out.
    """
    block, count = bucket.block, len(bucket.keys)
    mask: Mask | None = None
    if bucket.coarse is not None:
        mask, sieves = bucket.coarse.sift(sieves, count)
        if places is not None and mask is not None:
            places = places[mask.take(places)]
        elif mask is not None and np.count_nonzero(mask) * _PART < count:
            places = mask.nonzero()[0]
    for each in sieves:
        column = block[each.column]
        if places is not None:
            places = places[each.mask(column.take(places))]
            continue
        passed = each.mask(column[:count])
        mask = passed if mask is None else np.logical_and(mask, passed, out=mask)
    if places is not None:
        return places
    left: Places = np.arange(count) if mask is None else mask.nonzero()[0]
    return left
