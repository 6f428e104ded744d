package org.lora4j.train;

import java.util.Collections;
import java.util.Iterator;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;

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

    DataSet next();

    /** Returns the batches of an ND4J iterator. */
    static BatchSource of(DataSetIterator data) {
        return new BatchSource() {
            @Override
            public void reset(int epoch) {
                if (data.resetSupported()) {
                    data.reset();
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
            public DataSet next() {
                return data.next();
            }
        };
    }

    /** Returns the batches of a collection or another iterable. Each epoch gets a new iterator. */
    static BatchSource of(Iterable<? extends DataSet> data) {
        return new BatchSource() {
            private Iterator<? extends DataSet> iterator = Collections.emptyIterator();

            @Override
            public void reset(int epoch) {
                iterator = data.iterator();
            }

            @Override
            public boolean hasNext() {
                return iterator.hasNext();
            }

            @Override
            public DataSet next() {
                return iterator.next();
            }
        };
    }
}
