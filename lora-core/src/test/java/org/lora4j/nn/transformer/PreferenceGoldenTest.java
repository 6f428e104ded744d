package org.lora4j.nn.transformer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.fixtures.Differences;
import org.lora4j.io.FingerprintCheck;
import org.lora4j.io.ReadOptions;
import org.lora4j.io.safetensors.SafeTensors;
import org.lora4j.nn.Model;
import org.lora4j.nn.input.Sequences;
import org.lora4j.nn.parameter.Parameter;
import org.lora4j.train.AdamW;
import org.lora4j.train.Batch;
import org.lora4j.train.BatchGradients;
import org.lora4j.train.PreferenceLoss;
import org.lora4j.train.Trainer;
import org.lora4j.train.TrainingListener;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Preferences, their gradients and trainings that PyTorch computed: {@code src/build/golden/dpo.py}. */
@Tag("numbers")
class PreferenceGoldenTest {
    private static final int BATCHES = 3;
    private static final double EXACT = 1e-10;

    /** A loss with the prefix of its numbers. */
    private record Variant(String name, PreferenceLoss loss) {
        String key(int batch, String what) {
            return name + "." + batch + "." + what;
        }

        @Override
        public String toString() {
            return name;
        }
    }

    private static Path folder() throws Exception {
        return Path.of(Objects.requireNonNull(PreferenceGoldenTest.class.getResource("/golden/dpo_llama"))
                .toURI());
    }

    private static SafeTensors io() throws Exception {
        return SafeTensors.read(folder().resolve("io.safetensors"));
    }

    private static JsonNode settings() throws Exception {
        return new ObjectMapper()
                .readTree(folder().resolve("case.json").toFile())
                .path("settings");
    }

    static List<Variant> variants() throws Exception {
        List<Variant> variants = new ArrayList<>();
        JsonNode all = settings().path("variants");
        all.fieldNames().forEachRemaining(name -> {
            JsonNode of = all.path(name);
            variants.add(new Variant(
                    name,
                    new PreferenceLoss(
                            of.path("beta").doubleValue(),
                            of.path("label_smoothing").doubleValue(),
                            of.path("normalize_length").booleanValue())));
        });
        assertThat(variants).hasSize(5);
        return variants;
    }

    private static LoRAModel model(DataType type) throws Exception {
        GoldenCase source = GoldenCase.of(settings().path("model").textValue());
        LoRAModel model = LoRAModel.of(source.causal(type));
        model.load("peft", source.adapter(), ReadOptions.of(FingerprintCheck.IGNORE));
        return model;
    }

    /** The chosen or the rejected half of a batch, which is padded. */
    private static Sequences half(SafeTensors io, int batch, boolean chosen) throws Exception {
        Sequences all = Sequences.of(io.tensor(batch + ".input_ids"), io.tensor(batch + ".attention_mask"), null);
        Sequences marked = all.withPrompts(io.tensor(batch + ".prompts").toIntVector());
        int n = all.count() / 2;
        return chosen ? marked.part(0, n) : marked.part(n, 2 * n);
    }

    private static List<Batch> batches(SafeTensors io, Model reference) throws Exception {
        PreferenceLoss.AnswerLogProbabilities ofReference = new PreferenceLoss.AnswerLogProbabilities(reference);
        List<Batch> batches = new ArrayList<>();
        for (int b = 0; b < BATCHES; b++) {
            Sequences chosen = half(io, b, true);
            Sequences rejected = half(io, b, false);
            batches.add(
                    Batch.ofPreferences(chosen, rejected, ofReference.compute(chosen), ofReference.compute(rejected)));
        }
        return batches;
    }

    private static void assertClose(String what, INDArray actual, INDArray expected, double tolerance) {
        double size = expected.amaxNumber().doubleValue();
        assertThat(Differences.greatest(actual, expected)).as(what).isLessThanOrEqualTo(tolerance * size);
    }

