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
    final Set<Direction> refused = EnumSet.noneOf(Direction.class);
    boolean refusesSizes;

    /** Whether rows can be read back. */
    boolean isReadable;

    /** The element in which a packed copy differs in the last bit; −1 for none. */
    int wrongElement = -1;

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
        if (refusesSizes || refused.contains(direction)) {
            return Optional.empty();
        }
        INDArray copy = weight.dup('c');
        if (wrongElement >= 0) {
            copy.data().put(wrongElement, Math.nextUp(copy.data().getFloat(wrongElement)));
        }
        INDArray factor = direction == Direction.FORWARD ? copy.transpose() : copy;
        return Optional.of(new PackedWeight() {
            @Override
            public void multiply(INDArray x, INDArray y, boolean adds) {
                products.incrementAndGet();
                INDArray product = x.mmul(factor);
                y.assign(adds ? y.add(product) : product);
            }

            @Override
            public boolean readRow(long row, float[] target) {
                if (isReadable) {
                    System.arraycopy(copy.getRow(row).toFloatVector(), 0, target, 0, target.length);
                }
                return isReadable;
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
