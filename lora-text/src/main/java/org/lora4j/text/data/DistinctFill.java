package org.lora4j.text.data;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.lora4j.text.internal.TextHash;

/**
 * Fills batches with elements that share no text: {@code no_duplicates} of sentence-transformers, with as many batches as without it. An
 * element that does not fit waits for a later batch. At the end, and if many wait, elements that share a text come together.
 */
final class DistinctFill<T> {
    /** Elements that wait are in memory. */
    private static final int MOST_WAITING = 1024;

    private record Hashed<T>(T element, List<Long> texts) {}

    private final Supplier<@Nullable T> source;
    private final Function<? super T, ? extends Collection<String>> texts;
    private final Deque<Hashed<T>> waiting = new ArrayDeque<>();
    private final TextHash hash = new TextHash();

    /**
     * Creates an instance.
     *
     * @param source gives the next element; null at the end
     * @param texts the texts of an element
     */
    DistinctFill(Supplier<@Nullable T> source, Function<? super T, ? extends Collection<String>> texts) {
        this.source = source;
        this.texts = texts;
    }

    /** Returns the next batch; it has fewer elements at the end, and none after it. */
    List<T> next(int size) {
        List<T> batch = new ArrayList<>();
        Set<Long> known = new HashSet<>();
        for (Iterator<Hashed<T>> all = waiting.iterator(); all.hasNext() && batch.size() < size; ) {
            Hashed<T> one = all.next();
            if (fits(one, known)) {
                all.remove();
                add(one, batch, known);
            }
        }
        while (batch.size() < size) {
            T element = source.get();
            if (element == null) {
                break;
            }
            Hashed<T> one = new Hashed<>(
                    element, texts.apply(element).stream().map(hash::of).toList());
            if (fits(one, known) || waiting.size() >= MOST_WAITING) {
                add(one, batch, known);
            } else {
                waiting.add(one);
            }
        }
        while (batch.size() < size && !waiting.isEmpty()) {
            add(waiting.remove(), batch, known);
        }
        return batch;
    }

    private boolean fits(Hashed<T> one, Set<Long> known) {
        return one.texts.stream().noneMatch(known::contains);
    }

    private void add(Hashed<T> one, List<T> batch, Set<Long> known) {
        batch.add(one.element);
        known.addAll(one.texts);
    }
}
