package org.lora4j.text.grammar.internal;

import java.util.Arrays;

/** A set of characters: code points without the halves of surrogate pairs. Immutable. */
final class CodePoints {
    private static final int END = Character.MAX_CODE_POINT + 1;

    private static final CodePoints SURROGATES =
            new CodePoints(new int[] {Character.MIN_SURROGATE, Character.MAX_SURROGATE + 1});

    static final CodePoints NONE = new CodePoints(new int[0]);

    static final CodePoints ALL =
            new CodePoints(new int[] {0, Character.MIN_SURROGATE, Character.MAX_SURROGATE + 1, END});

    /** Where ranges begin and end, in turn. No two of them touch. */
    private final int[] limits;

    private CodePoints(int[] limits) {
        this.limits = limits;
    }

    static CodePoints range(int first, int last) {
        return new CodePoints(new int[] {first, last + 1}).without(SURROGATES);
    }

    static CodePoints of(String characters) {
        return characters.codePoints().mapToObj(c -> range(c, c)).reduce(NONE, CodePoints::or);
    }

    CodePoints or(CodePoints other) {
        int[] merged = new int[limits.length + other.limits.length];
        int count = 0;
        int i = 0;
        int j = 0;
        while (i < limits.length || j < other.limits.length) {
            boolean isMine = j == other.limits.length || (i < limits.length && limits[i] <= other.limits[j]);
            int from = isMine ? limits[i] : other.limits[j];
            int end = isMine ? limits[i + 1] : other.limits[j + 1];
            i += isMine ? 2 : 0;
            j += isMine ? 0 : 2;
            if (count > 0 && merged[count - 1] >= from) {
                merged[count - 1] = Math.max(merged[count - 1], end);
            } else {
                merged[count] = from;
                merged[count + 1] = end;
                count += 2;
            }
        }
        return new CodePoints(Arrays.copyOf(merged, count));
    }

    /** All code points that are not in the set, with the halves of pairs. */
    private CodePoints inverse() {
        int[] other = new int[limits.length + 2];
        System.arraycopy(limits, 0, other, 1, limits.length);
        other[limits.length + 1] = END;
        boolean fromStart = limits.length > 0 && limits[0] == 0;
        boolean toEnd = limits.length > 0 && limits[limits.length - 1] == END;
        return new CodePoints(Arrays.copyOfRange(other, fromStart ? 2 : 0, other.length - (toEnd ? 2 : 0)));
    }

    CodePoints without(CodePoints other) {
        return inverse().or(other).inverse();
    }

    CodePoints complement() {
        return ALL.without(this);
    }

    boolean contains(int character) {
        int found = Arrays.binarySearch(limits, character);
        return (found >= 0 ? found : -found - 2) % 2 == 0;
    }

    /** Returns whether it is a single character. */
    boolean isSingle() {
        return limits.length == 2 && limits[1] == limits[0] + 1;
    }

    int ranges() {
        return limits.length / 2;
    }

    int first(int range) {
        return limits[2 * range];
    }

    int last(int range) {
        return limits[2 * range + 1] - 1;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof CodePoints points && Arrays.equals(limits, points.limits);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(limits);
    }
}
