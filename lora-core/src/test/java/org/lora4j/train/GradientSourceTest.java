package org.lora4j.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.assertj.core.api.Assertions.within;
import static org.lora4j.Refusals.argument;
import static org.lora4j.Refusals.table;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.Models;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAInit;
import org.lora4j.fixtures.Differences;
import org.lora4j.nn.Network;
import org.lora4j.nn.input.Input;
import org.lora4j.nn.parameter.Parameter;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.Sgd;

/** A training whose batches are computed in parts by models of their own, as on several machines. */
@Tag("numbers")
class GradientSourceTest {
    private static final int[] SIZES = {7, 7, 3};

    private static Batches data() {
        return Batches.random(1, DataType.FLOAT, 6, 3, SIZES);
    }

    private static AdapterView view(LoRAConfig config) {
        Network network = Models.dense(6, 8, 3);
        return LoRAModel.of(network).add("a", config);
    }

    private static LoRAConfig config(boolean dora, double dropout) {
        return LoRAConfig.builder().rank(2).dora(dora).dropout(dropout).seed(5).build();
    }

    /** Computes each batch in parts of 3 rows, each with a model of another machine. */
    private static final class Parts implements BatchGradients.Source {
        private final Batches data = data();
        private final AdapterView trained;
        private final List<AdapterView> models = new ArrayList<>();
        private final List<BatchGradients> machines = new ArrayList<>();
        private final List<Long> numbers = new ArrayList<>();

        Parts(AdapterView trained, LoRAConfig config) {
            this.trained = trained;
            for (int i = 0; i < 3; i++) {
                models.add(view(config));
                machines.add(new BatchGradients(models.get(i), Loss.softmaxCrossEntropy()));
            }
        }

        @Override
        public int batches() {
            return data.count();
        }

        @Override
        public int examples(int batch) {
            return data.get(batch).numExamples();
        }

        @Override
        public double compute(long number, List<INDArray> gradients) {
            numbers.add(number);
            DataSet batch = data.get((int) (number % batches()));
            gradients.forEach(gradient -> gradient.assign(0));
            double loss = 0;
            int rows = batch.numExamples();
            for (int from = 0; from < rows; from += 3) {
                int to = Math.min(rows, from + 3);
                List<Parameter> copies = models.get(from / 3).parameters();
                for (int i = 0; i < copies.size(); i++) {
                    copies.get(i).value().assign(trained.parameters().get(i).value());
                }
                BatchGradients machine = machines.get(from / 3);
                double weight = (to - from) / (double) rows;
                loss += weight * machine.compute(rows(batch, from, to), number, from, 0);
                for (int i = 0; i < gradients.size(); i++) {
                    gradients.get(i).addi(machine.gradients().get(i).mul(weight));
                }
            }
            return loss;
        }

        private static Batch rows(DataSet batch, int from, int to) {
            return new Batch(
                    Input.of(batch.getFeatures()
                            .get(NDArrayIndex.interval(from, to))
                            .dup()),
                    batch.getLabels().get(NDArrayIndex.interval(from, to)).dup());
        }
    }

    /** Notes the losses and the numbers of examples. */
    private static final class Log implements TrainingListener {
        private final List<Double> losses = new ArrayList<>();
        private final List<Integer> examples = new ArrayList<>();

        @Override
        public void onIteration(Iteration iteration) {
            losses.add(iteration.loss());
            examples.add(iteration.examples());
        }
    }

    private static double difference(AdapterView a, AdapterView b) {
        double most = 0;
        for (int i = 0; i < a.parameters().size(); i++) {
            most = Math.max(
                    most,
                    Differences.greatest(
                            a.parameters().get(i).value(), b.parameters().get(i).value()));
        }
        return most;
    }

    private static Consumer<Trainer.Builder> settings(String updater, double clipNorm, int accumulate) {
        IUpdater chosen = switch (updater) {
            case "SGD" -> new Sgd(0.1);
            case "ADAM" -> new Adam(1e-2);
            default -> new AdamW(1e-2, 0.1);
        };
        return builder -> builder.updater(chosen).epochs(4).clipNorm(clipNorm).accumulate(accumulate);
    }

    @ParameterizedTest
    @CsvSource({
        "SGD, false, 0, 1000, 1",
        "ADAM, false, 0, 1000, 1",
        "ADAMW, false, 0.4, 1000, 1",
        "SGD, false, 0.4, 0.3, 1",
        "ADAM, true, 0.3, 1000, 1",
        "SGD, false, 0, 1000, 2"
    })
    void equalsTheTrainingOfWholeBatches(
            String updater, boolean dora, double dropout, double clipNorm, int accumulate) {
        LoRAConfig config = config(dora, dropout);
        Consumer<Trainer.Builder> settings = settings(updater, clipNorm, accumulate);
        AdapterView whole = view(config);
        Log expected = new Log();
        Trainer.Builder builder = Trainer.builder(whole).listener(expected);
        settings.accept(builder);
        TrainingResult result = builder.build().fit(data());

        AdapterView inParts = view(config);
        Log found = new Log();
        Trainer.Builder ofParts = Trainer.builder(inParts).listener(found);
        settings.accept(ofParts);
        Parts parts = new Parts(inParts, config);
        TrainingResult resultOfParts = ofParts.build().fit(parts);

        assertThat(difference(inParts, whole)).isLessThan(1e-6);
        assertThat(difference(inParts, view(config))).isGreaterThan(1e-3);
        assertThat(found.losses)
                .usingComparatorForType((a, b) -> Math.abs(a - b) < 1e-6 ? 0 : 1, Double.class)
                .isEqualTo(expected.losses);
        assertThat(found.examples).isEqualTo(expected.examples);
        assertThat(parts.numbers).containsExactly(0L, 1L, 2L, 3L, 4L, 5L, 6L, 7L, 8L, 9L, 10L, 11L);
        assertThat(resultOfParts.examples()).isEqualTo(result.examples());
        assertThat(resultOfParts.epochs()).isEqualTo(4);
    }

