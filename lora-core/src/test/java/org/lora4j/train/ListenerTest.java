package org.lora4j.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.lora4j.nn.Network;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.learning.config.Sgd;

class ListenerTest {
    private final Network network = Network.builder(3).linear("l", 2).build(1);
    private final Batches data = Batches.random(1, DataType.FLOAT, 3, 2, 2, 2, 1);

    /** A loss that counts its calls: 1, 2, 3, … */
    private static Loss counting() {
        double[] calls = {0};
        return (output, labels, gradient) -> {
            gradient.assign(0);
            return ++calls[0];
        };
    }

    private static TrainingListener recorder(String name, List<String> events) {
        return new TrainingListener() {
            @Override
            public void onIteration(Iteration it) {
                events.add(name + " iteration " + it.iteration() + " epoch " + it.epoch() + " of " + it.examples()
                        + " loss " + it.loss() + " mean " + it.runningLoss());
            }

            @Override
            public void onEpoch(int epoch, Iteration last) {
                events.add(name + " epoch " + epoch + " at " + last.iteration());
            }

            @Override
            public void onEnd(TrainingResult result) {
                events.add(name + " end " + result.iterations() + " " + result.epochs() + " " + result.examples() + " "
                        + result.finalLoss() + " " + result.runningLoss());
            }
        };
    }

    @Test
    void receivesAllEventsInOrder() {
        List<String> events = new ArrayList<>();
        Trainer.builder(network)
                .loss(counting())
                .maxIterations(4)
                .listener(recorder("a", events))
                .build()
                .fit(data);
        assertThat(events)
                .containsExactly(
                        "a iteration 1 epoch 1 of 2 loss 1.0 mean 1.0",
                        "a iteration 2 epoch 1 of 2 loss 2.0 mean 1.5",
                        "a iteration 3 epoch 1 of 1 loss 3.0 mean 2.0",
                        "a epoch 1 at 3",
                        "a iteration 4 epoch 2 of 2 loss 4.0 mean 2.5",
                        "a end 4 1 7 4.0 2.5");
    }

    @Test
    void listenersAreCalledInTheOrderInWhichTheyWereAdded() {
        List<String> events = new ArrayList<>();
        Trainer.builder(network)
                .loss(counting())
                .listener(recorder("a", events))
                .listener(recorder("b", events))
                .listener(new TrainingListener() {})
                .build()
                .fit(Batches.of(data.get(0)));
        assertThat(events)
                .map(event -> event.substring(0, 3))
                .containsExactly("a i", "b i", "a e", "b e", "a e", "b e");
    }

    @Test
    void theRunningLossIsTheMeanOfTheLastHundredSteps() {
        List<Double> means = new ArrayList<>();
        TrainingResult result = Trainer.builder(network)
                .loss(counting())
                .maxIterations(150)
                .listener(new TrainingListener() {
                    @Override
                    public void onIteration(Iteration iteration) {
                        means.add(iteration.runningLoss());
                    }
                })
                .build()
                .fit(data);
        assertThat(means.get(99)).isEqualTo(50.5);
        assertThat(means.get(100)).isEqualTo(51.5);
        assertThat(result.runningLoss()).isEqualTo(100.5);
        assertThat(result.finalLoss()).isEqualTo(150);
    }

    @Test
    void theLossIsTheOneBeforeTheStep() {
        double expected = Loss.meanSquaredError()
                .compute(
                        network.predict(data.get(0).getFeatures()),
                        data.get(0).getLabels(),
                        network.predict(data.get(0).getFeatures()));
        List<Double> losses = new ArrayList<>();
        Trainer.builder(network)
                .loss(Loss.meanSquaredError())
                .updater(new Sgd(0.1))
                .maxIterations(1)
                .listener(new TrainingListener() {
                    @Override
                    public void onIteration(Iteration iteration) {
                        losses.add(iteration.loss());
                        assertThat(iteration.examplesPerSecond()).isPositive();
                    }
                })
                .build()
                .fit(data);
        assertThat(losses).hasSize(1).first().satisfies(loss -> assertThat(loss).isCloseTo(expected, within(1e-9)));
    }

    @Test
    void receivesNoEventForAnEpochThatTheIterationLimitEnds() {
        List<String> events = new ArrayList<>();
        Trainer.builder(network)
                .maxIterations(2)
                .listener(recorder("a", events))
                .build()
                .fit(data);
        assertThat(events).hasSize(3).noneMatch(event -> event.startsWith("a epoch"));
    }
}
