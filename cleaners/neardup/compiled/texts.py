"""Texts to hashed words, shingles, numbers and signatures, in machine code.

Takes the bytes of texts, gives arrays as `words.py`, `shingles.py` and `signatures.py` do, bit for bit; decides nothing.
"""
# mypy: disable-error-code="no-untyped-def, no-untyped-call"
# ruff: noqa: ANN001, ANN201, ANN202

from __future__ import annotations

import numpy as np
from numba import types

from cleaners.neardup import constants
from cleaners.neardup.compiled.types import (
    BLOCKS,
    FLAGS,
    I64S,
    OUT_FLAGS,
    OUT_I64S,
    OUT_MATRIX,
    OUT_U8S,
    OUT_U32S,
    OUT_U64S,
    U8S,
    U32S,
    U64S,
    compiled,
    inline,
)
from cleaners.neardup.text import fold

# Of one type throughout: numba makes a float of a signed and an unsigned number.
WORD, LENGTH, LAST = (
    np.uint64(m) for m in (constants.WORD_MULTIPLIER, constants.LENGTH_MULTIPLIER, constants.LAST_MULTIPLIER)
)
RUN, FIRST_MIXER, SECOND_MIXER = (np.uint64(m) for m in (constants.MULTIPLIER, *constants.MIXERS))
FIRST_FINALISER, SECOND_FINALISER = (np.uint32(m) for m in constants.FINALISERS)
ZERO, BLOCK, HALF, MIX_SHIFT = (np.uint64(n) for n in (0, 8, 32, 33))
NOTHING, EIGHT, THIRTEEN, SIXTEEN, BYTE = (np.uint32(n) for n in (0, 8, 13, 16, 0xFF))
BLANK, COMMA, EMPTY = np.uint8(fold.BLANK), np.uint8(ord(",")), constants.EMPTY
# As in `shingles.py`.
QUOTED, OPENS_TEXT, ALL_MARKS, MARK_BITS, BYTES_TWO, LOWEST = (np.uint64(n) for n in (1, 2, 3, 2, 16, 0xFF))
BLANKS, HIGHEST_BITS = (np.uint64(byte * 0x0101010101010101) for byte in (fold.BLANK, 0x80))
BYTES_KEPT, IS_BETWEEN_DIGITS = constants.BYTES_KEPT, constants.IS_BETWEEN_DIGITS
SHRINKS, ODD, IS_CAPITAL, IS_DIGIT, IS_MARK = fold.SHRINKS, fold.ODD, fold.IS_CAPITAL, fold.IS_DIGIT, fold.IS_MARK
QUOTATION_MARK, LONGEST_UNCLOSED = np.uint8(fold.QUOTATION_MARK), constants.LONGEST_UNCLOSED
OPENING, CLOSING, STRAIGHT, OPENS = constants.OPENING, constants.CLOSING, constants.STRAIGHT, constants.OPENS
CLOSES, IS_GAP_BEFORE, IS_GAP_AFTER = constants.CLOSES, constants.IS_GAP_BEFORE, constants.IS_GAP_AFTER
LEFT_OUT, UNKNOWN = -1, -2  # a text that tables alone do not fold; one with a code point that is not in them yet
FEW, MANY = 24, 2048  # values: fewer are best sorted by insertion, more by all of their bytes


@inline
def _mix(total):
    """`words.mix`."""
    total = (total ^ (total >> MIX_SHIFT)) * FIRST_MIXER
    total = (total ^ (total >> MIX_SHIFT)) * SECOND_MIXER
    return total ^ (total >> MIX_SHIFT)


@inline
def _finalise(value):
    """`signatures._finalise` of one."""
    value = np.uint32(np.uint32(value ^ (value >> SIXTEEN)) * FIRST_FINALISER)
    value = np.uint32(np.uint32(value ^ (value >> THIRTEEN)) * SECOND_FINALISER)
    return np.uint32(value ^ (value >> SIXTEEN))


@inline
def _decode(data, at):
    """The code point that begins at a byte of 0xC0 or more, and its bytes."""
    lead, second = np.int64(data[at]), np.int64(data[at + 1]) & 0x3F
    if lead < 0xE0:
        return ((lead & 0x1F) << 6) | second, 2
    third = np.int64(data[at + 2]) & 0x3F
    if lead < 0xF0:
        return ((lead & 0x0F) << 12) | (second << 6) | third, 3
    return ((lead & 0x07) << 18) | (second << 12) | (third << 6) | (np.int64(data[at + 3]) & 0x3F), 4


@inline
def _judge_mark(raw, at, size, kind):
    """`fold._judge_marks` of one."""
    opens = at == 0 or IS_GAP_BEFORE[raw[at - 1]]
    closes = at + size == len(raw) or IS_GAP_AFTER[raw[at + size]]
    if opens == closes:
        opens, closes = kind == OPENS, kind == CLOSES
    return OPENING if opens else (CLOSING if closes else BLANK)


