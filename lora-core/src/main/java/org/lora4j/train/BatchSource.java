package org.lora4j.train;

import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.lora4j.nn.Model;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.dataset.api.iterator.MultiDataSetIterator;

/** The batches of a training or an evaluation. They can be read once for each epoch. */
interface BatchSource {
    /**
     * Returns to the first batch.
     *
     * @param epoch the epoch that starts, from 1
     * @throws IllegalStateException if the data cannot be reset and this is not the first epoch
     */
    void reset(int epoch);

    boolean hasNext();

    Taken next();

    /**
     * A batch that was taken.
     *
     * @param size the number of its examples
     * @param batch the batch, or null if a {@link BatchGradients.Source} computes it
     */
    record Taken(int size, @Nullable Batch batch) {
        private static Taken of(Batch batch) {
            return new Taken(batch.input().count(), batch);
        }

        /** The batch, which must be here to be computed. */
        Batch here() {
            return Objects.requireNonNull(batch, "the batch must be here to be computed");
        }
    }

    /** Returns the batches of an ND4J iterator. */
    static BatchSource of(DataSetIterator data, Model model) {
        BatchReader reader = new BatchReader(model);
        return of(data, data.resetSupported(), data::reset, (DataSet batch) -> reader.read(batch));
    }

    /** Returns the batches of an ND4J iterator with several arrays of features. */
    static BatchSource of(MultiDataSetIterator data, Model model) {
        BatchReader reader = new BatchReader(model);
        return of(data, data.resetSupported(), data::reset, (MultiDataSet batch) -> reader.read(batch));
    }

    private static <T> BatchSource of(
            Iterator<T> data, boolean resets, Runnable reset, Function<? super T, Batch> read) {
        return new BatchSource() {
            @Override
            public void reset(int epoch) {
                if (resets) {
                    reset.run();
                } else if (epoch > 1) {
                    throw new IllegalStateException("the data must support reset for epoch " + epoch + ", found "
                            + data.getClass().getName()
                            + ", which does not; train one epoch, or pass a list of batches");
                }
            }

            @Override
            public boolean hasNext() {
                return data.hasNext();
            }

            @Override
            public Taken next() {
                return Taken.of(read.apply(data.next()));
            }
        };
    }

    /** Returns a data set as one batch. */
    static BatchSource of(DataSet data, Model model) {
        return of(List.of(data), new BatchReader(model)::read);
    }

    /** Returns blocks of consecutive rows of a data set. */
    static BatchSource of(DataSet data, int batchSize, Model model) {
        if (batchSize < 1) {
            throw new IllegalArgumentException("batchSize must be at least 1, found " + batchSize);
        }
        BatchReader reader = new BatchReader(model);
        int count = data.numExamples();
        List<Integer> starts = IntStream.iterate(0, from -> from < count, from -> from + batchSize)
                .boxed()
                .toList();
        return of(
                starts,
                from -> reader.read((DataSet) data.getRange(from, (int) Math.min(count, (long) from + batchSize))));
    }

    /** Returns the batches of a collection or another iterable. Each epoch gets a new iterator. */
    static BatchSource of(Iterable<Batch> data) {
        return of(data, batch -> batch);
    }

    /** Returns batches that are computed elsewhere. */
    static BatchSource of(BatchGradients.Source source) {
        return new BatchSource() {
            private int next;

            @Override
            public void reset(int epoch) {
                next = 0;
            }

            @Override
            public boolean hasNext() {
                return next < source.batches();
            }

            @Override
            public Taken next() {
                int examples = source.examples(next);
                if (examples < 1) {
                    throw new IllegalArgumentException(
                            "each batch must have at least 1 example, found " + examples + " in batch " + next);
                }
                next++;
                return new Taken(examples, null);
            }
        };
    }

    private static <T> BatchSource of(Iterable<? extends T> data, Function<? super T, Batch> read) {
        return new BatchSource() {
            private Iterator<? extends T> iterator = Collections.emptyIterator();

            @Override
            public void reset(int epoch) {
                iterator = data.iterator();
            }

            @Override
            public boolean hasNext() {
                return iterator.hasNext();
            }

            @Override
            public Taken next() {
                return Taken.of(read.apply(iterator.next()));
            }
        };
    }
}
