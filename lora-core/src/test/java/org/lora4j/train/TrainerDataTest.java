package org.lora4j.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.Models;
import org.lora4j.internal.Logged;
import org.lora4j.internal.math.RandomArrays;
import org.lora4j.nn.NativeThreads;
import org.lora4j.nn.Network;
import org.lora4j.nn.Samples;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.ViewIterator;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Sgd;

/** Trains on lists and other iterables, and with or without copies for a divergence. */
class TrainerDataTest {
    private static Network network() {
        return Models.dense(3, 4, 2);
    }

    private static List<DataSet> batches() {
        SplittableRandom random = new SplittableRandom(1);
        List<DataSet> batches = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            INDArray labels = Nd4j.create(DataType.FLOAT, 5, 2);
            for (int row = 0; row < 5; row++) {
                labels.putScalar(row, random.nextInt(2), 1);
            }
            batches.add(new DataSet(RandomArrays.gaussian(random, 1, DataType.FLOAT, 5, 3), labels));
        }
        return batches;
    }

    private static List<Batch> list(List<DataSet> batches) {
        return batches.stream().map(Batch::of).toList();
    }

    private static double[] bits(Network network) {
        return Samples.bits(network.linear("linear2").weight());
    }

    @Test
    void aListTrainsLikeAnIteratorOverTheSameBatches() {
        List<DataSet> batches = batches();
        Network byList = network();
        Network byIterator = network();
        TrainingResult ofList = Trainer.builder(byList)
                .loss(Loss.meanSquaredError())
                .epochs(3)
                .build()
                .fit(list(batches));
        TrainingResult ofIterator = Trainer.builder(byIterator)
                .loss(Loss.meanSquaredError())
                .epochs(3)
                .build()
                .fit(new ViewIterator(DataSet.merge(batches), 5));
        assertThat(bits(byList)).isEqualTo(bits(byIterator)).isNotEqualTo(bits(network()));
        assertThat(ofList.iterations()).isEqualTo(18).isEqualTo(ofIterator.iterations());
        assertThat(Evaluator.evaluate(byList, list(batches)).stats())
                .isEqualTo(Evaluator.evaluate(byIterator, new ViewIterator(DataSet.merge(batches), 5))
                        .stats());
    }

    @Test
    void eachEpochGetsANewIteratorOfAnIterable() {
        int[] iterators = new int[1];
        List<Batch> batches = list(batches());
        Iterable<Batch> counting = () -> {
            iterators[0]++;
            return batches.iterator();
        };
        Trainer.builder(network()).epochs(4).build().fit(counting);
        assertThat(iterators[0]).isEqualTo(4);
    }

    @Test
    void oneDataSetIsOneBatch() {
        DataSet batch = batches().get(0);
        Network one = network();
        Network list = network();
        TrainingResult result = Trainer.builder(one).epochs(2).build().fit(batch);
        Trainer.builder(list).epochs(2).build().fit(List.of(Batch.of(batch)));
        assertThat(result.iterations()).isEqualTo(2);
        assertThat(result.examples()).isEqualTo(10);
        assertThat(bits(one)).isEqualTo(bits(list)).isNotEqualTo(bits(network()));
        assertThat(Evaluator.evaluate(one, batch).stats())
                .isEqualTo(Evaluator.evaluate(one, List.of(Batch.of(batch))).stats());
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 4, 5, 29, 30, Integer.MAX_VALUE})
    void aDataSetTrainsInBatchesOfConsecutiveRows(int batchSize) {
        DataSet all = DataSet.merge(batches());
        int count = all.numExamples();
        List<Batch> parts = new ArrayList<>();
        for (int from = 0; from < count; from += Math.min(batchSize, count)) {
            parts.add(Batch.of((DataSet) all.getRange(from, Math.min(count, from + Math.min(batchSize, count)))));
        }
        Network bySize = network();
        Network byParts = network();
        TrainingResult result = Trainer.builder(bySize).epochs(2).build().fit(all, batchSize);
        Trainer.builder(byParts).epochs(2).build().fit(parts);
        assertThat(result.iterations()).isEqualTo(2L * parts.size());
        assertThat(result.examples()).isEqualTo(2L * count);
        assertThat(bits(bySize)).isEqualTo(bits(byParts)).isNotEqualTo(bits(network()));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Trainer.builder(bySize).build().fit(all, 0))
                .withMessage("batchSize must be at least 1, found 0");
    }

    @Test
    void oneLargeBatchInAnEpochIsProbablyAMistake() {
        DataSet large = Batches.random(1, DataType.FLOAT, 5, 3, 257).get(0);
        assertThat(warnings(trainer -> trainer.fit(large)))
                .containsExactly(
                        "WARN an epoch is a single step, because its one batch has all 257 examples; a training learns"
                                + " more from batches of about 10 to 100 examples, for example with Trainer.fit(data, 32)");
        assertThat(warnings(trainer -> trainer.fit(large, 256))).isEmpty();
        assertThat(warnings(trainer -> trainer.fit((DataSet) large.getRange(0, 256))))
                .isEmpty();
        assertThat(warnings(trainer -> trainer.fit(List.of(Batch.of(large), Batch.of(large)))))
                .isEmpty();
    }

    private static List<String> warnings(Consumer<Trainer> training) {
        Network network = Network.builder(5).linear("linear2", 3).build(1);
        try (NativeThreads threads = NativeThreads.forBlas();
                Logged logged = Logged.by(Trainer.class)) {
            assertThat(threads).isNotNull();
            training.accept(Trainer.builder(network).epochs(3).build());
            return List.copyOf(logged.messages());
        }
    }

    @Test
    void aListenerCanEndTheData() {
        List<Batch> batches = list(batches());
        boolean[] more = {true};
        Iterable<Batch> endless = () -> new Iterator<>() {
            private int next;

            @Override
            public boolean hasNext() {
                return more[0];
            }

            @Override
            public Batch next() {
                return batches.get(next++ % batches.size());
            }
        };
        TrainingResult result = Trainer.builder(network())
                .listener(new TrainingListener() {
                    @Override
                    public void onIteration(Iteration iteration) {
                        more[0] = iteration.iteration() < 8;
                    }
                })
                .build()
                .fit(endless);
        assertThat(result.iterations()).isEqualTo(8);
        assertThat(result.epochs()).isEqualTo(1);
    }

    @Test
    void anEmptyListIsRefused() {
        Trainer trainer = Trainer.builder(network()).build();
        assertThatIllegalArgumentException()
                .isThrownBy(() -> trainer.fit(List.of()))
                .withMessageContaining("at least one batch");
    }

    private static Network diverged(boolean restores) {
        Network network = network();
        Trainer trainer = Trainer.builder(network)
                .updater(new Sgd(1e30))
                .loss(Loss.meanSquaredError())
                .restoreOnDivergence(restores)
                .build();
        assertThatThrownBy(() -> trainer.fit(list(batches())))
                .isInstanceOf(DivergedException.class)
                .hasMessageContaining(
                        restores
                                ? "the parameters are those of the last finite loss"
                                : "the parameters are those after the last step, because restoreOnDivergence is off");
        return network;
    }

    @Test
    void theParametersOfTheLastFiniteLossAreRestoredUnlessThatIsOff() {
        assertThat(diverged(true).parameters()).allMatch(parameter -> parameter.isFinite());
        assertThat(bits(diverged(true))).isNotEqualTo(bits(diverged(false)));
    }

    @Test
    void trainsTheSameWithoutTheCopy() {
        Network with = network();
        Network without = network();
        Trainer.builder(with).build().fit(list(batches()));
        Trainer.builder(without).restoreOnDivergence(false).build().fit(list(batches()));
        assertThat(bits(with)).isEqualTo(bits(without)).isNotEqualTo(bits(network()));
    }
}
