package org.lora4j.nn.transformer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAInit;
import org.lora4j.nn.Network;
import org.lora4j.nn.input.Sequences;
import org.lora4j.serve.BatchingPredictor;
import org.lora4j.serve.ServingException;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Texts of many threads, each with its own adapter, in batches of a transformer. */
@Tag("numbers")
class BatchingPredictorOfSequencesTest {
    private static final int THREADS = 8;
    private static final List<String> NAMES = List.of("a", "b", LoRAModel.BASE);

    private static LoRAModel model(Network network) {
        LoRAModel model = LoRAModel.of(network);
        for (String name : List.of("a", "b")) {
            model.add(
                    name,
                    LoRAConfig.builder()
                            .rank(2)
                            .targetModules("query", "value")
                            .init(LoRAInit.gaussian(1))
                            .seed(name.charAt(0))
                            .build());
            // B starts with zeros; other numbers make the adapter matter.
            model.using(name).parameters().stream()
                    .filter(parameter -> parameter.name().contains("lora_B"))
                    .forEach(parameter -> parameter.value().assign(name.equals("a") ? 0.1 : -0.1));
        }
        return model;
    }

    private static PretrainedModel bert() throws Exception {
        return GoldenCase.of("encoder_classifier").model(DataType.FLOAT);
    }

    private static Sequences text(int i) {
        int[] ids = new int[1 + i % 7];
        Arrays.setAll(ids, k -> (i * 5 + k * 3) % 60);
        return Sequences.of(ids);
    }

    private static void assertEqualsUnbatched(Network network) throws Exception {
        LoRAModel model = model(network);
        ExecutorService threads = Executors.newFixedThreadPool(THREADS);
        try (BatchingPredictor predictor =
                BatchingPredictor.builder(model).allowBase(true).build()) {
            List<Future<INDArray>> outputs = new ArrayList<>();
            for (int i = 0; i < 120; i++) {
                Sequences text = i % 10 == 0 ? Sequences.concat(List.of(text(i), text(i + 1))) : text(i);
                String name = NAMES.get(i % NAMES.size());
                outputs.add(
                        i % 4 == 0
                                ? predictor.predictAsync(text, name)
                                : threads.submit(() -> predictor.predict(text, name)));
            }
            for (int i = 0; i < outputs.size(); i++) {
                Sequences text = i % 10 == 0 ? Sequences.concat(List.of(text(i), text(i + 1))) : text(i);
                String name = NAMES.get(i % NAMES.size());
                INDArray expected = name.equals(LoRAModel.BASE)
                        ? model.base().predict(text)
                        : model.using(name).predict(text);
                INDArray found = outputs.get(i).get();
                assertThat(found.shape()).isEqualTo(expected.shape());
                assertThat(found.equalsWithEps(expected, 1e-5)).as("text %d", i).isTrue();
            }
            assertThat(predictor.stats().batchRequests().max()).isGreaterThan(1);
        } finally {
            threads.shutdownNow();
        }
        INDArray one = model.using("a").predict(text(3));
        assertThat(one.equalsWithEps(model.using("b").predict(text(3)), 1e-3)).isFalse();
    }

    @Test
    void eachTextHasTheOutputOfItsAdapter() throws Exception {
        assertEqualsUnbatched(bert().classifier());
    }

    @Test
    void aNetworkWithoutPoolingHasARowForEachToken() throws Exception {
        assertEqualsUnbatched(bert().lastHiddenState());
    }

    @Test
    void aTextThatDoesNotFitFailsAlone() throws Exception {
        try (BatchingPredictor predictor =
                BatchingPredictor.builder(model(bert().classifier())).build()) {
            assertThatThrownBy(() -> predictor.predict(Sequences.of(new int[] {60}), "a"))
                    .isInstanceOf(ServingException.class)
                    .hasMessageContaining("which takes sequences of tokens below 60")
                    .cause()
                    .hasMessageContaining("must be below the vocabulary of 60");
            assertThatThrownBy(() -> predictor.predict(text(1), "x"))
                    .isInstanceOf(ServingException.class)
                    .hasMessage("there is no adapter 'x'");
            assertThatThrownBy(() -> predictor.predict(Nd4j.ones(DataType.FLOAT, 1, 3), "a"))
                    .isInstanceOf(ServingException.class)
                    .cause()
                    .hasMessageContaining("must be sequences of tokens");
            CompletableFuture<INDArray> wrong = predictor.predictAsync(Sequences.of(new int[17]), "a");
            assertThatThrownBy(wrong::get)
                    .isInstanceOf(ExecutionException.class)
                    .rootCause()
                    .hasMessageContaining("at most 16 tokens");
            assertThat(predictor.predict(text(1), "a").shape()).isEqualTo(new long[] {1, 3});
        }
    }
}
