package org.lora4j.cli.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.UsedAdapter;
import org.lora4j.fixtures.CompleteEncoder;
import org.lora4j.linalg.Precision;
import org.lora4j.nn.BaseStorage;
import org.lora4j.nn.Network;
import org.lora4j.serve.Prediction;
import org.lora4j.serve.ServingStats;
import org.lora4j.text.EncoderFolder;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** What is closed if a model cannot be opened. */
class ServedModelTest {
    @TempDir
    private Path folder;

    /** A model that notes whether it was closed. */
    private static final class Noted extends ServedModel {
        private final Settings settings;
        private final EncoderFolder encoder;
        private boolean closed;

        Noted(Settings settings, EncoderFolder encoder) throws IOException {
            super(settings, encoder);
            this.settings = settings;
            this.encoder = encoder;
            Objects.requireNonNull(cache(
                    LoRAModel.of(Network.builder(6).linear("one", 8, false).build(1))));
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
        Path model = folder.resolve("model");
        Path adapters = Files.createDirectories(folder.resolve("adapters"));
        if (!Files.exists(model)) {
            CompleteEncoder.write(model);
        }
        ServedModel.Settings settings = new ServedModel.Settings(
                model,
                adapters,
                true,
                BaseStorage.of(Precision.FLOAT),
                ServedModel.Task.BY_MODEL,
                OptionalInt.empty(),
                limits);
        return new Noted(settings, EncoderFolder.open(model));
    }

    @Test
    void aModelWhoseAdaptersCannotBeWatchedIsClosed() throws IOException {
        Noted wrong = model(Duration.ofDays(2));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ServedModel.watched(wrong))
                .withMessageContaining("interval must be");
        assertThat(wrong.closed).isTrue();
        assertThatIllegalStateException()
                .isThrownBy(() -> wrong.encoder.tokenizer().encode("a"));
        try (Noted right = model(Duration.ofDays(1))) {
            assertThat(ServedModel.watched(right)).isSameAs(right);
            assertThat(right.closed).isFalse();
        }
    }

    /** JSON has no such numbers. */
    @ParameterizedTest
    @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY})
    void anOutputThatIsNotFiniteIsRefused(float wrong) {
        INDArray output = Nd4j.createFromArray(new float[][] {{1, 2}, {3, 4}});
        assertThat(ServedModel.output(new Prediction(output, null))).isSameAs(output);
        output.putScalar(1, 0, wrong);
        assertThatExceptionOfType(ArithmeticException.class)
                .isThrownBy(() -> ServedModel.output(new Prediction(output, new UsedAdapter("a", "f"))))
                .withMessageContaining("adapter 'a': the output must be finite, found " + wrong);
    }

    @Test
    void whatWasOpenedIsClosedIfItCannotBeServed() throws IOException {
        Noted noted = model(Duration.ZERO);
        EncoderFolder opened = EncoderFolder.open(folder.resolve("model"));
        assertThatExceptionOfType(IOException.class)
                .isThrownBy(() -> ServedModel.serve(noted.settings, opened, (settings, encoder) -> {
                    throw new IOException("mine");
                }))
                .withMessage("mine");
        assertThatIllegalStateException().isThrownBy(() -> opened.tokenizer().encode("a"));
        noted.close();
    }
}
