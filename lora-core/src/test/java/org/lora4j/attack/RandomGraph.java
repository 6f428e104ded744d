package org.lora4j.attack;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import org.lora4j.internal.math.RandomArrays;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.TrainingConfig;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.impl.layers.convolution.config.Conv2DConfig;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;

/**
 * A graph of one to four layers, stored in all ways that adapters know, whose weights and biases can be shared. It begins
 * with rows, look-ups or images.
 */
final class RandomGraph {
    private static final int ROWS = 3;

    final SameDiff graph = SameDiff.create();
    final DataType type;
    private final SplittableRandom random;
    private final List<SDVariable> squares = new ArrayList<>();
    private final List<SDVariable> biases = new ArrayList<>();
    private final INDArray input;
    private int layers;

    RandomGraph(long seed) {
        random = new SplittableRandom(seed);
        type = random.nextBoolean() ? DataType.FLOAT : DataType.DOUBLE;
        SDVariable h;
        switch (random.nextInt(3)) {
            case 0 -> {
                input = gaussian(ROWS, 5);
                h = graph.placeHolder("x", type, -1, 5);
            }
            case 1 -> {
                input = Nd4j.createFromArray(2L, 0L, 2L); // A repeated index, whose gradients add up.
                h = graph.gather(weight(4, 5), graph.placeHolder("x", DataType.INT64, -1), 0);
            }
            default -> {
                boolean isNhwc = random.nextBoolean();
                long[] shape = isNhwc ? new long[] {ROWS, 4, 4, 2} : new long[] {ROWS, 2, 4, 4};
                input = gaussian(shape);
                shape[0] = -1;
                h = convolution(graph.placeHolder("x", type, shape), isNhwc);
            }
        }
        int depth = 1 + random.nextInt(4);
        for (int i = 0; i < depth; i++) {
            // A weight that is shared in two layouts cannot be adapted; that of the last layer always can.
            h = graph.math().tanh(dense(h, i < depth - 1));
        }
        SDVariable y = h.mul("y", 1);
        SDVariable labels = graph.placeHolder("labels", type, -1, 5);
        graph.math().square(y.sub(labels)).mean("loss");
        graph.setLossVariables("loss");
    }

    private INDArray gaussian(long... shape) {
        return RandomArrays.gaussian(random, 0.6, type, shape);
    }

    /** A variable or a constant: adapters treat them alike. */
    private SDVariable variable(String name, INDArray array) {
        return random.nextInt(4) == 0 ? graph.constant(name, array) : graph.var(name, array);
    }

    private SDVariable weight(long... shape) {
        layers++;
        return variable("fc" + layers + ".weight", gaussian(shape));
    }

    private SDVariable convolution(SDVariable x, boolean isNhwc) {
        Conv2DConfig config = Conv2DConfig.builder()
                .kH(2)
                .kW(2)
                .sH(1 + random.nextInt(2))
                .sW(2)
                .dataFormat(isNhwc ? Conv2DConfig.NHWC : Conv2DConfig.NCHW)
                .build();
        SDVariable kernel = weight(2, 2, 2, 5);
        SDVariable y = random.nextBoolean()
                ? graph.cnn().conv2d(x, kernel, bias(1), config)
                : graph.cnn().conv2d(x, kernel, config);
        return graph.mean(y, isNhwc ? new int[] {1, 2} : new int[] {2, 3});
    }

    /** A layer from 5 to 5. */
    private SDVariable dense(SDVariable h, boolean canShare) {
        boolean isTied = canShare && !squares.isEmpty() && random.nextInt(5) == 0;
        SDVariable w = isTied ? squares.get(random.nextInt(squares.size())) : weight(5, 5);
        if (!isTied) {
            squares.add(w);
        }
        return switch (random.nextInt(6)) {
            case 0 -> h.mmul(w).add(bias(1 + random.nextInt(2)));
            case 1 -> graph.nn().biasAdd(h.mmul(w), bias(1), true);
            case 2 -> graph.nn().linear(h, w, bias(1));
            case 3 -> bias(1).add(graph.mmul(h, w, false, true, false));
            case 4 -> graph.mmul(h, w, false, true, false);
            default -> graph.transpose(graph.mmul(w, h, random.nextBoolean(), true, false));
        };
    }

    /** A new bias, or one of another layer. */
    private SDVariable bias(int rank) {
        List<SDVariable> others =
                biases.stream().filter(bias -> bias.getArr().rank() == rank).toList();
        if (!others.isEmpty() && random.nextInt(3) == 0) {
            return others.get(random.nextInt(others.size()));
        }
        SDVariable bias = variable("b" + biases.size(), rank == 1 ? gaussian(5) : gaussian(1, 5));
        biases.add(bias);
        return bias;
    }

    Map<String, INDArray> feed() {
        return Map.of("x", input);
    }

    INDArray output(SameDiff of) {
        return Objects.requireNonNull(of.output(feed(), "y").get("y"));
    }

    /** Two steps towards random labels. */
    void fit() {
        graph.setTrainingConfig(TrainingConfig.builder()
                .updater(new Adam(0.05))
                .dataSetFeatureMapping("x")
                .dataSetLabelMapping("labels")
                .build());
        DataSet data = new DataSet(input, gaussian(ROWS, 5));
        graph.fit(data);
        graph.fit(data);
    }
}
