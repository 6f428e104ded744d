package org.lora4j.text.train;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** Examples that are measured some at a time, however many there are. */
final class Portions {
    /** Enough that the products of matrices are large; more would not be faster. */
    static final int SIZE = 32;

    private Portions() {}

    static <E> void forEach(Iterable<E> all, Consumer<List<E>> consumer) {
        List<E> some = new ArrayList<>();
        for (E example : all) {
            some.add(example);
            if (some.size() == SIZE) {
                consumer.accept(List.copyOf(some));
                some.clear();
            }
        }
        if (!some.isEmpty()) {
            consumer.accept(some);
        }
    }
}
