package org.lora4j.serve;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.lora4j.SmallModels.assertClose;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.LoRAModel;
import org.lora4j.SmallModels;
import org.lora4j.adapter.LayerKind;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAWeights;
import org.lora4j.adapter.UsedAdapter;
import org.lora4j.fixtures.MustEnd;
import org.lora4j.generate.GenerationOptions;
import org.lora4j.internal.math.RandomArrays;
import org.lora4j.io.peft.PeftAdapters;
import org.lora4j.nn.Network;
import org.lora4j.nn.compute.internal.Decoders;
import org.lora4j.nn.input.Input;
import org.lora4j.nn.input.Sequences;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Each way of a service uses the adapter that was asked for, which changes the output by a known amount, and says which one it was. */
@MustEnd
@Tag("numbers")
class UsedAdapterTest {
    /** The input of the last layer is 1 in its first column only, so B·A adds s·B to each row. */
    private final Network network = networkWithKnownInputOfTheHead();

    private final LoRAModel model = LoRAModel.of(network);

    private static Network networkWithKnownInputOfTheHead() {
        Network built = SmallModels.network();
        built.linear("linear2").weight().assign(0);
        INDArray bias = requireNonNull(built.linear("linear2").bias());
        bias.assign(0).putScalar(0, 1);
        return built;
    }

    /** {@code s·B·A} with {@code A = [1, 0, 0, 0, 0]}, s = 3 and {@code B = values}. */
    private static LoRAAdapter adding(double... values) {
        LoRAConfig config =
                LoRAConfig.builder().rank(1).alpha(3).targetModules("linear3").build();
        INDArray a = Nd4j.zeros(DataType.FLOAT, 1, 5);
        a.putScalar(0, 0, 1);
        INDArray b = Nd4j.createFromArray(values).castTo(DataType.FLOAT).reshape('c', values.length, 1);
        return new LoRAAdapter(config, Map.of("linear3", new LoRAWeights(LayerKind.LINEAR, a, b, null, null)));
    }

    private void addKnown() {
        model.add("one", adding(1, 0, 0, -1));
        model.add("two", adding(0, 2, 0.5, 0));
    }

    private static final INDArray ONE = Nd4j.createFromArray(new float[][] {{3, 0, 0, -3}});
    private static final INDArray TWO = Nd4j.createFromArray(new float[][] {{0, 6, 1.5f, 0}});

    private INDArray expected(INDArray x, INDArray added) {
        return network.predict(x).addRowVector(added);
    }

    @Test
    void predictionsOfTheModelHaveTheKnownAmount() {
        addKnown();
        INDArray x = SmallModels.input(2);
        assertClose(model.using("one").predict(x), expected(x, ONE), 1e-6);
        assertClose(model.using("two").predict(x), expected(x, TWO), 1e-6);
        INDArray mixed = model.predict(x, List.of("two", "one"));
        assertClose(mixed.getRow(0, true), expected(x.getRow(0, true), TWO), 1e-6);
        assertClose(mixed.getRow(1, true), expected(x.getRow(1, true), ONE), 1e-6);
        List<INDArray> each = model.predictEach(Input.of(x), List.of("two", "one"));
        assertClose(each.get(0), expected(x.getRow(0, true), TWO), 1e-6);
        List<INDArray> withAll = model.predictWithAll(Input.of(x), List.of("one", "two", LoRAModel.BASE));
        assertClose(withAll.get(0), expected(x, ONE), 1e-6);
        assertClose(withAll.get(1), expected(x, TWO), 1e-6);
        assertClose(withAll.get(2), network.predict(x), 1e-6);
    }

