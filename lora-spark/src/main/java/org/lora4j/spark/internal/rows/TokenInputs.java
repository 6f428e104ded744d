package org.lora4j.spark.internal.rows;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.function.IntUnaryOperator;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.lora4j.nn.input.Sequences;

/** Sequences of tokens. */
final class TokenInputs extends Inputs {
    private static final long serialVersionUID = 1L;

    private final int[][] ids;
    private final int @Nullable [][] mask;
    private final int @Nullable [][] types;
    private final int[] prompts;

    /**
     * Holds sequences.
     *
     * @param ids the tokens of each
     * @param mask 1 for each token and 0 for padding, in the lengths of {@code ids}; null if there is no padding
     * @param types the type of each token, in the lengths of {@code ids}; null for type 0
     * @param prompts how many tokens at the start of each are a prompt
     */
    private TokenInputs(int[][] ids, int @Nullable [][] mask, int @Nullable [][] types, int[] prompts) {
        this.ids = ids;
        this.mask = mask;
        this.types = types;
        this.prompts = prompts;
    }

    /** Returns one sequence that was given as tokens. */
    static TokenInputs of(int[] ids, int @Nullable [] mask) {
        return new TokenInputs(new int[][] {ids}, mask == null ? null : new int[][] {mask}, null, new int[1]);
    }

    /** Returns one sequence that was made of texts. */
    static TokenInputs of(Sequences sequence) {
        int[] types = values(sequence, sequence::type);
        boolean hasTypes = Arrays.stream(types).anyMatch(type -> type != 0);
        return new TokenInputs(
                new int[][] {values(sequence, sequence::id)}, null, hasTypes ? new int[][] {types} : null, new int[] {
                    sequence.prompt(0)
                });
    }

    private static int[] values(Sequences sequence, IntUnaryOperator value) {
        return IntStream.range(0, sequence.length(0)).map(value).toArray();
    }

    @Override
    Inputs joined(List<Inputs> parts) {
        List<TokenInputs> all = parts.stream().map(TokenInputs.class::cast).toList();
        return new TokenInputs(
                join(all, part -> part.ids),
                mask == null ? null : join(all, part -> part.mask),
                all.stream().allMatch(part -> part.types == null) ? null : join(all, TokenInputs::typesOrZeros),
                all.stream().flatMapToInt(part -> Arrays.stream(part.prompts)).toArray());
    }

    private static int[][] join(List<TokenInputs> parts, Function<TokenInputs, int @Nullable [][]> values) {
        List<int[]> joined = new ArrayList<>();
        for (TokenInputs part : parts) {
            int[][] some = values.apply(part);
            if (some != null) {
                joined.addAll(Arrays.asList(some));
            }
        }
        return joined.toArray(int[][]::new);
    }

    private int[][] typesOrZeros() {
        return types != null
                ? types
                : Arrays.stream(ids).map(row -> new int[row.length]).toArray(int[][]::new);
    }

    @Override
    public int count() {
        return ids.length;
    }

    @Override
    Sequences input(int from, int to) {
        return Sequences.of(Arrays.copyOfRange(ids, from, to), range(mask, from, to), range(types, from, to))
                .withPrompts(Arrays.copyOfRange(prompts, from, to));
    }

    private static int @Nullable [][] range(int @Nullable [][] values, int from, int to) {
        return values == null ? null : Arrays.copyOfRange(values, from, to);
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
            if (types != null) {
                hash.add(types[i]);
            }
        }
    }
}
