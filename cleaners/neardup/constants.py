"""Numbers that array code and machine code share, so that both give the same bits."""

from __future__ import annotations

import numpy as np

KEY_MULTIPLIER = 0x9E3779B97F4A7C15

BUCKET = np.uint64(0xFFFFFFFF00000000)  # of a key, what names the bucket
REST = np.uint64(0x00000000FFFFFFFF)

MULTIPLIER = 0xA0761D6478BD642F  # odd, so that no bit of a word's hash is lost

FINALISERS = (0x85EBCA6B, 0xC2B2AE35)
EMPTY = np.uint32(0xFFFFFFFF)  # datasketch's value for a set without elements

WORD_MULTIPLIER = 0x9E3779B97F4A7C15  # odd, so that no bit of a block is lost
LENGTH_MULTIPLIER = 0xD6E8FEB86659FD93
LAST_MULTIPLIER = 0xFF51AFD7ED558CCD
MIXERS = (0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53)  # of MurmurHash3's 64-bit finaliser

BYTES_KEPT = np.array([(1 << 8 * n) - 1 for n in range(9)], np.uint64)  # of a block, the lowest n bytes

IS_BETWEEN_DIGITS = np.isin(np.arange(256), [ord(c) for c in ".,/:"])
