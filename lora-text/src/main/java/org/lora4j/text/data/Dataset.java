package org.lora4j.text.data;

import java.util.Collection;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Objects;
import java.util.Spliterator;
import java.util.Spliterators;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.function.ToIntFunction;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;

/**
 * Elements that are read each time they are iterated over, such as those of a file. A data set holds none of them. What its
 * methods return is read in the same way, and gives the same elements in the same order each time.
 *
 * <p>An iteration that reaches its end closes the file. One that may stop before uses {@link #stream} in a
 * {@code try} statement.
 *
 * @param <T> the type of the elements
 */
public final class Dataset<T> implements Iterable<T> {
    private final Supplier<Cursor<T>> source;

    private Dataset(Supplier<Cursor<T>> source) {
        this.source = source;
    }

    static <T> Dataset<T> of(Supplier<Cursor<T>> source) {
        return new Dataset<>(source);
    }

    /** Begins a pass over the elements. */
    Cursor<T> open() {
        return source.get();
    }

    /**
     * Creates a data set of elements in memory.
     *
     * @param elements the elements
     * @param <T> their type
     * @return a data set with them
     */
    public static <T> Dataset<T> of(List<T> elements) {
        List<T> copy = List.copyOf(elements);
        return of(() -> Cursors.of(copy.iterator()));
    }

    /**
     * Converts each element.
     *
     * @param function makes an element of the new data set of one of this
     * @param <S> the new type
     * @return the converted elements
     */
    public <S> Dataset<S> map(Function<? super T, ? extends S> function) {
        Objects.requireNonNull(function, "function must not be null");
        return of(() -> Cursors.map(source.get(), function));
    }

    /**
     * Leaves out elements.
     *
     * @param test whether an element stays
     * @return the elements that stay
     */
    public Dataset<T> filter(Predicate<? super T> test) {
        Objects.requireNonNull(test, "test must not be null");
        return of(() -> Cursors.filter(source.get(), (index, element) -> test.test(element)));
    }

    /**
     * Leaves out lines that are refused, here or in what this data set is made of, and goes on after them.
     *
     * @param listener gets each refusal, to count or log it
     * @return the elements of the other lines
     */
    public Dataset<T> skipping(Consumer<? super TextFormatException> listener) {
        Objects.requireNonNull(listener, "listener must not be null");
        return of(() -> Cursors.skipping(source.get(), listener));
    }

    /**
     * Splits by chance: element i is held out if a hash of the seed and i is below the share. The same seed gives the same
     * parts; a line that is added at the end of a file does not move the others.
     *
     * @param seed the seed
     * @param testShare about how many are held out, above 0 and below 1
     * @return the two parts
     * @throws IllegalArgumentException if the share is out of range
     */
    public Split<T> split(long seed, double testShare) {
        requireShare(testShare);
        return split((index, element) -> Split.isHeldOut(seed, index, testShare));
    }

    /**
     * Splits by groups: all elements of a group are in the same part, for example all of a customer. A group is held out if a
     * hash of the seed and its name is below the share.
     *
     * @param group the name of the group of an element
     * @param seed the seed
     * @param testShare about how many groups are held out, above 0 and below 1
     * @return the two parts
     * @throws IllegalArgumentException if the share is out of range
     */
    public Split<T> splitBy(Function<? super T, String> group, long seed, double testShare) {
        Objects.requireNonNull(group, "group must not be null");
        requireShare(testShare);
        return split((index, element) -> Split.isHeldOut(seed, group.apply(element), testShare));
    }

    /**
     * Splits within classes: about the same share of each class is held out, see {@link Strata}. The same seed gives the same
     * parts.
     *
     * @param stratum the class of an element
     * @param seed the seed
     * @param testShare how many of each class are held out, above 0 and below 1
     * @return the two parts
     * @throws IllegalArgumentException if the share is out of range
     */
    public Split<T> splitWithin(Function<? super T, String> stratum, long seed, double testShare) {
        Objects.requireNonNull(stratum, "stratum must not be null");
        requireShare(testShare);
        return new Split<>(
                of(() -> within(stratum, new Strata(seed, testShare), false)),
                of(() -> within(stratum, new Strata(seed, testShare), true)));
    }

    private Cursor<T> within(Function<? super T, String> stratum, Strata strata, boolean held) {
        return Cursors.filter(source.get(), (index, element) -> strata.isHeldOut(stratum.apply(element)) == held);
    }

