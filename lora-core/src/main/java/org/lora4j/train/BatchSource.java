package org.lora4j.train;

import java.util.Collections;
import java.util.Iterator;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;

/** The batches of a training or test, which can be gone through several times. */
interface BatchSource {
    /**
     * Returns to the first batch.
     *
     * @param epoch the epoch that starts, from 1
     * @throws IllegalStateException if the data cannot return and this is not the first epoch
     */
    void reset(int epoch);

    boolean hasNext();

    DataSet next();

    /** The batches of an iterator of ND4J. */
    static BatchSource of(DataSetIterator data) {
        return new BatchSource() {
            @Override
            public void reset(int epoch) {
                if (data.resetSupported()) {
                    data.reset();
                } else if (epoch > 1) {
                    throw new IllegalStateException("epoch " + epoch + " needs data that can be reset, found "
                            + data.getClass().getName());
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

    /** The batches of a collection or of anything else that can be iterated over; each epoch gets a new iterator. */
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
