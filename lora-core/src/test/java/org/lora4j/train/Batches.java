package org.lora4j.train;

import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.lora4j.nn.Samples;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.DataSetPreProcessor;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.factory.Nd4j;

/** An iterator over given batches. */
final class Batches implements DataSetIterator {
    private static final long serialVersionUID = 1L;

    private final transient List<DataSet> batches;
    private final boolean resettable;
    private int next;

    private Batches(List<DataSet> batches, boolean resettable) {
        this.batches = batches;
        this.resettable = resettable;
    }

    static Batches of(DataSet... batches) {
        return new Batches(List.of(batches), true);
    }

    static Batches of(INDArray features, INDArray labels) {
        return of(new DataSet(features, labels));
    }

    /** Creates random features with random one-hot labels, in batches of the given sizes. */
    static Batches random(long seed, DataType type, int in, int out, int... sizes) {
        List<DataSet> batches = new ArrayList<>();
        for (int i = 0; i < sizes.length; i++) {
            INDArray labels = Nd4j.zeros(type, sizes[i], out);
            INDArray choice = Samples.gaussian(seed + 1000 + i, type, sizes[i], out);
            for (int k = 0; k < sizes[i]; k++) {
                labels.putScalar(k, choice.getRow(k).argMax().getInt(0), 1);
            }
            batches.add(new DataSet(Samples.gaussian(seed + i, type, sizes[i], in), labels));
        }
        return new Batches(batches, true);
    }

    /** Returns an iterator over the same batches that does not support reset. */
    Batches once() {
        return new Batches(batches, false);
    }

    /** Returns the batches again and again, until a training is to end. */
    Iterable<Batch> until(BooleanSupplier end) {
        List<Batch> all = batches.stream().map(Batch::of).toList();
        return () -> IntStream.iterate(0, i -> (i + 1) % all.size())
                .takeWhile(i -> !end.getAsBoolean())
                .mapToObj(all::get)
                .iterator();
    }

    DataSet get(int i) {
        return batches.get(i);
    }

    int count() {
        return batches.size();
    }

    @Override
    public boolean hasNext() {
        return next < batches.size();
    }

    @Override
    public DataSet next() {
        return batches.get(next++);
    }

    @Override
    public boolean resetSupported() {
        return resettable;
    }

    @Override
    public void reset() {
        if (!resettable) {
            throw new UnsupportedOperationException("cannot be reset");
        }
        next = 0;
    }

    @Override
    public DataSet next(int num) {
        throw new UnsupportedOperationException("a batch of " + num);
    }

    @Override
    public int inputColumns() {
        return batches.get(0).numInputs();
    }

    @Override
    public int totalOutcomes() {
        return batches.get(0).numOutcomes();
    }

    @Override
    public boolean asyncSupported() {
        return false;
    }

    @Override
    public int batch() {
        return batches.get(0).numExamples();
    }

    @Override
    public void setPreProcessor(DataSetPreProcessor preProcessor) {
        throw new UnsupportedOperationException("no preprocessor");
    }

    @Override
    public @Nullable DataSetPreProcessor getPreProcessor() {
        return null;
    }

    @Override
    public @Nullable List<String> getLabels() {
        return null;
    }
}
