package org.lora4j.text.grammar.internal;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** How characters are written as bytes: in UTF-8, or as the content of a JSON string. */
final class Spelling {
    private static final int LAST_CONTROL = 0x1F;
    private static final int HEX = 16;
    private static final String SHORT = "\b\t\n\f\r\"\\";
    private static final String SHORT_LETTERS = "btnfr\"\\";
    private static final CodePoints ESCAPED = CodePoints.range(0, LAST_CONTROL).or(CodePoints.of("\"\\"));

    private final Expressions all;
    private final boolean isJson;
    private final Map<Integer, Expression> single = new HashMap<>();

    private Spelling(Expressions all, boolean isJson) {
        this.all = all;
        this.isJson = isJson;
    }

    static Spelling utf8(Expressions all) {
        return new Spelling(all, false);
    }

    /** Escapes only what JSON demands: quotation marks, backslashes and control characters, each in the shortest form. */
    static Spelling json(Expressions all) {
        return new Spelling(all, true);
    }

    Expressions expressions() {
        return all;
    }

    private Expression one(int character) {
        return single.computeIfAbsent(character, key -> one(CodePoints.range(key, key)));
    }

    /** One character of a set. */
    Expression one(CodePoints of) {
        all.effort().spend(of.ranges());
        if (!isJson) {
            return utf8(of);
        }
        List<Expression> options = new ArrayList<>(List.of(utf8(of.without(ESCAPED))));
        BitSet letters = new BitSet();
        for (int c = 0; c <= '\\'; c++) {
            if (ESCAPED.contains(c) && of.contains(c)) {
                int isShort = SHORT.indexOf(c);
                if (isShort >= 0) {
                    letters.set(SHORT_LETTERS.charAt(isShort));
                } else {
                    options.add(all.sequence(all.literal(c < HEX ? "\\u000" : "\\u001"), hex(c % HEX)));
                }
            }
        }
        options.add(all.concat(all.literal("\\"), all.oneOf(letters)));
        Expression character = all.or(options);
        if (of.equals(CodePoints.ALL)) {
            all.jsonCharacter(character);
        }
        return character;
    }

    private Expression hex(int digit) {
        BitSet letters = new BitSet();
        letters.set(Character.forDigit(digit, HEX));
        letters.set(Character.toUpperCase(Character.forDigit(digit, HEX)));
        return all.oneOf(letters);
    }

    /** A text. */
    Expression text(String characters) {
        all.requireRoomFor(characters.codePointCount(0, characters.length()));
        int[] points = characters.codePoints().toArray();
        Expression text = all.empty();
        for (int i = points.length - 1; i >= 0; i--) {
            text = all.concat(one(points[i]), text);
        }
        return text;
    }

    /** One of many texts. Those with the same beginning share it, so that few are compared with each byte. */
    Expression oneOf(Collection<String> texts) {
        List<int[]> sorted = texts.stream()
                .distinct()
                .map(one -> one.codePoints().toArray())
                .sorted(Arrays::compare)
                .toList();
        return sorted.isEmpty() ? all.never() : oneOf(sorted, 0);
    }

    private Expression oneOf(List<int[]> sorted, int from) {
        int[] first = sorted.get(0);
        int common = Arrays.mismatch(first, sorted.get(sorted.size() - 1));
        if (common < 0) {
            return text(new String(first, from, first.length - from));
        }
        List<Expression> options = new ArrayList<>();
        int begin = 0;
        if (first.length == common) {
            options.add(all.empty());
            begin = 1;
        }
        while (begin < sorted.size()) {
            int end = begin + 1;
            while (end < sorted.size() && sorted.get(end)[common] == sorted.get(begin)[common]) {
                end++;
            }
            options.add(oneOf(sorted.subList(begin, end), common));
            begin = end;
        }
        return all.concat(text(new String(first, from, common - from)), all.or(options));
    }

    /** Any texts. */
    Expression any() {
        return all.repeat(one(CodePoints.ALL), 0, Repeat.UNBOUNDED);
    }

    private Expression utf8(CodePoints of) {
        Map<List<BitSet>, BitSet> firstBytes = new LinkedHashMap<>();
        for (int range = 0; range < of.ranges(); range++) {
            addRange(of.first(range), of.last(range), firstBytes);
        }
        List<Expression> options = new ArrayList<>();
        firstBytes.forEach((rest, first) -> {
            List<Expression> parts = new ArrayList<>(List.of(all.oneOf(first)));
            rest.forEach(set -> parts.add(all.oneOf(set)));
            options.add(all.sequence(parts));
        });
        return all.or(options);
    }

    /** Divides a range until each byte of its characters has a range of its own. */
    private static void addRange(int first, int last, Map<List<BitSet>, BitSet> to) {
        for (int limit : new int[] {0x7F, 0x7FF, 0xFFFF}) {
            if (first <= limit && last > limit) {
                addRange(first, limit, to);
                addRange(limit + 1, last, to);
                return;
            }
        }
        for (int bits = 6; bits <= 18 && last > 0x7F; bits += 6) {
            int mask = (1 << bits) - 1;
            if ((first & ~mask) != (last & ~mask)) {
                if ((first & mask) != 0) {
                    addRange(first, first | mask, to);
                    addRange((first | mask) + 1, last, to);
                    return;
                }
                if ((last & mask) != mask) {
                    addRange(first, (last & ~mask) - 1, to);
                    addRange(last & ~mask, last, to);
                    return;
                }
            }
        }
        byte[] from = bytes(first);
        byte[] until = bytes(last);
        List<BitSet> rest = new ArrayList<>();
        for (int i = 1; i < from.length; i++) {
            BitSet set = new BitSet();
            set.set(Byte.toUnsignedInt(from[i]), Byte.toUnsignedInt(until[i]) + 1);
            rest.add(set);
        }
        to.computeIfAbsent(rest, key -> new BitSet())
                .set(Byte.toUnsignedInt(from[0]), Byte.toUnsignedInt(until[0]) + 1);
    }

    private static byte[] bytes(int character) {
        return Character.toString(character).getBytes(StandardCharsets.UTF_8);
    }
}
