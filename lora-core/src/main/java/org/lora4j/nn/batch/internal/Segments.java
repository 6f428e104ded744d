package org.lora4j.nn.batch.internal;

import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.math.RowBlocks;
import org.lora4j.internal.memory.ArrayBits;
import org.lora4j.nn.input.Input;
import org.lora4j.nn.input.Sequences;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A batch: blocks of examples, one under the other, each with its {@link Segment}. Layers are given it with the matrix of its
 * rows. A row is an example, or a token if the examples are sequences that are not {@link #pooled}.
 */
public final class Segments {
    /** Takes the place of {@link #firstChosen} if the chosen rows are those of a table. */
    private static final int OF_TABLE = -1;

    /** The numbers of rows of tables begin here, so that they are not those of examples. */
    private static final long FIRST_OF_TABLES = 1L << 40;

    private final List<Input> inputs;
    private final @Nullable Sequences sequences;
    private final List<Segment> segments;

    /** The first example of each segment, and at the end the number of all examples. */
    private final int[] starts;

    /** What is known of the tokens before those of each sequence; empty if there are none. */
    private final List<KeyValueCache> caches;

    private final boolean perToken;

    /** The numbers of the rows in the whole batch if only some of them are computed, from one of them on. */
    private final int @Nullable [] chosen;

    private final int firstChosen;
    private @Nullable Segments pooled;

    private Segments(List<Input> inputs, List<Segment> segments, int[] starts, List<KeyValueCache> caches) {
        this(inputs, concat(inputs), segments, starts, caches, null, 0, !inputs.isEmpty() && isOfSequences(inputs));
    }

    private Segments(
            List<Input> inputs,
            @Nullable Sequences sequences,
            List<Segment> segments,
            int[] starts,
            List<KeyValueCache> caches,
            int @Nullable [] chosen,
            int firstChosen,
            boolean perToken) {
        this.inputs = inputs;
        this.sequences = sequences;
        this.segments = segments;
        this.starts = starts;
        this.caches = caches;
        this.chosen = chosen;
        this.firstChosen = firstChosen;
        this.perToken = perToken;
    }

    private static boolean isOfSequences(List<Input> inputs) {
        return inputs.get(0) instanceof Sequences;
    }

    private static @Nullable Sequences concat(List<Input> inputs) {
        return !inputs.isEmpty() && isOfSequences(inputs)
                ? Sequences.concat(inputs.stream().map(Sequences.class::cast).toList())
                : null;
    }

    /** A segment without examples, to bind layers to. */
    public static Segments of(Segment segment) {
        return new Segments(List.of(), List.of(segment), new int[] {0, 0}, List.of());
    }

    /**
     * The same segments with rows of a table in place of those of examples: the same for each segment.
     *
     * @param rows the numbers of the rows in the table
     */
    public Segments ofTable(int[] rows) {
        int[] all = starts(Collections.nCopies(segments.size(), rows.length));
        return new Segments(List.of(), null, segments, all, List.of(), rows, OF_TABLE, false);
    }

    /**
     * Some rows of a segment whose rows are tokens.
     *
     * @param rows the numbers of the rows in the segment
     * @param from the first of them that is computed
     */
    public static Segments ofTokens(Segment segment, int[] rows, int from) {
        return new Segments(
                List.of(), null, List.of(segment), new int[] {0, rows.length - from}, List.of(), rows, from, true);
    }

    /** Some rows of a segment that are computed by themselves, after the layers that need to know what they are. */
    public static Segments ofRows(Segment segment, int count) {
        return new Segments(List.of(), List.of(segment), new int[] {0, count}, List.of());
    }

    /**
     * Creates a batch of one segment.
     *
     * @param segment the segment
     * @param input its examples
     * @return the batch
     */
    public static Segments of(Segment segment, Input input) {
        return new Segments(List.of(input), List.of(segment), new int[] {0, input.count()}, List.of());
    }

    /**
     * Creates a batch of segments that have an input each.
     *
     * @param segments the segments
     * @param inputs the examples of each segment, all rows of features or all sequences
     * @return the batch
     */
    public static Segments of(List<Segment> segments, List<Input> inputs) {
        return new Segments(
                List.copyOf(inputs),
                List.copyOf(segments),
                starts(inputs.stream().map(Input::count).toList()),
                List.of());
    }

    /**
     * Divides an input into segments.
     *
     * @param input the examples of all segments
     * @param segments the segments, in the order of their examples
     * @param counts the number of examples of each segment; together all examples of the input
     * @return the batch
     */
    public static Segments divide(Input input, List<Segment> segments, List<Integer> counts) {
        return new Segments(List.of(input), List.copyOf(segments), starts(counts), List.of());
    }

    /**
     * Returns the same batch as the continuation of sequences. Their keys and values are added to the caches.
     *
     * @param known the cache of each sequence of the batch, each another one
     * @return the batch
     * @throws IllegalArgumentException if there is not one for each sequence
     */
    public Segments continuing(List<KeyValueCache> known) {
        if (known.size() != examples()) {
            throw new IllegalArgumentException(
                    "each of the " + examples() + " sequences must have a cache, found " + known.size());
        }
        return new Segments(inputs, sequences, segments, starts, List.copyOf(known), chosen, firstChosen, perToken);
    }

    /**
     * Returns some segments of a batch of sequences that continues nothing.
     *
     * @param from the first segment
     * @param to the end of the segments
     * @return a batch of their sequences
     */
    public Segments part(int from, int to) {
        Sequences some = sequences().part(starts[from], starts[to]);
        int[] own = new int[to - from + 1];
        for (int i = 0; i < own.length; i++) {
            own[i] = starts[from + i] - starts[from];
        }
        return new Segments(List.of(some), segments.subList(from, to), own, List.of());
    }

    private static int[] starts(List<Integer> counts) {
        int[] starts = new int[counts.size() + 1];
        for (int i = 0; i < counts.size(); i++) {
            starts[i + 1] = Math.addExact(starts[i], counts.get(i));
        }
        return starts;
    }

    /** The same batch after a pooling, where a row is a sequence. */
    public Segments pooled() {
        Segments known = pooled;
        if (known == null) {
            known = new Segments(inputs, sequences, segments, starts, caches, chosen, firstChosen, false);
            pooled = known;
        }
        return known;
    }

    /** The examples: one input, or one for each segment. */
    public List<Input> inputs() {
        return inputs;
    }

    /** The sequences of the batch, for the layers that need to know which rows belong together. */
    public Sequences sequences() {
        if (sequences == null) {
            throw new IllegalStateException("the batch must have sequences, found rows of features");
        }
        return sequences;
    }

    /** The keys and values of the tokens before those of a sequence, or null if there are none. */
    @Nullable
    public KeyValueCache cache(int sequence) {
        return caches.isEmpty() ? null : caches.get(sequence);
    }

    /** Checks that the caches belong to the segments, and makes room for the tokens of this batch. */
    public void beginCaching() {
        for (int i = 0; !caches.isEmpty() && i < segments.size(); i++) {
            for (int s = starts[i]; s < starts[i + 1]; s++) {
                caches.get(s).begin(segments.get(i).layers(), tokens(s));
            }
        }
    }

    /** Adds the tokens of this batch to the caches, whose layers have written them. */
    public void endCaching() {
        for (int s = 0; s < caches.size(); s++) {
            caches.get(s).add(tokens(s));
        }
    }

    /** The tokens of a sequence that are not masked. */
    private int tokens(int sequence) {
        return sequences().length(sequence) - sequences().masked(sequence);
    }

    public int count() {
        return segments.size();
    }

    public List<Segment> all() {
        return segments;
    }

    public Segment get(int i) {
        return segments.get(i);
    }

    /** The number of examples. */
    public int examples() {
        return starts[segments.size()];
    }

    /** The first example of a segment; the number of segments stands for the end. */
    public int firstExample(int i) {
        return starts[i];
    }

    /** The first row of a segment; the number of segments stands for the end. */
    public int start(int i) {
        return perToken ? sequences().start(starts[i]) : starts[i];
    }

    /** The rows of a segment in a matrix of all rows. In 'f' order they are not contiguous. */
    public INDArray block(RowBlocks blocks, INDArray matrix, int segment) {
        if (segments.size() == 1) {
            return matrix;
        }
        int from = start(segment);
        return blocks.of(matrix, from, start(segment + 1) - from);
    }

    /** Whether the rows of a segment hold neither NaN nor an infinity. */
    public boolean isFinite(INDArray matrix, int segment) {
        return ArrayBits.isFinite(block(new RowBlocks(), matrix, segment));
    }

    /**
     * The number of a row of a segment in its batch, or in the larger batch that this one is a part of. That of a row of a table
     * does not depend on the batch.
     */
    public long rowNumber(Segment segment, int row) {
        if (chosen != null && firstChosen == OF_TABLE) {
            return FIRST_OF_TABLES + chosen[row];
        }
        return segment.rowsBefore(perToken) + (chosen == null ? row : chosen[firstChosen + row]);
    }

    /** Whether the rows follow others of the same batch, which the layer has computed before. */
    public boolean isContinued() {
        return chosen != null && firstChosen > 0;
    }
}