@inline
def _fold_others(raw, traits, folded, plain, is_capital):
    """Fold the characters beyond ASCII, and close up over bytes dropped; the bytes left, LEFT_OUT or UNKNOWN."""
    at, shrinks = 0, False
    while at < len(raw):
        if raw[at] < 0xC0:
            at += 1
            continue
        code_point, size = _decode(raw, at)
        trait = traits[code_point]
        if trait == 0:
            return UNKNOWN
        if trait & ODD:
            return LEFT_OUT
        shrinks |= (trait & SHRINKS) != 0
        is_capital[at] = (trait & IS_CAPITAL) != 0
        rest = folded[code_point]
        for place in range(size):
            plain[at + place] = np.uint8(rest & BYTE)
            rest >>= EIGHT
        if trait & IS_MARK:
            plain[at] = _judge_mark(raw, at, size, plain[at])
        at += size
    if not shrinks:
        return len(raw)
    kept = 0
    for i in range(len(raw)):
        if plain[i] == STRAIGHT:
            plain[i] = _judge_mark(raw, i, 1, STRAIGHT)
        plain[kept], is_capital[kept] = plain[i], is_capital[i]
        kept += plain[kept] != 0
    return kept


@inline
def _hash_word(blocks, start, length):
    """`words.hash_word`."""
    total, power, rest = length * LENGTH, WORD, length
    while rest > BLOCK:
        total += blocks[start] * power
        power *= WORD
        start += BLOCK
        rest -= BLOCK
    total += (blocks[start] & BYTES_KEPT[rest]) * power
    return (total ^ (total >> HALF)) * LAST


@inline
def _find_quoted(raw, own, blocks, edges, is_quoted):
    """`words._find_quoted` of one text, whose words lie between `edges`; eight bytes at once are seen to hold no mark."""
    n, n_words, opened, edge = len(own), len(is_quoted), -1, 0
    for at in range(0, n, 8):
        block = blocks[at]
        if not (block - BLANKS) & ~block & HIGHEST_BITS:
            continue
        for place in range(at, min(at + 8, n)):
            code = own[place]
            if code == STRAIGHT:  # nothing was dropped, or it would have been seen to
                code = _judge_mark(raw, place, 1, STRAIGHT)
            if code >= BLANK:
                continue
            while edge < len(edges) and edges[edge] < place:
                edge += 2
            word = edge // 2
            if opened >= 0:
                last = word if code == CLOSING else min(word, opened + LONGEST_UNCLOSED)
                is_quoted[opened:last] = True
            opened = word if code == OPENING else -1
    if opened >= 0:
        is_quoted[opened : min(n_words, opened + LONGEST_UNCLOSED)] = True


@compiled(types.boolean, U8S, I64S, U8S, U32S, OUT_U8S, BLOCKS, OUT_U64S, OUT_FLAGS, OUT_FLAGS, OUT_I64S)
def read_words(data, bounds, traits, folded, plain, blocks, hashes, is_name, is_quoted, n_words):
    """`words.read_words`; False as soon as a code point is not in the tables yet.

    Fills `hashes`, `is_name` and `is_quoted` word after word, and the words of each text, LEFT_OUT of those that need
    more than tables. `plain` has room for the longest text and PADDING; `blocks` are the eight bytes from each of its
    bytes on.
    """
    is_capital, edges = np.empty(len(plain), np.bool_), np.empty(len(plain) + 1, np.int64)
    found = 0
    for text in range(len(bounds) - 1):
        raw = data[bounds[text] : bounds[text + 1]]
        n, seen = len(raw), np.uint8(0)
        for i in range(n):  # without a branch, so that the processor does many bytes at once
            byte = raw[i]
            lower = np.uint8(byte | BLANK)
            is_capital[i] = np.uint8(byte - np.uint8(65)) < 26
            is_kept = np.uint8(lower - np.uint8(97)) < 26 or np.uint8(byte - np.uint8(48)) < 10
            other = byte if byte >= 128 else (STRAIGHT if byte == QUOTATION_MARK else BLANK)
            plain[i] = (lower if byte >= 58 else byte) if is_kept else other
            seen |= byte
        if seen >= 128:
            n = _fold_others(raw, traits, folded, plain, is_capital)
            if n == UNKNOWN:
                return False
            if n == LEFT_OUT:
                n_words[text] = LEFT_OUT
                continue
        plain[n] = BLANK
        own = plain[: n + 1]
        n_edges, before = 0, False
        for i in range(len(own)):
            is_word = own[i] > BLANK
            edges[n_edges] = i
            n_edges += is_word != before
            before = is_word
        n_words[text] = n_edges // 2
        first = found
        for edge in range(0, n_edges, 2):
            start = np.uint64(edges[edge])
            length = np.uint64(edges[edge + 1]) - start
            hashes[found] = _hash_word(blocks, start, length)
            is_name[found] = is_capital[start]
            is_quoted[found] = False
            found += 1
        _find_quoted(raw, own[:n], blocks, edges[:n_edges], is_quoted[first:found])
    return True