    static void requireShare(double testShare) {
        if (!(testShare > 0 && testShare < 1)) {
            throw new IllegalArgumentException("testShare must be above 0 and below 1, found " + testShare);
        }
    }

    private Split<T> split(Cursors.IndexedPredicate<T> isTest) {
        return new Split<>(
                of(() -> Cursors.filter(source.get(), (index, element) -> !isTest.test(index, element))),
                of(() -> Cursors.filter(source.get(), isTest)));
    }

    /**
     * Shuffles through a buffer: the buffer is filled, then each element is drawn from it and replaced by the next one. If the
     * buffer holds all elements, each order is equally likely; else an element comes at most about a buffer too early.
     *
     * @param seed the seed of the training
     * @param epoch the epoch, which has an order of its own
     * @param buffer how many elements are held in memory, at least 1
     * @return the elements in another order
     * @throws IllegalArgumentException if the buffer is below 1
     */
    public Dataset<T> shuffled(long seed, int epoch, int buffer) {
        requireAtLeastOne("buffer", buffer);
        long ofEpoch = Hash.mix(seed, epoch);
        return of(() -> Cursors.shuffled(source.get(), ofEpoch, buffer));
    }

    private static void requireAtLeastOne(String what, int value) {
        if (value < 1) {
            throw new IllegalArgumentException(what + " must be at least 1, found " + value);
        }
    }

    /**
     * Puts elements that follow one another together.
     *
     * @param size the number of elements, at least 1; the last batch can have fewer
     * @return the batches
     * @throws IllegalArgumentException if the size is below 1
     */
    public Dataset<List<T>> batches(int size) {
        requireAtLeastOne("size", size);
        return of(() -> Cursors.batches(source.get(), size));
    }

    /**
     * Groups elements into batches whose elements share no text, as far as that is possible: {@code no_duplicates} of
     * sentence-transformers, for losses with negatives of the batch. An element that does not fit waits for a later batch; at most 1,024
     * wait. There are as many batches as without this.
     *
     * @param size the number of elements of a batch, at least 1; the last one can have fewer
     * @param texts the texts of an element
     * @return the batches
     * @throws IllegalArgumentException if the size is below 1
     */
    public Dataset<List<T>> distinctBatches(int size, Function<? super T, ? extends Collection<String>> texts) {
        requireAtLeastOne("size", size);
        Objects.requireNonNull(texts, "texts must not be null");
        return of(() -> Cursors.distinctBatches(source.get(), size, texts));
    }

    /**
     * Puts elements of a similar length together, which saves padding where there is some, and makes steps even: {@code pool}
     * batches are read, sorted by length, cut, and returned in an order by chance.
     *
     * @param size the number of elements of a batch, at least 1
     * @param pool how many batches are held in memory, at least 1
     * @param length the length of an element
     * @param seed the seed of the order of the batches
     * @return the batches
     * @throws IllegalArgumentException if a number is below 1
     */
    public Dataset<List<T>> batchesByLength(int size, int pool, ToIntFunction<? super T> length, long seed) {
        requireAtLeastOne("size", size);
        requireAtLeastOne("pool", pool);
        Objects.requireNonNull(length, "length must not be null");
        return of(() -> Cursors.batchesByLength(source.get(), size, pool, length, seed));
    }

    /**
     * Iterates over the elements. The file is closed at the end, and when an element is refused.
     *
     * @return an iterator
     */
    @Override
    public Iterator<T> iterator() {
        return iterator(source.get());
    }

    /**
     * Iterates over the elements, for an iteration that may stop early.
     *
     * @return a stream, which must be closed
     */
    public Stream<T> stream() {
        Cursor<T> cursor = source.get();
        Iterator<T> elements = iterator(cursor);
        return StreamSupport.stream(Spliterators.spliteratorUnknownSize(elements, Spliterator.ORDERED), false)
                .onClose(cursor::close);
    }

    private static <T> Iterator<T> iterator(Cursor<T> cursor) {
        return new Iterator<>() {
            private @Nullable T next;
            private boolean ended;

            @Override
            public boolean hasNext() {
                if (next == null && !ended) {
                    try {
                        next = cursor.next();
                    } catch (RuntimeException e) {
                        end();
                        throw e;
                    }
                    if (next == null) {
                        end();
                    }
                }
                return next != null;
            }

            private void end() {
                ended = true;
                cursor.close();
            }

            @Override
            public T next() {
                T result = hasNext() ? next : null;
                if (result == null) {
                    throw new NoSuchElementException("the data set has no more elements");
                }
                next = null;
                return result;
            }
        };
    }
}
