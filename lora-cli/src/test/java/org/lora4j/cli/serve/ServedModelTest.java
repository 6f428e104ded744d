package org.lora4j.cli.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.LoRAModel;
import org.lora4j.linalg.Precision;
import org.lora4j.nn.BaseStorage;
import org.lora4j.nn.Network;
import org.lora4j.serve.FairLimiter;
import org.lora4j.serve.ServingStats;

/** What is closed if a model cannot be opened. */
class ServedModelTest {
    @TempDir
    private Path folder;

    /** A model that notes whether it was closed. */
    private static final class Noted extends ServedModel {
        private boolean closed;

        Noted(Settings settings) throws IOException {
            super(settings, "noted");
            Objects.requireNonNull(cache(
                    LoRAModel.of(Network.builder(6).linear("one", 8, false).build(1))));
        }

        @Override
        FairLimiter textLimiter() {
            throw new AssertionError("it has no texts");
        }

        @Override
        Map<String, Endpoint> endpoints() {
            return Map.of();
        }

        @Override
        ServingStats stats() {
            throw new AssertionError("it has no figures");
        }

        @Override
        void addTo(ServerMetrics metrics) {}

        @Override
        void cancelAll() {}

        @Override
        void closeModel() {
            closed = true;
        }
    }

    private Noted model(Duration reload) throws IOException {
        ServeLimits limits =
                new ServeLimits(1, 1, 1, 1, 0, 0, 0, 1, 1 << 20, reload, Duration.ofSeconds(1), Duration.ZERO);
        return new Noted(new ServedModel.Settings(
                folder,
                folder,
                true,
                BaseStorage.of(Precision.FLOAT),
                ServedModel.Task.BY_MODEL,
                OptionalInt.empty(),
                limits));
    }

    @Test
    void aModelWhoseAdaptersCannotBeWatchedIsClosed() throws IOException {
        Noted wrong = model(Duration.ofDays(2));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ServedModel.watched(wrong))
                .withMessageContaining("interval must be");
        assertThat(wrong.closed).isTrue();
        try (Noted right = model(Duration.ofDays(1))) {
            assertThat(ServedModel.watched(right)).isSameAs(right);
            assertThat(right.closed).isFalse();
        }
    }
}
