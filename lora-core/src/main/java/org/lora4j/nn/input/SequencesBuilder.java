package org.lora4j.nn.input;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Leaves out the masked tokens. */
final class SequencesBuilder {
    private final int[][] given;
    private final int @Nullable [][] mask;
    private final int @Nullable [][] givenTypes;
    private final int[] ids;
    private final int[] types;
    private final int[] positions;
    private final int[] starts;
    private final boolean[] masksFirst;
    private final int[][] upToLast;
    private int tokens;

    SequencesBuilder(int[][] given, int @Nullable [][] mask, int @Nullable [][] givenTypes) {
        this.given = given;
        this.mask = mask;
        this.givenTypes = givenTypes;
        int most = Math.toIntExact(
                Arrays.stream(given).mapToLong(ids -> ids.length).sum());
        ids = new int[most];
        types = new int[most];
        positions = new int[most];
        starts = new int[given.length + 1];
        masksFirst = new boolean[given.length];
        upToLast = new int[given.length][];
    }

    Sequences build() {
        int width = 0;
        for (int i = 0; i < given.length; i++) {
            add(i);
            width = Math.max(width, given[i].length);
        }
        return new Sequences(
                Arrays.copyOf(ids, tokens),
                Arrays.copyOf(types, tokens),
                Arrays.copyOf(positions, tokens),
                starts,
                masksFirst,
                upToLast,
                width);
    }

    private void add(int sequence) {
        starts[sequence] = tokens;
        int end = 0;
        for (int j = 0; j < given[sequence].length; j++) {
            boolean isReal = mask == null || isReal(mask[sequence][j], sequence, j);
            if (isReal) {
                end = j + 1;
            }
            if (isReal || j == 0) {
                add(sequence, j);
            }
            if (j == 0) {
                masksFirst[sequence] = !isReal;
            }
        }
        if (end == 0) {
            throw new IllegalArgumentException(
                    "sequences: each must have at least one real token, found none in sequence " + sequence);
        }
        starts[sequence + 1] = tokens;
        upToLast[sequence] = Arrays.copyOf(given[sequence], end);
    }

    private static boolean isReal(int value, int sequence, int j) {
        if (value != 0 && value != 1) {
            throw new IllegalArgumentException(
                    "sequences: the mask must be 0 or 1, found " + value + " at [" + sequence + ", " + j + "]");
        }
        return value == 1;
    }

    private void add(int sequence, int j) {
        ids[tokens] = requireNotNegative("token", given[sequence][j], sequence, j);
        types[tokens] = givenTypes == null ? 0 : requireNotNegative("type", givenTypes[sequence][j], sequence, j);
        positions[tokens] = j;
        tokens++;
    }

    private static int requireNotNegative(String what, int value, int sequence, int j) {
        if (value < 0) {
            throw new IllegalArgumentException("sequences: a " + what + " must not be negative, found " + value
                    + " at [" + sequence + ", " + j + "]");
        }
        return value;
    }
}