    @Test
    void aPredictorReturnsTheKnownAmountAndSaysWhichAdapterItUsed() throws Exception {
        addKnown();
        INDArray x = SmallModels.input(2);
        HeldBatches batches = new HeldBatches();
        try (BatchingPredictor predictor = BatchingPredictor.builder(model)
                .allowBase(true)
                .listener(batches)
                .build()) {
            batches.hold(predictor);
            RequestOptions options = RequestOptions.defaults();
            CompletableFuture<Prediction> one = predictor.predictionAsync(Input.of(x), "one", options);
            CompletableFuture<Prediction> two = predictor.predictionAsync(Input.of(x), "two", options);
            CompletableFuture<Prediction> base = predictor.predictionAsync(Input.of(x), LoRAModel.BASE, options);
            CompletableFuture<INDArray> plain = predictor.predictAsync(x, "two");
            batches.release();
            assertClose(one.get().output(), expected(x, ONE), 1e-6);
            assertThat(one.get().adapter())
                    .isEqualTo(new UsedAdapter("one", adding(1, 0, 0, -1).fingerprint()));
            assertClose(two.get().output(), expected(x, TWO), 1e-6);
            assertThat(two.get().adapter()).isEqualTo(new UsedAdapter("two", model.fingerprint("two")));
            assertClose(base.get().output(), network.predict(x), 1e-6);
            assertThat(base.get().adapter()).isNull();
            assertClose(plain.get(), expected(x, TWO), 1e-6);
            Prediction alone = predictor.prediction(Input.of(x), "one", options);
            assertClose(alone.output(), expected(x, ONE), 1e-6);
            assertThat(alone.adapter()).isEqualTo(one.get().adapter());
        }
    }

    @Test
    void aReplacementThatWasMadeWhileTheCallWaitedIsTheOneThatIsNamed() throws Exception {
        addKnown();
        INDArray x = SmallModels.input(1);
        HeldBatches batches = new HeldBatches();
        try (BatchingPredictor predictor = BatchingPredictor.builder(model)
                .allowBase(true)
                .listener(batches)
                .build()) {
            batches.hold(predictor);
            CompletableFuture<Prediction> waiting =
                    predictor.predictionAsync(Input.of(x), "one", RequestOptions.defaults());
            model.replace("one", adding(0, 2, 0.5, 0));
            batches.release();
            assertClose(waiting.get().output(), expected(x, TWO), 1e-6);
            // Two names of one content have one fingerprint.
            assertThat(waiting.get().adapter()).isEqualTo(new UsedAdapter("one", model.fingerprint("two")));
        }
    }

    @Test
    void cancellingAPredictionTakesItsCallFromTheQueue() throws Exception {
        addKnown();
        HeldBatches batches = new HeldBatches();
        try (BatchingPredictor predictor = BatchingPredictor.builder(model)
                .allowBase(true)
                .listener(batches)
                .build()) {
            batches.hold(predictor);
            CompletableFuture<Prediction> cancelled =
                    predictor.predictionAsync(Input.of(SmallModels.input(1)), "one", RequestOptions.defaults());
            assertThat(predictor.waitingCalls()).isEqualTo(1);
            cancelled.cancel(false);
            assertThat(predictor.waitingCalls()).isZero();
            batches.release();
        }
    }

    @Test
    void theFiguresHaveTheFingerprintOfWhatACacheLoaded(@TempDir Path folder) throws Exception {
        PeftAdapters.save(adding(1, 0, 0, -1), network, folder.resolve("stored"));
        AdapterCache cache = AdapterCache.builder(model, folder).build();
        try (BatchingPredictor predictor =
                BatchingPredictor.builder(model).adapters(cache).build()) {
            INDArray x = SmallModels.input(1);
            Prediction first = predictor.prediction(Input.of(x), "stored", RequestOptions.defaults());
            assertClose(first.output(), expected(x, ONE), 1e-6);
            String fingerprint = adding(1, 0, 0, -1).fingerprint();
            assertThat(first.adapter()).isEqualTo(new UsedAdapter("stored", fingerprint));
            assertThat(predictor.stats().adapter("stored").fingerprint()).isEqualTo(fingerprint);
            PeftAdapters.save(adding(0, 2, 0.5, 0), network, folder.resolve("stored"));
            assertThat(cache.refresh("stored")).isTrue();
            String second = adding(0, 2, 0.5, 0).fingerprint();
            assertThat(predictor.stats().adapter("stored").fingerprint()).isEqualTo(second);
            assertClose(predictor.predict(x, "stored"), expected(x, TWO), 1e-6);
        }
    }