    @ParameterizedTest
    @MethodSource("variants")
    void computesLossesRewardsAndGradients(Variant variant) throws Exception {
        SafeTensors io = io();
        LoRAModel model = model(DataType.DOUBLE);
        AdapterView view = model.using("peft");
        List<Batch> batches = batches(io, model.base());
        BatchGradients gradients = new BatchGradients(view, variant.loss());
        for (int b = 0; b < BATCHES; b++) {
            Batch batch = batches.get(b);
            assertClose("reference", Objects.requireNonNull(batch.labels()), io.tensor(b + ".ref_logps"), EXACT);
            double[] policy = new PreferenceLoss.AnswerLogProbabilities(view).compute((Sequences) batch.input());
            INDArray expectedPolicy = io.tensor(b + ".logps");
            for (int i = 0; i < policy.length; i++) {
                assertThat(policy[i]).isCloseTo(expectedPolicy.getDouble(i), within(EXACT * 100));
            }
            double loss = io.tensor(variant.key(b, "losses")).meanNumber().doubleValue();
            assertThat(gradients.compute(batch, 0, 0, 0)).isCloseTo(loss, within(EXACT * Math.max(1, loss)));
            assertThat(gradients.weight()).isEqualTo(4);
            for (int i = 0; i < gradients.parameters().size(); i++) {
                String name = gradients.parameters().get(i).name();
                assertClose(
                        variant + " " + name,
                        gradients.gradients().get(i),
                        io.tensor(variant.key(b, "grad.base_model.model." + name)),
                        EXACT);
            }
            assertThat(gradients.parameters()).hasSize(8);
            PreferenceLoss.Metrics metrics = variant.loss().evaluate(view, List.of(batch));
            double[] rewards = io.tensor(variant.key(b, "rewards")).toDoubleVector();
            double chosen =
                    IntStream.range(0, 4).mapToDouble(i -> rewards[i]).average().orElseThrow();
            double rejected =
                    IntStream.range(4, 8).mapToDouble(i -> rewards[i]).average().orElseThrow();
            assertThat(metrics.pairs()).isEqualTo(4);
            assertThat(metrics.loss()).isCloseTo(loss, within(EXACT * Math.max(1, loss)));
            assertThat(metrics.accuracy())
                    .isEqualTo(io.tensor(variant.key(b, "accuracy")).getDouble(0));
            assertThat(metrics.margin())
                    .isCloseTo(io.tensor(variant.key(b, "margin")).getDouble(0), within(1e-9));
            assertThat(metrics.chosenReward()).isCloseTo(chosen, within(1e-9));
            assertThat(metrics.rejectedReward()).isCloseTo(rejected, within(1e-9));
        }
    }

    @ParameterizedTest
    @MethodSource("variants")
    void computesTheGradientsInSinglePrecision(Variant variant) throws Exception {
        SafeTensors io = io();
        LoRAModel model = model(DataType.FLOAT);
        BatchGradients gradients = new BatchGradients(model.using("peft"), variant.loss());
        gradients.compute(batches(io, model.base()).get(0), 0, 0, 0);
        for (int i = 0; i < gradients.parameters().size(); i++) {
            String name = gradients.parameters().get(i).name();
            assertClose(
                    name,
                    gradients.gradients().get(i).castTo(DataType.DOUBLE),
                    io.tensor(variant.key(0, "grad.base_model.model." + name)),
                    1e-3);
        }
    }

    @ParameterizedTest
    @MethodSource("variants")
    void trainsStepByStep(Variant variant) throws Exception {
        SafeTensors io = io();
        LoRAModel model = model(DataType.DOUBLE);
        AdapterView view = model.using("peft");
        List<Double> losses = new ArrayList<>();
        Trainer.builder(view)
                .loss(variant.loss())
                .updater(new AdamW(
                        settings().path("learning_rate").doubleValue(),
                        settings().path("weight_decay").doubleValue()))
                .epochs(2)
                .listener(new TrainingListener() {
                    @Override
                    public void onIteration(Iteration event) {
                        losses.add(event.loss());
                    }
                })
                .build()
                .fit(batches(io, model.base()));
        double[] expected = io.tensor(variant.name() + ".steps").toDoubleVector();
        assertThat(losses).hasSize(expected.length);
        for (int i = 0; i < expected.length; i++) {
            assertThat(losses.get(i)).as("step %d", i).isCloseTo(expected[i], within(1e-9 * Math.max(1, expected[i])));
        }
        List<Parameter> parameters = view.parameters();
        for (Parameter parameter : parameters) {
            assertClose(
                    parameter.name(),
                    parameter.value(),
                    io.tensor(variant.name() + ".trained.base_model.model." + parameter.name()),
                    1e-8);
        }
        assertThat(io.names().stream().filter(name -> name.startsWith(variant.name() + ".trained.")))
                .hasSize(parameters.size());
    }
}
