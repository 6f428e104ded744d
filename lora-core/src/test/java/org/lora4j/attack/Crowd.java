package org.lora4j.attack;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.SmallModels;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAInit;
import org.lora4j.fixtures.Differences;
import org.lora4j.nn.Samples;
import org.lora4j.train.Trainer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.Adam;

/**
 * A model with many adapters that stay, and what one thread computed with each. Other threads do the same at the same time,
 * and add, train and delete adapters of their own; each result must be the same to the bit.
 */
final class Crowd {
    private static final int ROWS = 6;

    private final LoRAModel model = LoRAModel.of(SmallModels.network());
    private final INDArray x = Samples.gaussian(5, DataType.FLOAT, ROWS, 6);
    private final Path folder;
    private final List<Expected> adapters = new ArrayList<>();
    private final double[] base;

    /** What one thread computes with an adapter. */
    private record Expected(
            String name, LoRAAdapter data, LoRAAdapter trained, INDArray alone, INDArray pair, INDArray merged) {}

    Crowd(int size, Path folder) {
        this.folder = folder;
        base = Samples.bits(model.base().predict(x));
        for (int i = 0; i < size; i++) {
            model.add("a" + i, config(i));
        }
        for (int i = 0; i < size; i++) {
            adapters.add(expected(i, size));
        }
    }

    private static LoRAConfig config(int i) {
        return LoRAConfig.builder()
                .rank(1 + i % 5)
                .alpha(1 + i / 7.0)
                .dora(i % 10 == 9)
                .init(LoRAInit.random())
                .seed(i)
                .build();
    }

    private Expected expected(int i, int size) {
        String name = "a" + i;
        return new Expected(
                name,
                model.adapter(name),
                trained(i, "expected" + i),
                model.using(name).predict(x),
                model.using(name, "a" + (i + 1) % size).predict(x),
                model.merge(name).predict(x));
    }

    /** Adds the i-th adapter under another name, trains it, and deletes it. */
    private LoRAAdapter trained(int i, String name) {
        AdapterView view = model.add(name, config(i));
        Trainer.builder(view).updater(new Adam(0.01)).maxIterations(3).build().fit(AttackData.batches());
        LoRAAdapter trained = view.adapter();
        model.delete(name);
        return trained;
    }

    /** The number of kinds of operations. */
    static int operations() {
        return 10;
    }

    /**
     * Does one operation and compares its result.
     *
     * @param operation which one
     * @param random chooses the adapters
     * @param own a name that no other thread uses
     * @return whether the result is that of one thread, to the bit
     */
    boolean isSame(int operation, SplittableRandom random, String own) throws IOException {
        int i = random.nextInt(adapters.size());
        Expected one = adapters.get(i);
        Expected next = adapters.get((i + 1) % adapters.size());
        return switch (operation) {
            case 0 -> same(model.using(one.name()).predict(x), one.alone());
            case 1 -> same(model.using(one.name(), next.name()).predict(x), one.pair());
            case 2 -> sameMixed(random);
            case 3 -> same(model.merge(one.name()).predict(x), one.merged());
            case 4 -> model.adapter(one.name()).equals(one.data());
            case 5 -> sameAfterFile(one, own);
            case 6 -> sameAfterReplacing(one, next, own);
            case 7 -> trained(i, own).equals(one.trained());
            case 8 -> sameWithScope();
            default -> Arrays.equals(Samples.bits(model.base().predict(x)), base);
        };
    }

    private static boolean same(INDArray actual, INDArray expected) {
        return Arrays.equals(Samples.bits(actual), Samples.bits(expected));
    }

    /** A row of a mixed batch differs from a batch of one adapter in rounding, so one mixed batch is compared with another. */
    private boolean sameMixed(SplittableRandom random) {
        List<String> names = new ArrayList<>();
        for (int row = 0; row < ROWS; row++) {
            names.add(
                    row == 2
                            ? LoRAModel.BASE
                            : adapters.get(random.nextInt(adapters.size())).name());
        }
        INDArray y = model.predict(x, names);
        for (int row = 0; row < ROWS; row++) {
            String name = names.get(row);
            INDArray expected = name.equals(LoRAModel.BASE)
                    ? model.base().predict(x)
                    : adapters.get(Integer.parseInt(name.substring(1))).alone();
            if (Differences.greatest(y.getRow(row), expected.getRow(row)) >= 1e-3) {
                return false;
            }
        }
        return same(model.predict(x, names), y);
    }

    private boolean sameAfterFile(Expected one, String own) throws IOException {
        Path saved = folder.resolve(own);
        model.using(one.name()).save(saved);
        AdapterView loaded = model.load(own, saved);
        boolean same = loaded.adapter().weights().equals(one.data().weights()) && same(loaded.predict(x), one.alone());
        model.delete(own);
        return same;
    }

    private boolean sameAfterReplacing(Expected one, Expected next, String own) {
        AdapterView view = model.add(own, one.data());
        boolean same = same(view.predict(x), one.alone());
        model.replace(own, next.data());
        same &= same(view.predict(x), next.alone());
        model.rename(own, own + "x");
        same &= same(model.using(own + "x").predict(x), next.alone());
        model.delete(own + "x");
        return same;
    }

    /** What is active computes or does not, as other threads open and close scopes; views do not depend on it. */
    private boolean sameWithScope() {
        Expected active = adapters.get(0);
        try (LoRAModel.Scope scope = model.disable()) {
            INDArray y = model.predict(x);
            return Arrays.equals(Samples.bits(y), base)
                    && same(model.using(active.name()).predict(x), active.alone())
                    && scope != null;
        }
    }

    /** The names of the adapters that are there now. */
    List<String> names() {
        return List.copyOf(model.names());
    }
}