    @Test
    void resumesToTheBit() {
        LoRAConfig config = config(false, 0.3);
        List<TrainingState> states = new ArrayList<>();
        AdapterView whole = view(config);
        Trainer.builder(whole).epochs(3).checkpointEvery(5, states::add).build().fit(new Parts(whole, config));
        AdapterView resumed = view(config);
        Parts rest = new Parts(resumed, config);
        Trainer.builder(resumed).epochs(3).resume(states.get(0)).build().fit(rest);
        assertThat(rest.numbers).containsExactly(5L, 6L, 7L, 8L);
        assertThat(resumed.adapter()).isEqualTo(whole.adapter());
    }

    @Test
    void continuesACheckpointOfATrainingOfWholeBatches() {
        LoRAConfig config = config(false, 0.3);
        List<TrainingState> states = new ArrayList<>();
        AdapterView whole = view(config);
        Trainer.builder(whole).epochs(3).checkpointEvery(5, states::add).build().fit(data());
        AdapterView resumed = view(config);
        Trainer.builder(resumed).epochs(3).resume(states.get(0)).build().fit(new Parts(resumed, config));
        assertThat(difference(resumed, whole)).isLessThan(1e-6);
    }

    /** A source that gives the same loss for all batches, and no gradient. */
    private static BatchGradients.Source source(int batches, int examples, double loss) {
        return new BatchGradients.Source() {
            @Override
            public int batches() {
                return batches;
            }

            @Override
            public int examples(int batch) {
                return examples;
            }

            @Override
            public double compute(long number, List<INDArray> gradients) {
                gradients.forEach(gradient -> gradient.assign(0));
                return number < 2 ? 1 : loss;
            }
        };
    }

    @Test
    void aLossThatIsNotFiniteEndsTheTraining() {
        AdapterView view = view(config(false, 0));
        DivergedException e = catchThrowableOfType(
                DivergedException.class, () -> Trainer.builder(view).build().fit(source(4, 5, Double.NaN)));
        assertThat(e.iteration()).isEqualTo(3);
        assertThat(e.place()).isEqualTo("loss");
    }

    @Test
    void refusesSourcesWithoutBatchesOrExamples() {
        Trainer trainer = Trainer.builder(view(config(false, 0))).build();
        assertThatIllegalArgumentException()
                .isThrownBy(() -> trainer.fit(source(0, 5, 1)))
                .withMessageContaining("at least one batch");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> trainer.fit(source(2, 0, 1)))
                .withMessage("each batch must have at least 1 example, found 0 in batch 0");
    }

    @Test
    void anAdapterThatIsReplacedEndsTheTraining() {
        LoRAConfig config = config(false, 0);
        LoRAModel model = LoRAModel.of(Network.builder(6).linear("linear1", 3).build(1));
        AdapterView view = model.add("a", config);
        Trainer trainer = Trainer.builder(view)
                .epochs(3)
                .listener(new TrainingListener() {
                    @Override
                    public void onIteration(Iteration iteration) {
                        model.replace("a", view.adapter());
                    }
                })
                .build();
        assertThatIllegalStateException()
                .isThrownBy(() -> trainer.fit(source(2, 5, 1)))
                .withMessageContaining("was replaced while it trained");
    }

    @Test
    void gradientsOfBatchesChangeNoParameter() {
        LoRAConfig config =
                LoRAConfig.builder().dropout(0.5).init(LoRAInit.random()).build();
        AdapterView view = view(config);
        BatchGradients gradients = new BatchGradients(view, Loss.softmaxCrossEntropy());
        double loss = gradients.compute(Batch.of(data().get(0)), 0, 0, 0);
        List<INDArray> first = gradients.gradients().stream().map(INDArray::dup).toList();
        assertThat(gradients.compute(Batch.of(data().get(0)), 1, 0, 0)).isNotCloseTo(loss, within(1e-12));
        assertThat(gradients.compute(Batch.of(data().get(0)), 0, 0, 0)).isEqualTo(loss);
        assertThat(gradients.gradients()).isEqualTo(first);
        assertThat(view.adapter()).isEqualTo(view(config).adapter());
        assertThat(gradients.parameters()).isEqualTo(view.parameters());
    }

    @TestFactory
    List<DynamicTest> refusesPartsThatDoNotFit() {
        BatchGradients gradients = new BatchGradients(view(config(false, 0)), Loss.softmaxCrossEntropy());
        Batch part = Batch.of(data().get(0));
        return table(
                argument(() -> gradients.compute(part, -1, 0, 0)),
                argument(() -> gradients.compute(part, 0, -1, 0)),
                argument(() -> gradients.compute(new Batch(Input.of(Nd4j.ones(2, 5)), part.labels()), 0, 0, 0)));
    }
}
