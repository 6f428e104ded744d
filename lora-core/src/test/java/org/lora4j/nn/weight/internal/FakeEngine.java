package org.lora4j.nn.weight.internal;

import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.lora4j.linalg.PackedWeight;
import org.lora4j.linalg.Precision;
import org.lora4j.linalg.ProductEngine;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Multiplies with a copy of the weight, and notes what it packs. */
final class FakeEngine implements ProductEngine {
    final List<String> prepared = Collections.synchronizedList(new ArrayList<>());
    final Set<Precision> fast = EnumSet.of(Precision.FLOAT);
    final AtomicInteger products = new AtomicInteger();
    boolean refusesSizes;
    private int threads = 1;

    @Override
    public String name() {
        return "fake";
    }

    @Override
    public boolean isFast(Precision precision) {
        return fast.contains(precision);
    }

    @Override
    public Optional<PackedWeight> prepare(INDArray weight, Precision precision, Direction direction) {
        prepared.add(precision + " " + direction);
        if (refusesSizes) {
            return Optional.empty();
        }
        INDArray copy = weight.dup();
        INDArray factor = direction == Direction.FORWARD ? copy.transpose() : copy;
        return Optional.of(new PackedWeight() {
            @Override
            public void multiply(INDArray x, INDArray y, boolean adds) {
                products.incrementAndGet();
                INDArray product = x.mmul(factor);
                y.assign(adds ? y.add(product) : product);
            }

            @Override
            public long bytes() {
                return 4 * copy.length();
            }
        });
    }

    @Override
    public int threads() {
        return threads;
    }

    @Override
    public void setThreads(int count) {
        threads = count;
    }
}
