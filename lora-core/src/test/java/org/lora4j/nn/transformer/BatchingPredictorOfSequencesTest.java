package org.lora4j.nn.transformer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAInit;
import org.lora4j.nn.Network;
import org.lora4j.nn.input.Sequences;
import org.lora4j.serve.BatchingPredictor;
import org.lora4j.serve.Prediction;
import org.lora4j.serve.RequestOptions;
import org.lora4j.serve.ServingException;
import org.lora4j.serve.ServingListener;
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

    private static Sequences texts(int from, int count) {
        return Sequences.concat(
                IntStream.range(from, from + count).mapToObj(i -> text(i)).toList());
    }

    /** Notes the tokens of each batch, and lets a test do something behind the first one. */
    private static final class Noted implements ServingListener {
        private final List<Long> tokens = new CopyOnWriteArrayList<>();
        private final List<String> ends = new CopyOnWriteArrayList<>();
        private Runnable afterFirst = () -> {};

        @Override
        public void onBatch(int calls, long units, long nanos) {
            tokens.add(units);
            if (tokens.size() == 1) {
                afterFirst.run();
            }
        }
    }

    @Test
    void aBatchHasAtMostTheGivenTokensAndALargerCallIsDivided() throws Exception {
        for (Network network : List.of(bert().classifier(), bert().lastHiddenState())) {
            LoRAModel model = model(network);
            Noted noted = new Noted();
            try (BatchingPredictor predictor = BatchingPredictor.builder(model)
                    .maxBatchTokens(20)
                    .maxBatchRows(6)
                    .listener(noted)
                    .build()) {
                Sequences many = texts(0, 40);
                INDArray expected = model.using("a").predict(many);
                Prediction found = predictor.prediction(many, "a", RequestOptions.defaults());
                assertThat(found.output().shape()).isEqualTo(expected.shape());
                assertThat(found.output().equalsWithEps(expected, 1e-5)).isTrue();
                assertThat(found.adapter()).isNotNull();
                assertThat(predictor.predictAsync(many, "a").get().equalsWithEps(expected, 1e-5))
                        .isTrue();
                assertThat(noted.tokens).hasSizeGreaterThan(14).allMatch(tokens -> tokens <= 20);
                // A single text is not divided.
                Sequences large = Sequences.of(new int[16], new int[16]);
                predictor.predict(Sequences.concat(List.of(large, text(6))), "a");
                assertThat(predictor.stats().all().completed()).isEqualTo(3);
                assertThat(predictor.stats().all().waiting()).isZero();
            }
        }
    }

    /** While a large call is computed, a small one of another adapter waits for the part that is computed, and for one more if it is next. */
    @Test
    void aSmallCallComesBetweenThePartsOfALargeOne() throws Exception {
        LoRAModel model = model(bert().classifier());
        Noted noted = new Noted();
        try (BatchingPredictor predictor = BatchingPredictor.builder(model)
                .maxBatchTokens(20)
                .listener(noted)
                .build()) {
            List<CompletableFuture<Void>> small = new CopyOnWriteArrayList<>();
            noted.afterFirst = () -> {
                for (int i = 0; i < 3; i++) {
                    small.add(predictor
                            .predictAsync(text(2), "b")
                            .thenAccept(output -> noted.ends.add("small after " + noted.tokens.size())));
                }
            };
            CompletableFuture<INDArray> large = predictor.predictAsync(texts(0, 60), "a");
            large.get();
            for (CompletableFuture<Void> one : small) {
                one.get();
            }
            assertThat(noted.ends).hasSize(3).isSubsetOf("small after 2", "small after 3");
            assertThat(noted.tokens).hasSizeGreaterThan(10);
        }
    }

    /** All parts of a call are computed with the adapter of its first one. */
    @Test
    void anAdapterThatIsReplacedBetweenPartsIsNotMixed() throws Exception {
        LoRAModel model = model(bert().classifier());
        LoRAModel other = model(bert().classifier());
        INDArray expected = model.using("a").predict(texts(0, 60));
        INDArray ofNew = model.using("b").predict(texts(0, 60));
        Noted noted = new Noted();
        try (BatchingPredictor predictor = BatchingPredictor.builder(model)
                .maxBatchTokens(20)
                .listener(noted)
                .build()) {
            noted.afterFirst = () -> model.replace("a", other.adapter("b"));
            Prediction found = predictor
                    .predictionAsync(texts(0, 60), "a", RequestOptions.defaults())
                    .get();
            assertThat(found.output().equalsWithEps(expected, 1e-5)).isTrue();
            assertThat(predictor.predict(texts(0, 60), "a").equalsWithEps(ofNew, 1e-5))
                    .isTrue();
        }
    }

    @Test
    void aLargeCallIsRejectedOrCancelledAsAWhole() throws Exception {
        LoRAModel model = model(bert().classifier());
        List<Runnable> tasks = new ArrayList<>();
        try (BatchingPredictor predictor = BatchingPredictor.builder(model)
                .maxBatchTokens(20)
                .maxWaitingRows(40)
                .executor(tasks::add)
                .build()) {
            CompletableFuture<INDArray> first = predictor.predictAsync(texts(0, 60), "a");
            CompletableFuture<INDArray> second = predictor.predictAsync(texts(0, 60), "a");
            assertThatThrownBy(second::get)
                    .cause()
                    .isInstanceOfSatisfying(
                            ServingException.class,
                            e -> assertThat(e.reason()).isEqualTo(ServingException.Reason.SERVICE_BUSY));
            first.cancel(false);
            while (!tasks.isEmpty()) {
                tasks.remove(0).run();
            }
            assertThat(predictor.stats().all().waiting()).isZero();
            CompletableFuture<INDArray> third = predictor.predictAsync(texts(0, 60), "a");
            while (!tasks.isEmpty()) {
                tasks.remove(0).run();
            }
            assertThat(third.get().size(0)).isEqualTo(60);
        }
    }
}
