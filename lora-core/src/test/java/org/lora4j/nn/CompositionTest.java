package org.lora4j.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.lora4j.Refusals.argument;
import static org.lora4j.Refusals.table;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.DoubleSupplier;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.internal.math.RandomArrays;
import org.lora4j.nn.compute.internal.Pass;
import org.lora4j.nn.input.Input;
import org.lora4j.nn.input.Sequences;
import org.lora4j.nn.layer.Activation;
import org.lora4j.nn.layer.Dropout;
import org.lora4j.nn.layer.Embedding;
import org.lora4j.nn.layer.GatedFeedForward;
import org.lora4j.nn.layer.GatedFeedForward.Gate;
import org.lora4j.nn.layer.Gelu;
import org.lora4j.nn.layer.Layer;
import org.lora4j.nn.layer.LayerNorm;
import org.lora4j.nn.layer.Linear;
import org.lora4j.nn.layer.Normalize;
import org.lora4j.nn.layer.Pooling;
import org.lora4j.nn.layer.RMSNorm;
import org.lora4j.nn.layer.Residual;
import org.lora4j.nn.layer.RotaryEmbedding;
import org.lora4j.nn.layer.SelfAttention;
import org.lora4j.nn.layer.TokenEmbeddings;
import org.lora4j.nn.layer.Truncate;
import org.lora4j.nn.parameter.Parameter;
import org.nd4j.linalg.activations.impl.ActivationReLU;
import org.nd4j.linalg.activations.impl.ActivationTanH;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Whatever layers a network is made of: it computes what the formulas of the layers say, with the gradients of finite
 * differences, or it is refused when it is built.
 */
@Tag("slow")
@Tag("numbers")
class CompositionTest {
    private static final List<Gate> GATES = List.of(Gate.values());
    private static final int WIDTH = 4;

    private static final Sequences SEQUENCES = Sequences.of(
            new int[][] {{5, 1, 3}, {2, 2, 4, 0, 1}, {4}}, new int[][] {{1, 1, 1}, {0, 1, 1, 0, 1}, {1}}, null);

    private final SplittableRandom random = new SplittableRandom(1);
    private int paths;

    /** The kinds of layers that {@link #layer} creates. */
    private enum Kind {
        LINEAR,
        RELU,
        TANH,
        GELU,
        DROPOUT,
        GELU_TANH,
        ATTENTION,
        CAUSAL_ATTENTION,
        ROTARY_ATTENTION,
        GATED,
        FIRST,
        CLS,
        LAST,
        MEAN,
        MEAN_SQRT_LENGTH,
        WEIGHTED_MEAN,
        MAX,
        NORMALIZE,
        TRUNCATE,
        RESIDUAL,
        NORMED_RESIDUAL,
        LAYER_NORM,
        RMS_NORM,
        EMBEDDING,
        TOKEN_EMBEDDINGS
    }

    private INDArray gaussian(long... shape) {
        return RandomArrays.gaussian(random, 0.7, DataType.DOUBLE, shape);
    }

    private Linear linear(String path) {
        return linear(path, WIDTH, WIDTH);
    }

    private Linear linear(String path, int in, int out) {
        return new Linear(path, gaussian(out, in), random.nextInt(4) == 0 ? null : gaussian(out));
    }

    private LayerNorm norm(String path) {
        return new LayerNorm(path, gaussian(WIDTH).addi(1), random.nextInt(3) == 0 ? null : gaussian(WIDTH), 0.1);
    }

    private RMSNorm rmsNorm(String path) {
        return new RMSNorm(path, gaussian(WIDTH).addi(1), 0.1);
    }

