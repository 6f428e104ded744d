package org.lora4j.nn.layer;

import java.util.List;
import java.util.Objects;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Vectors for the differences of two positions, the query's minus the key's. Far differences share vectors. All attentions of an
 * encoder share one such object.
 */
public final class RelativePositions {
    /** Differences of at least this share one bucket in T5. */
    private static final int FAR = 128;

    private final Embedding table;
    private final @Nullable LayerNorm norm;
    private final Rule rule;

    /** Finds the row of a difference. */
    private interface Rule {
        int row(int difference);

        /** Whether rows increase with the difference, so that near ones are neighbours. */
        boolean isOrdered();
    }

    private RelativePositions(Embedding table, @Nullable LayerNorm norm, Rule rule) {
        this.table = table;
        this.norm = norm;
        this.rule = rule;
    }

    /**
     * Creates the buckets of T5 (<a href="https://arxiv.org/abs/1910.10683">arXiv:1910.10683</a>) for both directions, which MPNet
     * has too. Of b buckets, the second half is for keys behind the query. With {@code n = |difference|} and {@code h = b/4},
     * the row in a half is n below h, and {@code min(2h − 1, h + ⌊h·ln(n/h)/ln(128/h)⌋)} from there on.
     *
     * @param table {@code [b, heads]}, with b a multiple of 4
     * @return the positions
     * @throws IllegalArgumentException if b is no positive multiple of 4
     */
    public static RelativePositions buckets(Embedding table) {
        int buckets = rows(table);
        if (buckets % 4 != 0) {
            throw new IllegalArgumentException(
                    table.path() + ": the buckets must be a multiple of 4, found " + buckets);
        }
        int half = buckets / 2;
        int exact = half / 2;
        return new RelativePositions(table, null, new Rule() {
            @Override
            public int row(int difference) {
                int n = Math.abs(difference);
                int far = n < exact
                        ? n
                        : exact + (int) (Math.log((double) n / exact) / Math.log((double) FAR / exact) * exact);
                return (difference < 0 ? half : 0) + Math.min(half - 1, far);
            }

            @Override
            public boolean isOrdered() {
                return false;
            }
        });
    }

    /**
     * Creates the positions of DeBERTa (<a href="https://arxiv.org/abs/2006.03654">arXiv:2006.03654</a>). The row of a difference
     * d is {@code min(max(b(d) + s, 0), 2s − 1)}. Without buckets, {@code b(d) = d}. With them, {@code b(d) = d} up to
     * {@code m = s/2} on both sides, and {@code ±(⌈(m − 1)·ln(|d|/m)/ln((farthest − 1)/m)⌉ + m)} beyond.
     *
     * @param table {@code [2s, dim]}
     * @param norm the normalization of its rows {@code [dim]}, or null for none
     * @param farthest the longest text, more than {@code s/2}, if far differences share buckets; 0 if they do not
     * @return the positions
     * @throws IllegalArgumentException if the number of rows is odd, or a size does not fit
     */
    public static RelativePositions distances(Embedding table, @Nullable LayerNorm norm, int farthest) {
        int span = rows(table) / 2;
        int middle = span / 2;
        if (rows(table) % 2 != 0 || farthest < 0 || (farthest > 0 && (middle < 1 || farthest - 1 <= middle))) {
            throw new IllegalArgumentException(table.path() + ": there must be 2·s rows for a longest text of more than"
                    + " s/2 + 1 tokens, found " + rows(table) + " and " + farthest);
        }
        if (norm != null) {
            norm.outputSize(table.outputSize());
        }
        return new RelativePositions(table, norm, new Rule() {
            @Override
            public int row(int difference) {
                int n = Math.abs(difference);
                int far = n;
                if (farthest > 0 && n > middle) {
                    double logarithm = Math.log((double) n / middle) / Math.log((farthest - 1.0) / middle);
                    far = (int) Math.ceil(logarithm * (middle - 1)) + middle;
                }
                return Math.min(2 * span - 1, Math.max(0, span + Integer.signum(difference) * far));
            }

            @Override
            public boolean isOrdered() {
                return true;
            }
        });
    }

    private static int rows(Embedding table) {
        Objects.requireNonNull(table, "table must not be null");
        return Math.toIntExact(table.shape()[0]);
    }

    /**
     * Returns the vectors.
     *
     * @return {@code [rows, dim]}
     */
    public Embedding table() {
        return table;
    }

    /**
     * Returns the normalization of the vectors.
     *
     * @return {@code [dim]}, or null for none
     */
    public @Nullable LayerNorm norm() {
        return norm;
    }

    /**
     * Returns the row of a difference.
     *
     * @param difference the position of the query minus that of the key
     * @return a row of the table
     */
    public int row(int difference) {
        return rule.row(difference);
    }

    /**
     * Returns the first row that a text needs.
     *
     * @param largest the largest difference of two of its positions
     * @return a row of the table
     */
    public int firstRow(int largest) {
        return rule.isOrdered() ? rule.row(-largest) : 0;
    }

    /**
     * Returns the row behind the last one that a text needs.
     *
     * @param largest the largest difference of two of its positions
     * @return a row of the table, or the number of its rows
     */
    public int endRow(int largest) {
        return rule.isOrdered() ? rule.row(largest) + 1 : rows(table);
    }

    /** The layers with weights. */
    List<WeightedLayer> layers() {
        return norm == null ? List.of(table) : List.of(table, norm);
    }

    RelativePositions with(UnaryOperator<WeightedLayer> weights) {
        return new RelativePositions(
                (Embedding) weights.apply(table), norm == null ? null : (LayerNorm) weights.apply(norm), rule);
    }
}
