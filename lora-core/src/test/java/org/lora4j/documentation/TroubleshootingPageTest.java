package org.lora4j.documentation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.fixtures.Page;
import org.lora4j.io.FingerprintCheck;
import org.lora4j.io.ReadOptions;
import org.lora4j.nn.Network;
import org.lora4j.train.Trainer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Sgd;

/** The messages on the page on troubleshooting are those of the library: each mistake is made, and its message looked up. */
class TroubleshootingPageTest {
    private static final Page PAGE = Page.of("troubleshooting.md");

    @TempDir
    private Path folder;

    private LoRAModel model;

    @BeforeEach
    void buildAModel() {
        model = LoRAModel.of(network(1));
    }

    private static Network network(long seed) {
        return Network.builder(6)
                .linear("linear1", 5)
                .relu()
                .linear("linear2", 3)
                .build(seed);
    }

    @Test
    void messagesAboutAdapters() throws IOException {
        model.add("a", LoRAConfig.of(1, 1)).save(folder);
        assertOnPage(() -> LoRAModel.of(network(2)).load("a", folder, ReadOptions.of(FingerprintCheck.REQUIRE)));
    }

    @Test
    void messagesAboutTrainings() {
        DataSet rows = new DataSet(Nd4j.rand(DataType.FLOAT, 4, 6), Nd4j.zeros(DataType.FLOAT, 4, 3));
        rows.getLabels().getColumn(0).assign(1);
        DataSet numbers = new DataSet(rows.getFeatures(), Nd4j.zeros(DataType.FLOAT, 4, 1));
        model.add("a", LoRAConfig.of(1, 1));
        assertOnPage(() -> Trainer.builder(model.using("a")).build().fit(numbers));
        assertOnPage(() -> Trainer.builder(model.using("a"))
                .updater(new Sgd(1e30))
                .epochs(20)
                .build()
                .fit(rows));
        assertOnPage(() -> Trainer.builder(model.base()).build().fit(rows));
        model.setTrainable();
        assertOnPage(() -> Trainer.builder(model).build().fit(rows));
    }

    @Test
    void messagesAboutPredictions() {
        assertOnPage(() -> model.predict(Nd4j.ones(DataType.DOUBLE, 1, 6)));
        assertOnPage(() -> model.predict(Nd4j.ones(DataType.FLOAT, 6)));
    }

    @Test
    void messagesThatTheseTestsDoNotProvoke() {
        String sources = Page.files("lora-core/src/main/java", ".java").stream()
                .map(Page::read)
                .collect(Collectors.joining());
        for (String part : List.of(
                "ND4J must have a backend for this platform on the class path, found none that starts on ",
                " wait in all, found ")) {
            assertThat(sources).contains(part);
            assertThat(PAGE.text()).contains(part.strip());
        }
    }

    private static void assertOnPage(ThrowingCallable mistake) {
        Throwable thrown = catchThrowable(mistake);
        assertThat(thrown).isNotNull();
        PAGE.requireMessage(thrown.getMessage());
    }
}