    private Layer layer(Kind kind) {
        String path = "l" + paths++;
        return switch (kind) {
            case LINEAR -> linear(path);
            case RELU -> new Activation(path, new ActivationReLU());
            case TANH -> new Activation(path, new ActivationTanH());
            case GELU -> new Gelu(path);
            case DROPOUT -> new Dropout(path, 0, 1);
            case ATTENTION ->
                SelfAttention.builder(path, 2, 2, WIDTH / 2)
                        .inputs(linear(path + ".q"), linear(path + ".k"), linear(path + ".v"))
                        .output(linear(path + ".o"))
                        .build();
            case GELU_TANH -> new Gelu(path, Gelu.Form.TANH);
            case CAUSAL_ATTENTION ->
                SelfAttention.builder(path, 2, 1, 3)
                        .causal()
                        .input(linear(path + ".qkv", WIDTH, 12))
                        .output(linear(path + ".o", 6, WIDTH))
                        .build();
            case ROTARY_ATTENTION -> {
                SelfAttention.Builder attention = SelfAttention.builder(path, 4, 2, 4)
                        .inputs(
                                linear(path + ".q", WIDTH, 16),
                                linear(path + ".k", WIDTH, 8),
                                linear(path + ".v", WIDTH, 8))
                        .output(linear(path + ".o", 16, WIDTH))
                        .rotary(RotaryEmbedding.of(4, 20))
                        .norms(rmsNorm(path + ".q_norm"), rmsNorm(path + ".k_norm"));
                yield switch (random.nextInt(3)) {
                    case 0 -> attention.causal().build();
                    case 1 -> attention.window(random.nextInt(3)).build();
                    default -> attention.build();
                };
            }
            case GATED -> {
                Gate gate = GATES.get(random.nextInt(GATES.size()));
                Linear down = linear(path + ".down", 5, WIDTH);
                yield random.nextBoolean()
                        ? GatedFeedForward.of(
                                path, gate, linear(path + ".gate", WIDTH, 5), linear(path + ".up", WIDTH, 5), down)
                        : GatedFeedForward.ofOne(
                                path, gate, linear(path + ".both", WIDTH, 10), random.nextBoolean(), down);
            }
            case FIRST, CLS, LAST, MEAN, MEAN_SQRT_LENGTH, WEIGHTED_MEAN, MAX ->
                new Pooling(path, Pooling.Method.valueOf(kind.name()));
            case NORMALIZE -> new Normalize(path);
            case TRUNCATE -> new Truncate(path, WIDTH);
            case RESIDUAL -> residual(path, Kind.values()[random.nextInt(Kind.values().length)]);
            case NORMED_RESIDUAL -> {
                Layer norm = random.nextBoolean() ? norm(path + ".norm") : rmsNorm(path + ".norm");
                yield new Residual(path, List.of(norm, layer(Kind.values()[random.nextInt(Kind.values().length)])));
            }
            case LAYER_NORM -> norm(path);
            case RMS_NORM -> rmsNorm(path);
            case EMBEDDING -> new Embedding(path, gaussian(6, WIDTH), Embedding.NO_PADDING);
            case TOKEN_EMBEDDINGS -> embeddings(path);
        };
    }

    private Residual residual(String path, Kind inner) {
        return new Residual(path, List.of(layer(inner)));
    }

    /** Those of Llama, GPT-2, GTE or BERT. */
    private TokenEmbeddings embeddings(String path) {
        Embedding word = new Embedding(path + ".word", gaussian(6, WIDTH), Embedding.NO_PADDING);
        Embedding position = new Embedding(path + ".position", gaussian(5, WIDTH), Embedding.NO_PADDING);
        return switch (random.nextInt(5)) {
            case 0 -> new TokenEmbeddings(path, word, 5);
            case 1 -> new TokenEmbeddings(path, word, position, null, null);
            case 2 -> new TokenEmbeddings(path, word, null, norm(path + ".norm"), 5);
            default -> new TokenEmbeddings(path, word, position, null, norm(path + ".norm"));
        };
    }

    /** Whether a layer can follow rows of tokens or of examples. Written down apart from the layers' own checks. */
    private static boolean isLegal(Layer layer, boolean tokens) {
        if (layer instanceof Residual residual) {
            return residual.layers().stream().allMatch(inner -> isLegal(inner, tokens) && !(inner instanceof Pooling));
        }
        if (layer instanceof SelfAttention || layer instanceof Pooling) {
            return tokens;
        }
        return !(layer instanceof Embedding || layer instanceof TokenEmbeddings);
    }

    private static boolean areLegal(List<Layer> layers, boolean startsWithTokens) {
        boolean tokens = startsWithTokens;
        for (Layer layer : layers) {
            if (!isLegal(layer, tokens)) {
                return false;
            }
            tokens &= !(layer instanceof Pooling);
        }
        return true;
    }

