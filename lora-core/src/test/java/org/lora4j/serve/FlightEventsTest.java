package org.lora4j.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.SmallModels;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAInit;
import org.lora4j.fixtures.JavaCommand;
import org.lora4j.fixtures.MustEnd;
import org.lora4j.fixtures.Patience;
import org.lora4j.generate.Generation;
import org.lora4j.generate.GenerationOptions;
import org.lora4j.generate.Generator;
import org.lora4j.internal.events.FlightEvents;
import org.lora4j.nn.Network;
import org.lora4j.nn.compute.internal.Decoders;
import org.lora4j.nn.input.Input;
import org.lora4j.train.Batch;
import org.lora4j.train.Loss;
import org.lora4j.train.Trainer;
import org.lora4j.train.TrainingListener;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Sgd;

/** What the JVM's flight recorder is told. */
@MustEnd
class FlightEventsTest {
    @TempDir
    private Path folder;

    /** Records what an action does. */
    private List<RecordedEvent> record(Runnable action) throws IOException {
        Path file = folder.resolve("recording.jfr");
        try (Recording recording = new Recording()) {
            recording.start();
            action.run();
            recording.stop();
            recording.dump(file);
        }
        // Each thread writes its own.
        return RecordingFile.readAllEvents(file).stream()
                .sorted(Comparator.comparing(RecordedEvent::getEndTime))
                .toList();
    }

    private static List<RecordedEvent> of(String name, List<RecordedEvent> all) {
        return all.stream()
                .filter(event -> event.getEventType().getName().equals("lora4j." + name))
                .toList();
    }

