package org.lora4j.text.data;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;

/** What data sets do with their elements. */
final class Cursors {
    private Cursors() {}

    /** A cursor that makes its elements of those of another one, which it closes. */
    private abstract static class Derived<S, T> implements Cursor<T> {
        final Cursor<S> source;

        Derived(Cursor<S> source) {
            this.source = source;
        }

        @Override
        public final void close() {
            source.close();
        }

        /** The next elements; fewer at the end. */
        final List<S> take(int most) {
            List<S> some = new ArrayList<>();
            while (some.size() < most) {
                S next = source.next();
                if (next == null) {
                    break;
                }
                some.add(next);
            }
            return some;
        }
    }

    static <T> Cursor<T> of(Iterator<T> elements) {
        return () -> elements.hasNext() ? elements.next() : null;
    }

    static <S, T> Cursor<T> map(Cursor<S> from, Function<? super S, ? extends T> function) {
        return new Derived<>(from) {
            @Override
            public @Nullable T next() {
                S next = source.next();
                return next == null ? null : function.apply(next);
            }
        };
    }

    /** A test that also gets the index of an element. */
    interface IndexedPredicate<T> {
        boolean test(long index, T element);
    }

    static <T> Cursor<T> filter(Cursor<T> from, IndexedPredicate<? super T> test) {
        return new Derived<>(from) {
            private long index;

            @Override
            public @Nullable T next() {
                T next = source.next();
                while (next != null && !test.test(index++, next)) {
                    next = source.next();
                }
                return next;
            }
        };
    }

    static <T> Cursor<T> skipping(Cursor<T> from, Consumer<? super TextFormatException> listener) {
        return new Derived<>(from) {
            @Override
            public @Nullable T next() {
                while (true) {
                    try {
                        return source.next();
                    } catch (TextFormatException e) {
                        if (e.ends()) {
                            throw e;
                        }
                        listener.accept(e);
                    }
                }
            }
        };
    }

    static <T> Cursor<T> shuffled(Cursor<T> from, long seed, int buffer) {
        return new Derived<>(from) {
            private final SplittableRandom random = new SplittableRandom(seed);
            private @Nullable List<T> held;

            @Override
            public @Nullable T next() {
                List<T> some = held;
                if (some == null) {
                    some = take(buffer);
                    held = some;
                }
                if (some.isEmpty()) {
                    return null;
                }
                int chosen = random.nextInt(some.size());
                T other = source.next();
                if (other == null) {
                    Collections.swap(some, chosen, some.size() - 1);
                    return some.remove(some.size() - 1);
                }
                return some.set(chosen, other);
            }
        };
    }

    static <T> Cursor<List<T>> batches(Cursor<T> from, int size) {
        return new Derived<>(from) {
            @Override
            public @Nullable List<T> next() {
                List<T> batch = take(size);
                return batch.isEmpty() ? null : batch;
            }
        };
    }

    static <T> Cursor<List<T>> distinctBatches(
            Cursor<T> from, int size, Function<? super T, ? extends Collection<String>> texts) {
        return new Derived<>(from) {
            private final DistinctFill<T> fill = new DistinctFill<>(source::next, texts);

            @Override
            public @Nullable List<T> next() {
                List<T> batch = fill.next(size);
                return batch.isEmpty() ? null : batch;
            }
        };
    }

    static <T> Cursor<List<T>> batchesByLength(
            Cursor<T> from, int size, int pool, ToIntFunction<? super T> length, long seed) {
        return new Derived<>(from) {
            private final Random random = new Random(seed);
            private final Deque<List<T>> ready = new ArrayDeque<>();

            @Override
            public @Nullable List<T> next() {
                if (ready.isEmpty()) {
                    List<T> some = take(Math.multiplyExact(size, pool));
                    some.sort(Comparator.comparingInt(length));
                    List<List<T>> batches = new ArrayList<>();
                    for (int i = 0; i < some.size(); i += size) {
                        batches.add(new ArrayList<>(some.subList(i, Math.min(some.size(), i + size))));
                    }
                    Collections.shuffle(batches, random);
                    ready.addAll(batches);
                }
                return ready.poll();
            }
        };
    }
}
