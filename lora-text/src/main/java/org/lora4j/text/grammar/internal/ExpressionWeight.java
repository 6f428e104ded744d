package org.lora4j.text.grammar.internal;

import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** How much memory expressions take, in references and numbers, and how much they may. One thread at a time adds. */
public final class ExpressionWeight {
    /** How many bytes a reference or a number takes on average, with all that belongs to an expression. */
    private static final int BYTES_OF_WEIGHT = 16;

    private static final int PART_OF_HEAP = 8;

    /** References and numbers that the expressions have together: about 100 MB, and less if the heap is small. */
    private static final long MOST =
            Math.max(100_000, Math.min(6_000_000, Runtime.getRuntime().maxMemory() / (PART_OF_HEAP * BYTES_OF_WEIGHT)));

    /** How much those may weigh that this thread creates; null for {@link #MOST}. */
    private static final ThreadLocal<@Nullable Long> LIMIT = new ThreadLocal<>();

    private static final int EACH = 12;

    private final long most;
    private volatile long weight;
    private long weightOfGrammar;

    ExpressionWeight() {
        Long limit = LIMIT.get();
        most = limit == null ? MOST : Math.min(limit, MOST);
    }

    /**
     * Lets a thread create expressions of less memory: those of each grammar take at most so many bytes.
     *
     * @return what the supplier returns
     */
    public static <T> T within(long bytes, Supplier<T> creation) {
        Long before = LIMIT.get();
        LIMIT.set(bytes / BYTES_OF_WEIGHT);
        try {
            return creation.get();
        } finally {
            LIMIT.set(before);
        }
    }

    /** The most bytes that they may take. */
    long mostBytes() {
        return most * BYTES_OF_WEIGHT;
    }

    /** About how much memory they take. Any thread may ask. */
    long bytes() {
        return weight * BYTES_OF_WEIGHT;
    }

    /** Counts an expression with so many parts. */
    void addExpression(int parts) {
        add(EACH + 2L * parts);
    }

    /**
     * Counts references or numbers.
     *
     * @throws IllegalArgumentException if they are too many
     */
    @SuppressWarnings("NonAtomicVolatileUpdate") // One thread at a time adds.
    void add(long more) {
        weight += more;
        require(weight);
    }

    private void require(long needed) {
        if (needed > most) {
            throw new IllegalArgumentException(
                    "grammar: the expressions must weigh at most " + most
                            + " together, found more; use a shorter grammar, smaller counts or patterns with fewer alternatives");
        }
    }

    /** Refuses so many expressions of so many parts each that are too many for the memory of all, before any is built. */
    void requireRoomFor(int expressions, int parts) {
        require(expressions * (EACH + 2L * parts));
    }

    /** Notes that the grammar itself is there; what is added from now on are derivatives. */
    void endGrammar() {
        weightOfGrammar = weight;
    }

    /** Returns whether derivatives take more than half of what the grammar itself left. */
    boolean isHalfFull() {
        return weight > (most + weightOfGrammar) / 2;
    }
}
