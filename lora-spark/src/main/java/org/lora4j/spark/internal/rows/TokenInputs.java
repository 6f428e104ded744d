package org.lora4j.spark.internal.rows;

import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lora4j.nn.input.Sequences;

/** Sequences of tokens. */
final class TokenInputs extends Inputs {
    private static final long serialVersionUID = 1L;

    private final int[][] ids;
    private final int @Nullable [][] mask;

    /**
     * Holds sequences.
     *
     * @param ids the tokens of each
     * @param mask 1 for each token and 0 for padding, in the lengths of {@code ids}; null if there is no padding
     */
    TokenInputs(int[][] ids, int @Nullable [][] mask) {
        this.ids = ids;
        this.mask = mask;
    }

    @Override
    Inputs joined(List<Inputs> parts) {
        List<TokenInputs> all = parts.stream().map(TokenInputs.class::cast).toList();
        return new TokenInputs(
                all.stream().flatMap(part -> Arrays.stream(part.ids)).toArray(int[][]::new),
                mask == null
                        ? null
                        : all.stream()
                                .flatMap(part -> Arrays.stream(masks(part)))
                                .toArray(int[][]::new));
    }

    private static int[][] masks(TokenInputs part) {
        return part.mask == null ? new int[0][] : part.mask;
    }

    @Override
    public int count() {
        return ids.length;
    }

    @Override
    Sequences input(int from, int to) {
        return Sequences.of(
                Arrays.copyOfRange(ids, from, to), mask == null ? null : Arrays.copyOfRange(mask, from, to), null);
    }

    @Override
    public int tokens(int from, int to) {
        return from == to ? 0 : input(from, to).tokens();
    }

    @Override
    void addTo(RowHash hash) {
        for (int i = 0; i < ids.length; i++) {
            hash.add(ids[i]);
            hash.add(mask == null ? new int[0] : mask[i]);
        }
    }
}