    @Test
    void aTrainingTellsItsStepsEpochsAndCheckpoints() throws IOException {
        Network network = SmallModels.network();
        List<Batch> data = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            data.add(new Batch(Input.of(SmallModels.input(2 + i)), Nd4j.rand(DataType.FLOAT, 2 + i, SmallModels.OUT)));
        }
        List<TrainingListener.Iteration> steps = new ArrayList<>();
        List<RecordedEvent> events = record(() -> Trainer.builder(network)
                .loss(Loss.meanSquaredError())
                .updater(new Sgd(0.1))
                .epochs(2)
                .accumulate(2)
                .checkpointEvery(3, state -> sleep(20))
                .listener(new TrainingListener() {
                    @Override
                    public void onIteration(Iteration iteration) {
                        steps.add(iteration);
                    }
                })
                .build()
                .fit(data));
        assertThat(steps).hasSize(4);
        List<RecordedEvent> found = of("TrainingStep", events);
        assertThat(found).hasSize(4);
        for (int i = 0; i < 4; i++) {
            RecordedEvent step = found.get(i);
            assertThat(step.getLong("iteration")).isEqualTo(i + 1);
            assertThat(step.getInt("epoch")).isEqualTo(1 + i / 2);
            assertThat(step.getInt("examples")).isEqualTo(i % 2 == 0 ? 5 : 4);
            assertThat(step.getLong("rows")).isEqualTo(i % 2 == 0 ? 5 : 4);
            assertThat(step.getDouble("loss")).isCloseTo(steps.get(i).loss(), within(1e-12));
            assertThat(step.getDuration()).isPositive();
            assertThat(step.getStackTrace()).isNull();
        }
        assertThat(of("Epoch", events))
                .extracting(event -> event.getInt("epoch") + " at " + event.getLong("iteration"))
                .containsExactly("1 at 2", "2 at 4");
        RecordedEvent epoch = of("Epoch", events).get(0);
        assertThat(epoch.getDuration())
                .isGreaterThanOrEqualTo(
                        found.get(0).getDuration().plus(found.get(1).getDuration()));
        assertThat(epoch.getDouble("runningLoss")).isCloseTo(steps.get(1).runningLoss(), within(1e-12));
        assertThat(of("Checkpoint", events)).singleElement().satisfies(checkpoint -> {
            assertThat(checkpoint.getLong("iteration")).isEqualTo(3);
            assertThat(checkpoint.getDuration().toMillis()).isGreaterThanOrEqualTo(20);
        });
    }

    private static void sleep(int millis) {
        try {
            Thread.sleep(millis);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void aServiceTellsItsBatchesAndItsAdapters() throws IOException {
        Network network = SmallModels.network();
        LoRAModel other = LoRAModel.of(network);
        for (String name : List.of("a", "b")) {
            other.add(name, SmallModels.random(name.hashCode()).build())
                    .save(folder.resolve("adapters").resolve(name));
        }
        LoRAModel model = LoRAModel.of(network);
        AdapterCache cache = AdapterCache.builder(model, folder.resolve("adapters"))
                .maxAdapters(1)
                .build();
        List<RecordedEvent> events = record(() -> {
            try (BatchingPredictor service =
                    BatchingPredictor.builder(model).adapters(cache).build()) {
                for (String name : List.of("a", "b")) {
                    assertThat(service.predict(SmallModels.input(3), name)).isNotNull();
                }
                assertThatIllegalArgumentException().isThrownBy(() -> cache.pin("none"));
            }
            model.delete("b");
        });
        assertThat(of("PredictionBatch", events)).hasSize(2).allSatisfy(batch -> {
            assertThat(batch.getInt("requests")).isEqualTo(1);
            assertThat(batch.getLong("units")).isEqualTo(3);
            assertThat(batch.getDuration()).isPositive();
        });
        List<RecordedEvent> loads = of("AdapterLoad", events);
        assertThat(loads).extracting(load -> load.getString("adapter")).containsExactly("a", "b", "none");
        assertThat(loads.get(0).getString("failure")).isNull();
        assertThat(loads.get(2).getString("failure")).isNotBlank();
        assertThat(of("AdapterDrop", events))
                .extracting(drop -> drop.getString("adapter"))
                .containsExactly("a", "b");
        assertThat(of("AdapterDrop", events).get(0).getLong("bytes")).isEqualTo(2 * 4 * (6 + 8 + 8 + 5 + 5 + 4));
    }

    @Test
    void generationsTellTheirTokens() throws IOException {
        Network network = Decoders.of(Decoders.Family.LLAMA, 2, DataType.FLOAT, 80);
        LoRAModel model = LoRAModel.of(network);
        AdapterView unused = model.add(
                "a",
                LoRAConfig.builder()
                        .rank(2)
                        .alpha(8)
                        .targetModules("q", "v")
                        .init(LoRAInit.random())
                        .build());
        int[] prompt = {1, 2, 3, 4, 5};
        GenerationOptions options = GenerationOptions.greedy().withMaxTokens(4);
        List<RecordedEvent> events = record(() -> {
            try (GenerationService service =
                    GenerationService.builder(model).allowBase(true).build()) {
                for (int i = 0; i < 2; i++) {
                    GenerationRequest request =
                            GenerationRequest.of("a", prompt, options).withConversation("c");
                    assertThat(service.generate(request).join().newTokens()).hasSize(4);
                }
                GenerationHandle[] own = new GenerationHandle[1];
                own[0] = service.generate(GenerationRequest.of(
                        LoRAModel.BASE, prompt, options.withMaxTokens(60).withStopWhen(ids -> {
                            throw new IllegalStateException("of the test");
                        })));
                assertThat(own[0].result()).failsWithin(Patience.LIMIT);
            }
            assertThat(Generator.of(model.using("a")).generate(prompt, options).finish())
                    .isEqualTo(Generation.Finish.LENGTH);
        });
        assertThat(of("Generation", events))
                .extracting(event -> event.getString("adapter") + " " + event.getInt("promptTokens") + " "
                        + event.getInt("cachedTokens") + " " + event.getInt("newTokens") + " "
                        + event.getString("finish"))
                .containsExactly(
                        "a 5 0 4 LENGTH",
                        "a 5 4 4 LENGTH",
                        LoRAModel.BASE + " 5 0 1 FAILED",
                        "AdapterView[a] 5 0 4 LENGTH");
        List<RecordedEvent> steps = of("GenerationStep", events);
        assertThat(steps).allSatisfy(step -> assertThat(step.getInt("texts")).isEqualTo(1));
        // The last token of a text is computed by none.
        assertThat(steps)
                .extracting(step -> step.getLong("tokens"))
                .containsExactly(5L, 1L, 1L, 1L, 1L, 1L, 1L, 1L, 5L);
    }

    /** A recording that starts after the engine was chosen has it too. */
    @Test
    void theEngineIsInEachRecording() throws IOException {
        Network network = SmallModels.network();
        network.freeze();
        assertThat(network.predict(SmallModels.input(1)).isNaN().any()).isFalse();
        List<RecordedEvent> events =
                record(() -> assertThat(FlightEvents.areOn()).isTrue());
        assertThat(of("ProductEngine", events))
                .isNotEmpty()
                .allSatisfy(event -> assertThat(event.getString("engine")).isEqualTo("ND4J"));
    }

    /** Their classes cost a tenth of a second and more. */
    @Tag("slow")
    @Test
    void withoutARecordingNoClassOfAnEventIsLoaded() throws Exception {
        Path output = folder.resolve("output");
        Process process = new ProcessBuilder(JavaCommand.of("-Xmx256m", "-Xlog:class+load", Main.class.getName()))
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        assertThat(Patience.awaitEnd(process)).isZero();
        List<String> loaded = Files.readAllLines(output, StandardCharsets.UTF_8);
        assertThat(loaded)
                .anyMatch(line -> line.contains("org.lora4j.internal.events.FlightEvents "))
                .noneMatch(line -> line.contains("jdk.jfr.Event ")
                        || line.matches(".* org\\.lora4j\\.internal\\.events\\.\\w+Event .*"));
    }

    /** Trains, predicts and generates without a recording. */
    static final class Main {
        private Main() {}

        public static void main(String[] args) {
            Network network = SmallModels.network();
            Trainer.builder(network)
                    .loss(Loss.meanSquaredError())
                    .maxIterations(2)
                    .build()
                    .fit(List.of(
                            new Batch(Input.of(SmallModels.input(2)), Nd4j.rand(DataType.FLOAT, 2, SmallModels.OUT))));
            LoRAModel model = LoRAModel.of(network);
            AdapterView unused = model.add("a", SmallModels.random(1).build());
            try (BatchingPredictor service = BatchingPredictor.builder(model).build()) {
                service.predict(SmallModels.input(1), "a");
            }
            model.delete("a");
            LoRAModel decoder = LoRAModel.of(Decoders.of(Decoders.Family.LLAMA, 2, DataType.FLOAT, 80));
            try (GenerationService service =
                    GenerationService.builder(decoder).allowBase(true).build()) {
                service.generate(GenerationRequest.of(
                                LoRAModel.BASE,
                                new int[] {1, 2},
                                GenerationOptions.greedy().withMaxTokens(2)))
                        .join();
            }
        }
    }
}