@inline
def _sort_by_two_bytes(values, spare, counts, down, eight, byte):
    """Sort values by the two bytes above `down` bits; `eight` and `byte` are 8 and 255 in the values' own type."""
    low, high = counts[:256], counts[256:]
    counts[:] = 0
    for i in range(len(values)):
        value = values[i] >> down
        low[value & byte] += 1
        high[(value >> eight) & byte] += 1
    low_place, high_place = 0, 0
    for i in range(256):
        low_place, low[i] = low_place + low[i], low_place
        high_place, high[i] = high_place + high[i], high_place
    for i in range(len(values)):
        bucket = (values[i] >> down) & byte
        spare[low[bucket]] = values[i]
        low[bucket] += 1
    for i in range(len(values)):
        bucket = (spare[i] >> (down + eight)) & byte
        values[high[bucket]] = spare[i]
        high[bucket] += 1


@inline
def _sort_by_insertion(values):
    for i in range(1, len(values)):
        value, j = values[i], i
        while j > 0 and values[j - 1] > value:
            values[j] = values[j - 1]
            j -= 1
        values[j] = value


@inline
def _sort_unique(values, spare, counts):
    """Sort values in place, the distinct ones first; their number.

    By their bytes, the lowest first. Of a few the upper two separate nearly all; insertion does the rest.
    """
    n = len(values)
    if n > MANY:
        _sort_by_two_bytes(values, spare, counts, NOTHING, EIGHT, BYTE)
    if n > FEW:
        _sort_by_two_bytes(values, spare, counts, SIXTEEN, EIGHT, BYTE)
    _sort_by_insertion(values)
    if n == 0:
        return 0
    kept, before = 1, values[0]
    for i in range(1, n):
        value = values[i]
        values[kept] = value
        kept += value != before
        before = value
    return kept


@inline
def _mark(total, is_quoted, opens):
    """The hash of a shingle with its marks."""
    return ((_mix(total) >> HALF) << MARK_BITS) | (QUOTED if is_quoted else ZERO) | (OPENS_TEXT if opens else ZERO)


@inline
def _sort_marked(values, spare, counts):
    """`_sort_unique` of values with marks, which equal values join; by the same bytes of what stands above the marks."""
    n = len(values)
    if n > MANY:
        _sort_by_two_bytes(values, spare, counts, MARK_BITS, BLOCK, LOWEST)
    if n > FEW:
        _sort_by_two_bytes(values, spare, counts, MARK_BITS + BYTES_TWO, BLOCK, LOWEST)
    _sort_by_insertion(values)
    kept = 0
    for i in range(1, n):
        if (values[i] ^ values[kept]) >> MARK_BITS:
            kept += 1
            values[kept] = values[i]
        else:
            values[kept] |= values[i]
    return kept + 1 if n else 0


@compiled(types.void, I64S, U64S, FLAGS, types.int64, types.int64, OUT_U32S, OUT_I64S)
def hash_shingles(offsets, hashes, is_character, n_run, n_character_run, values, ends):
    """`shingles.hash_shingles`: the sets end to end in `values`, and where each ends."""
    longest = 0
    for text in range(len(offsets) - 1):
        longest = max(longest, offsets[text + 1] - offsets[text])
    spare, counts = np.empty(longest, np.uint32), np.empty(512, np.int32)
    start = 0
    for text in range(len(offsets) - 1):
        first, last = offsets[text], offsets[text + 1]
        found = start
        for word in range(first, last):
            n = n_character_run if is_character[word] else n_run
            if word + n <= last:
                total = hashes[word]
                for step in range(1, n):
                    total = total * RUN + hashes[word + step]
                values[found] = np.uint32(_mix(total) >> HALF)
                found += 1
        if found == start and last > first:
            total = ZERO
            for word in range(first, last):
                total = total * RUN + hashes[word]
            values[found] = np.uint32(_mix(total) >> HALF)
            found += 1
        start += _sort_unique(values[start:found], spare, counts)
        ends[text] = start