    /** Returns whether the layers make a network, after checking it. */
    private boolean check(List<Kind> kinds, boolean ofTokens) {
        List<Layer> layers = new ArrayList<>();
        kinds.forEach(kind -> layers.add(layer(kind)));
        List<Layer> all = new ArrayList<>(layers);
        all.add(0, ofTokens ? embeddings("embeddings") : linear("first"));
        if (!areLegal(layers, ofTokens)) {
            assertThatIllegalArgumentException()
                    .as("%s", all)
                    .isThrownBy(() -> new Network(all))
                    .withMessageMatching("l\\d+.*: .*found .*");
            return false;
        }
        Network network = new Network(all);
        assertNetwork(network, ofTokens ? SEQUENCES : Input.of(gaussian(3, WIDTH)));
        return true;
    }

    private void assertNetwork(Network network, Input x) {
        double[][] expected = LayerFormulas.output(network, x);
        INDArray y = network.predict(x);
        assertThat(y.size(0)).as("%s", network).isEqualTo(expected.length);
        for (int i = 0; i < expected.length; i++) {
            for (int j = 0; j < WIDTH; j++) {
                assertThat(Math.abs(y.getDouble(i, j) - expected[i][j]))
                        .as("%s, row %d: %s", network, i, y.getRow(i))
                        .isLessThan(1e-10);
            }
        }
        Pass pass = network.newTrainingPass();
        INDArray direction = gaussian(expected.length, WIDTH);
        DoubleSupplier loss = () -> pass.forward(x).mul(direction).sumNumber().doubleValue();
        // The difference of two large losses has fewer digits.
        double tolerance = 1e-5 * Math.max(1, Math.abs(loss.getAsDouble()) / 1e4);
        pass.backward(direction);
        for (Parameter parameter : pass.trainableParameters()) {
            INDArray gradient = pass.gradient(parameter).dup('c');
            FiniteDifferences.assertGradient(
                    network + " " + parameter.name(), loss, parameter.value(), gradient, tolerance);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void everyPairOfLayersComputesItsFormulasOrIsRefused(boolean ofTokens) {
        int legal = 0;
        for (Kind first : Kind.values()) {
            for (Kind second : Kind.values()) {
                legal += check(List.of(first, second), ofTokens) ? 1 : 0;
            }
        }
        assertThat(legal).isGreaterThan(35);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void randomChainsComputeTheirFormulasOrAreRefused(boolean ofTokens) {
        int legal = 0;
        for (int i = 0; i < 300; i++) {
            List<Kind> kinds = new ArrayList<>();
            for (int length = random.nextInt(3, 5); length > 0; length--) {
                kinds.add(Kind.values()[random.nextInt(Kind.values().length)]);
            }
            legal += check(kinds, ofTokens) ? 1 : 0;
        }
        assertThat(legal).isGreaterThan(10);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void everyLayerInAResidualConnectionComputesItsFormulaOrIsRefused(boolean ofTokens) {
        for (Kind inner : Kind.values()) {
            List<Layer> layers = List.of(
                    ofTokens ? embeddings("embeddings") : linear("first"),
                    residual("residual", inner),
                    layer(Kind.RELU));
            if (areLegal(layers.subList(1, 3), ofTokens)) {
                assertNetwork(new Network(layers), ofTokens ? SEQUENCES : Input.of(gaussian(2, WIDTH)));
            } else {
                assertThatIllegalArgumentException().as("%s", layers).isThrownBy(() -> new Network(layers));
            }
        }
    }

    @TestFactory
    List<DynamicTest> saysWhichLayerDoesNotFit() {
        return table(
                argument(() -> new Network(List.of(embeddings("e"), residual("r", Kind.MEAN))))
                        .says(
                                "r: the layers of a residual connection must give a row for each row that they take, found a"
                                        + " pooling in [Pooling[path=l0, methods=[MEAN], includesPrompt=true]]"),
                argument(() -> new Network(List.of(embeddings("e"), layer(Kind.MEAN), layer(Kind.FIRST))))
                        .says(
                                "l2: a pooling takes the tokens of sequences, found rows that are examples; a network has one"
                                        + " pooling, after TokenEmbeddings"),
                argument(() -> new Network(List.of(norm("n"), linear("l"))))
                        .starts("n: a network of rows of features has linear layers and activations, found n:"));
    }
}
