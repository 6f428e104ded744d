package org.lora4j.cli.serve;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.adapter.BaseLayer;
import org.lora4j.adapter.BaseModel;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.UsedAdapter;
import org.lora4j.fixtures.CompleteEncoder;
import org.lora4j.io.ReadOptions;
import org.lora4j.linalg.Precision;
import org.lora4j.nn.BaseStorage;
import org.lora4j.nn.Network;
import org.lora4j.text.AdapterTask;
import org.lora4j.text.ClassifierHead;
import org.lora4j.text.Labels;
import org.lora4j.text.TextClassifier;
import org.nd4j.linalg.api.buffer.DataType;

/** Adapters with labels, whose folders are exchanged while they are read. */
class LabelledAdaptersTest {
    private static final int MAX_TOKENS = 12;

    @TempDir
    private Path folder;

    /** Writes an adapter with a classifier of its own. Returns its fingerprint. */
    private String write(Path model, String name, long seed, String... labels) throws IOException {
        Labels named = Labels.of(List.of(labels));
        try (TextClassifier classifier = TextClassifier.create(
                model, named, ClassifierHead.POOLER, OptionalInt.empty(), seed, BaseStorage.of(Precision.FLOAT))) {
            String head = classifier.model().network().replaceableHead().orElseThrow();
            LoRAConfig config = LoRAConfig.builder()
                    .rank(2)
                    .targetModules("query")
                    .modulesToSave(head)
                    .build();
            Path own = Files.createDirectories(folder.resolve(name));
            classifier.model().add("x", config).save(own);
            AdapterTask.classify(named, ClassifierHead.POOLER, MAX_TOKENS).write(own);
            return Objects.requireNonNull(classifier.model().adapter("x")).fingerprint();
        }
    }

    /** A base of which the weights of an adapter are read; before, another program exchanges two folders. */
    @SuppressWarnings("ArrayRecordComponent") // It is not compared.
    private record Exchanging(Network base, Path live, Path other, boolean[] isDone) implements BaseModel {
        @Override
        public List<? extends BaseLayer> baseLayers() {
            try {
                if (!isDone[0]) {
                    isDone[0] = true;
                    Path old = live.resolveSibling("old");
                    Files.move(live, old);
                    Files.move(other, live);
                    Files.move(old, other);
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            return base.baseLayers();
        }

        @Override
        public DataType dataType() {
            return base.dataType();
        }
    }

    @Test
    void anAdapterThatIsExchangedWhileItIsReadHasItsOwnLabels() throws IOException {
        Path model = folder.resolve("model");
        CompleteEncoder.write(model);
        Path adapters = folder.resolve("adapters");
        Files.createDirectories(adapters);
        String first = write(model, "adapters/live", 1, "good", "bad");
        String second = write(model, "other", 2, "yes", "no");
        assertThat(first).isNotEqualTo(second);
        LabelledAdapters labelled =
                new LabelledAdapters(adapters, ClassifierHead.POOLER, ClassifierHead.POOLER, MAX_TOKENS, 10);
        try (TextClassifier served = TextClassifier.create(
                model,
                Labels.numbered(2),
                ClassifierHead.POOLER,
                OptionalInt.empty(),
                0,
                BaseStorage.of(Precision.FLOAT))) {
            LoRAAdapter loaded = labelled.load(
                    "live",
                    new Exchanging(
                            served.model().network(),
                            adapters.resolve("live"),
                            folder.resolve("other"),
                            new boolean[1]),
                    ReadOptions.defaults());
            assertThat(labelled.labels(new UsedAdapter("live", first))).isNull();
            Labels found = labelled.labels(new UsedAdapter("live", loaded.fingerprint()));
            assertThat(Objects.requireNonNull(found).names()).containsExactly("yes", "no");
            assertThat(loaded.fingerprint()).isEqualTo(second);
        }
    }
}
