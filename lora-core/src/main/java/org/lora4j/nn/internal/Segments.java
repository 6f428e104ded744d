package org.lora4j.nn.internal;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lora4j.nn.input.Input;
import org.lora4j.nn.input.Sequences;

/** A batch: blocks of examples, one under the other, each with its {@link Segment}. */
public final class Segments {
    private final List<Input> inputs;
    private final @Nullable Sequences sequences;
    private final List<Segment> segments;

    /** The first example of each segment, and at the end the number of all examples. */
    private final int[] starts;

    /** What is known of the tokens before those of each sequence; empty if there are none. */
    private final List<KeyValueCache> caches;

    private Segments(List<Input> inputs, List<Segment> segments, int[] starts) {
        this(inputs, segments, starts, List.of());
    }

    private Segments(List<Input> inputs, List<Segment> segments, int[] starts, List<KeyValueCache> caches) {
        this.caches = caches;
        this.inputs = inputs;
        this.segments = segments;
        this.starts = starts;
        sequences = !inputs.isEmpty() && inputs.get(0) instanceof Sequences
                ? Sequences.concat(inputs.stream().map(Sequences.class::cast).toList())
                : null;
    }

    /** A segment without examples, to bind layers to. */
    static Segments of(Segment segment) {
        return new Segments(List.of(), List.of(segment), new int[] {0, 0});
    }

    /**
     * Creates a batch of one segment.
     *
     * @param segment the segment
     * @param input its examples
     * @return the batch
     */
    public static Segments of(Segment segment, Input input) {
        return new Segments(List.of(input), List.of(segment), new int[] {0, input.count()});
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
                starts(inputs.stream().map(Input::count).toList()));
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
        return new Segments(List.of(input), List.copyOf(segments), starts(counts));
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
        return new Segments(inputs, segments, starts, List.copyOf(known));
    }

    private static int[] starts(List<Integer> counts) {
        int[] starts = new int[counts.size() + 1];
        for (int i = 0; i < counts.size(); i++) {
            starts[i + 1] = Math.addExact(starts[i], counts.get(i));
        }
        return starts;
    }

    /** The examples: one input, or one for each segment. */
    List<Input> inputs() {
        return inputs;
    }

    /** The sequences of the batch, for the layers that need to know which rows belong together. */
    Sequences sequences() {
        if (sequences == null) {
            throw new IllegalStateException("the batch must have sequences, found rows of features");
        }
        return sequences;
    }

    /** The keys and values of the tokens before those of a sequence, or null if there are none. */
    @Nullable
    KeyValueCache cache(int sequence) {
        return caches.isEmpty() ? null : caches.get(sequence);
    }

    /** Checks that the caches belong to the segments, and makes room for the tokens of this batch. */
    void beginCaching() {
        for (int i = 0; !caches.isEmpty() && i < segments.size(); i++) {
            for (int s = starts[i]; s < starts[i + 1]; s++) {
                caches.get(s).begin(segments.get(i).layers(), tokens(s));
            }
        }
    }

    /** Adds the tokens of this batch to the caches, whose layers have written them. */
    void endCaching() {
        for (int s = 0; s < caches.size(); s++) {
            caches.get(s).add(tokens(s));
        }
    }

    /** The tokens of a sequence that are not masked. */
    private int tokens(int sequence) {
        return sequences().length(sequence) - sequences().masked(sequence);
    }

    int count() {
        return segments.size();
    }

    List<Segment> all() {
        return segments;
    }

    Segment get(int i) {
        return segments.get(i);
    }

    /** The number of examples. */
    int examples() {
        return starts[segments.size()];
    }

    /** The first row of a segment, or the number of all rows: examples, or their tokens. */
    int start(int i, boolean perToken) {
        return perToken ? sequences().start(starts[i]) : starts[i];
    }
}