    /** An adapter of the head that adds 10,000·d·h to the logit of a token, where d is a direction and h the last hidden state. */
    private static LoRAAdapter saying(Network decoder, int token) {
        String path = decoder.outputEmbedding().orElseThrow();
        long[] shape = decoder.baseLayer(path).shape();
        LoRAConfig config =
                LoRAConfig.builder().rank(2).alpha(2).targetModules(path).build();
        SplittableRandom random = new SplittableRandom(1);
        INDArray direction = RandomArrays.gaussian(random, 1, decoder.dataType(), 1, shape[1]);
        INDArray a = Nd4j.vstack(direction, direction.mul(-1));
        INDArray b = Nd4j.zeros(decoder.dataType(), shape[0], 2);
        b.putScalar(token, 0, 1e4);
        return new LoRAAdapter(config, Map.of(path, new LoRAWeights(LayerKind.LINEAR, a, b, null, null)));
    }

    @Test
    void aGenerationServiceSaysWhichAdapterItUsed() {
        Network decoder = Decoders.of(Decoders.Family.LLAMA, 2, DataType.DOUBLE, 40);
        LoRAModel decoders = LoRAModel.of(decoder);
        List<UsedAdapter> used = new ArrayList<>();
        for (int token : new int[] {4, 11}) {
            decoders.add("says" + token, saying(decoder, token));
        }
        try (GenerationService service =
                GenerationService.builder(decoders).allowBase(true).build()) {
            int[] prompt = {1, 2, 3};
            for (int token : new int[] {4, 11}) {
                GenerationHandle handle = service.generate(GenerationRequest.of(
                        "says" + token, prompt, GenerationOptions.greedy().withMaxTokens(1)));
                int next = handle.join().newTokens().get(0);
                assertThat(next).isEqualTo(expectedNext(decoder, prompt, token));
                used.add(handle.adapter().orElseThrow());
            }
            GenerationHandle base = service.generate(GenerationRequest.of(
                    LoRAModel.BASE, prompt, GenerationOptions.greedy().withMaxTokens(1)));
            assertThat(base.join().newTokens()).hasSize(1);
            assertThat(base.adapter()).isEmpty();
        }
        assertThat(used)
                .containsExactly(
                        new UsedAdapter("says4", saying(decoder, 4).fingerprint()),
                        new UsedAdapter("says11", saying(decoder, 11).fingerprint()));
    }

    /** The next token of a network whose head has the update in its weight, written by hand. */
    private static int expectedNext(Network decoder, int[] prompt, int token) {
        LoRAAdapter adapter = saying(decoder, token);
        LoRAWeights weights =
                requireNonNull(adapter.weights().get(decoder.outputEmbedding().orElseThrow()));
        Network body = new Network(decoder.layers().subList(0, decoder.layers().size() - 1));
        INDArray hidden = body.predict(Sequences.of(prompt));
        INDArray last = hidden.getRow(prompt.length - 1, true);
        INDArray head =
                decoder.baseLayer(decoder.outputEmbedding().orElseThrow()).weight();
        int best = -1;
        double highest = Double.NEGATIVE_INFINITY;
        for (int v = 0; v < head.size(0); v++) {
            double logit = 0;
            for (int d = 0; d < head.size(1); d++) {
                double weight = head.getDouble(v, d);
                for (int r = 0; r < 2; r++) {
                    weight += weights.loraB().getDouble(v, r) * weights.loraA().getDouble(r, d);
                }
                logit += weight * last.getDouble(0, d);
            }
            if (logit > highest) {
                highest = logit;
                best = v;
            }
        }
        return best;
    }
}
