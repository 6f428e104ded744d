package org.lora4j.text.train;

import java.util.AbstractList;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.RandomAccess;
import org.lora4j.nn.Model;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** The rows that a frozen model gives for some of the examples, at equal distances in their list. They are computed once. */
final class FrozenRows {
    /** So many texts are learned at most. */
    private static final int MOST_TEXTS = 20_000;

    /** So many numbers of features are kept at most: as many texts of MiniLM. */
    private static final long MOST_NUMBERS = 384L * MOST_TEXTS;

    private FrozenRows() {}

    /** Returns the examples whose rows are learned; a list that reads each of them when it is asked for. */
    static <E> List<E> sample(Model model, List<E> examples) {
        Objects.requireNonNull(model, "model must not be null");
        long most = Math.min(MOST_TEXTS, MOST_NUMBERS / model.outputSize());
        int used = (int) Math.min(most, examples.size());
        if (used == 0) {
            throw new IllegalArgumentException("a probe needs at least one text, found none");
        }
        return new Sample<>(examples, used);
    }

    /** Returns the rows of examples, {@code [n, dim]}. */
    static <E> INDArray of(Model model, TrainableTask<E, ?> task, List<E> examples) {
        List<INDArray> rows = new ArrayList<>();
        Portions.forEach(
                examples, some -> rows.add(model.predict(task.batch(some).input())));
        return Nd4j.concat(0, rows.toArray(INDArray[]::new));
    }

    /** Some elements of a list. */
    private static final class Sample<E> extends AbstractList<E> implements RandomAccess {
        private final List<E> all;
        private final int size;

        Sample(List<E> all, int size) {
            this.all = all;
            this.size = size;
        }

        @Override
        public E get(int index) {
            return all.get((int) ((long) Objects.checkIndex(index, size) * all.size() / size));
        }

        @Override
        public int size() {
            return size;
        }
    }
}
