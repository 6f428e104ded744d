package org.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.fixtures.MustEnd;
import org.lora4j.io.peft.PeftAdapters;
import org.lora4j.nn.Network;
import org.lora4j.nn.transformer.PretrainedModel;
import org.lora4j.text.data.Labels;
import org.lora4j.text.task.Classify;
import org.lora4j.text.task.Head;
import org.lora4j.text.task.TaskFile;

/** Commands read the folder of an adapter, while another program puts another adapter in its place again and again. */
@MustEnd
class ExchangedAdapterTest {
    private static final int READINGS = 20;

    /** After some exchanges there is a pause, in which an adapter can be read as a whole. */
    private static final int EXCHANGES = 8;

    private int read;

    @TempDir
    private Path temp;

    private Path model;
    private Path live;
    private Path other;

    @BeforeEach
    void write() throws IOException {
        model = SmallModels.bert(temp.resolve("bert"), 1);
        Network network = PretrainedModel.load(model).meanClassifier(2, 1);
        live = temp.resolve("live");
        other = temp.resolve("other");
        save(network, live, 2, List.of("cats", "ships"), 8);
        save(network, other, 3, List.of("hot", "cold"), 16);
    }

    /** Three files that belong together: the rank stands in two of them, the labels in the third. */
    private static void save(Network network, Path folder, int rank, List<String> labels, int maxTokens)
            throws IOException {
        LoRAAdapter adapter = LoRAAdapter.initialize(
                        network,
                        LoRAConfig.builder()
                                .rank(rank)
                                .alpha(rank)
                                .targetModules("query")
                                .modulesToSave("classifier")
                                .build())
                .adapter();
        PeftAdapters.save(adapter, network, folder);
        TaskFile.write(new Classify(Labels.of(labels), Head.MEAN, OptionalInt.of(maxTokens)), folder);
    }

    private interface Reading {
        void read() throws IOException;
    }

    /** Reads while the two folders change their names. */
    private void exchange(Reading reading) throws Exception {
        AtomicBoolean isOver = new AtomicBoolean();
        Thread exchanging = new Thread(() -> {
            try {
                for (int i = 1; !isOver.get(); i++) {
                    Files.move(live, temp.resolve("old"));
                    Files.move(other, live);
                    Files.move(temp.resolve("old"), other);
                    Thread.sleep(i % EXCHANGES == 0 ? 100 : 3);
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        exchanging.start();
        try {
            for (int i = 0; i < READINGS; i++) {
                reading.read();
            }
        } finally {
            isOver.set(true);
            exchanging.join();
        }
        assertThat(read).isPositive();
    }

    /** A refusal is as good as an adapter, as long as it says what happened. */
    private boolean isRefused(Cli cli) {
        if (cli.code() == 0) {
            read++;
            return false;
        }
        assertThat(cli.errLines())
                .singleElement()
                .asString()
                .containsAnyOf("must not be replaced all the time", "must not be written all the time", "must have");
        return true;
    }

    private static void assertWhole(int rank, List<String> labels) {
        assertThat(labels).isEqualTo(rank == 2 ? List.of("cats", "ships") : List.of("hot", "cold"));
        assertThat(rank).isBetween(2, 3);
    }

    @Test
    void inspectSaysWhatOneAdapterHas() throws Exception {
        exchange(() -> {
            Cli cli = Cli.run("inspect", live, "--model", model, "--json");
            if (!isRefused(cli)) {
                JsonNode found = cli.json();
                List<String> labels = List.of(
                        found.at("/labels/0").asText(), found.at("/labels/1").asText());
                assertWhole(found.at("/rank").asInt(), labels);
                assertThat(found.at("/fit/sameWeights").asBoolean()).isTrue();
            }
        });
    }

    @Test
    void convertWritesTheTaskOfTheSameAdapter() throws Exception {
        Path output = temp.resolve("converted");
        exchange(() -> {
            Cli cli = Cli.run("convert", "--adapter", live, "--rank", 1, "--output", output, "--overwrite");
            if (!isRefused(cli)) {
                double alpha = PeftAdapters.load(output).config().alpha();
                Classify task = (Classify) TaskFile.read(output).orElseThrow();
                // The scale α/r of both is 1; the labels tell them apart, and so does where texts are cut.
                assertThat(alpha).isEqualTo(1);
                assertThat(task.maxTokens()).hasValue(task.labels().names().contains("cats") ? 8 : 16);
            }
        });
    }
}