@compiled(types.void, I64S, U64S, FLAGS, FLAGS, types.int64, types.int64, types.int64, OUT_U32S, OUT_U8S, OUT_I64S)
def read_shingles(offsets, hashes, is_character, is_quoted, n_run, n_character_run, n_opening, values, marks, ends):
    """`shingles.read_shingles`: the sets end to end in `values`, with the `marks` of each, and where each ends."""
    longest = 0
    for text in range(len(offsets) - 1):
        longest = max(longest, offsets[text + 1] - offsets[text])
    own, spare, counts = np.empty(longest, np.uint64), np.empty(longest, np.uint64), np.empty(512, np.int32)
    start = 0
    for text in range(len(offsets) - 1):
        first, last = offsets[text], offsets[text + 1]
        found = 0
        for word in range(first, last):
            n = n_character_run if is_character[word] else n_run
            if word + n <= last:
                total, mark = hashes[word], is_quoted[word]
                for step in range(1, n):
                    total = total * RUN + hashes[word + step]
                    mark |= is_quoted[word + step]
                own[found] = _mark(total, mark, word - first < n_opening)
                found += 1
        if found == 0 and last > first:
            total, mark = ZERO, False
            for word in range(first, last):
                total = total * RUN + hashes[word]
                mark |= is_quoted[word]
            own[found] = _mark(total, mark, True)
            found += 1
        for i in range(_sort_marked(own[:found], spare, counts)):
            values[start], marks[start] = np.uint32(own[i] >> MARK_BITS), np.uint8(own[i] & ALL_MARKS)
            start += 1
        ends[text] = start


@compiled(types.void, I64S, I64S, U64S, FLAGS, OUT_U32S, OUT_I64S)
def collect_sets(starts, stops, hashes, is_chosen, values, ends):
    """`words.collect_sets` of what lies between each start and stop, in the form of `hash_shingles`."""
    longest = 0
    for text in range(len(starts)):
        longest = max(longest, stops[text] - starts[text])
    spare, counts = np.empty(longest, np.uint32), np.empty(512, np.int32)
    start = 0
    for text in range(len(starts)):
        found = start
        for i in range(starts[text], stops[text]):
            values[found] = np.uint32(hashes[i] >> HALF)
            found += is_chosen[i]
        start += _sort_unique(values[start:found], spare, counts)
        ends[text] = start


@compiled(types.boolean, U8S, I64S, U8S, OUT_U64S, OUT_I64S)
def read_numbers(data, bounds, traits, hashes, ends):
    """Return what `words.read_numbers` hashes, number after number, and where those of each text end; False as `read_words`."""
    found = 0
    for text in range(len(bounds) - 1):
        raw = data[bounds[text] : bounds[text + 1]]
        n, at = len(raw), 0
        last = -9  # where the last byte of a digit stood
        total, power = ZERO, WORD
        while at < n:
            byte = raw[at]
            size = 1
            if byte < 0xC0:
                is_digit = np.uint8(byte - np.uint8(48)) < 10
            else:
                code_point, size = _decode(raw, at)
                if traits[code_point] == 0:
                    return False
                is_digit = (traits[code_point] & IS_DIGIT) != 0
            if is_digit:
                between = raw[at - 1] if at else BLANK
                if at - last == 2 and IS_BETWEEN_DIGITS[between]:
                    if between != COMMA:  # it counts with the byte before it
                        total += (np.uint64(between) << BLOCK) * power
                    power *= WORD
                elif at - last == 1:
                    power *= WORD
                else:
                    if last >= 0:
                        hashes[found] = _mix(total)
                        found += 1
                    total, power = ZERO, WORD
                total += np.uint64(byte) * power
                for place in range(1, size):
                    power *= WORD
                    total += np.uint64(raw[at + place]) * power
                last = at + size - 1
            at += size
        if last >= 0:
            hashes[found] = _mix(total)
            found += 1
        ends[text] = found
    return True


@compiled(types.void, I64S, U32S, U32S, U32S, OUT_MATRIX)
def sign_sets(offsets, values, multipliers, summands, matrix):
    """`signatures.sign_sets`, into a matrix."""
    for row in range(len(offsets) - 1):
        least = matrix[row]
        least[:] = EMPTY
        own = values[offsets[row] : offsets[row + 1]]
        n = len(own)
        for at in range(0, n, 8):  # eight at once: permutation and minimum are read once for all
            a, b = _finalise(own[at]), _finalise(own[min(at + 1, n - 1)])
            c, d = _finalise(own[min(at + 2, n - 1)]), _finalise(own[min(at + 3, n - 1)])
            e, f = _finalise(own[min(at + 4, n - 1)]), _finalise(own[min(at + 5, n - 1)])
            g, h = _finalise(own[min(at + 6, n - 1)]), _finalise(own[min(at + 7, n - 1)])
            for i in range(len(least)):
                m, s = multipliers[i], summands[i]
                one = min(np.uint32(a * m + s), np.uint32(b * m + s))
                two = min(np.uint32(c * m + s), np.uint32(d * m + s))
                three = min(np.uint32(e * m + s), np.uint32(f * m + s))
                four = min(np.uint32(g * m + s), np.uint32(h * m + s))
                least[i] = min(least[i], one, two, three, four)
