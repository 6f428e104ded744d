package org.lora4j.io.peft;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.BiasTraining;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.io.FingerprintCheck;
import org.lora4j.io.ReadOptions;
import org.lora4j.io.safetensors.SafeTensors;
import org.lora4j.nn.Network;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** What a reader would refuse is refused before anything is written, and an interrupted save loses nothing. */
class RefusedSavesTest {
    private static final LoRAConfig CONFIG = LoRAConfig.builder()
            .rank(2)
            .targetModules("fc")
            .modulesToSave("head")
            .bias(BiasTraining.LORA_ONLY)
            .build();

    @TempDir
    private Path folder;

    private final Network base =
            Network.builder(3).linear("fc", 3).linear("head", 2).build(1);
    private Map<String, List<Byte>> before = Map.of();

    @BeforeEach
    void saveAGoodAdapter() throws IOException {
        PeftAdapters.save(adapter(), base, folder);
        before = content();
    }

    private LoRAAdapter adapter() {
        return LoRAAdapter.initialize(base, CONFIG).adapter();
    }

    private Map<String, List<Byte>> content() throws IOException {
        Map<String, List<Byte>> content = new TreeMap<>();
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.toList()) {
                byte[] bytes = Files.readAllBytes(file);
                List<Byte> list = new ArrayList<>();
                for (byte b : bytes) {
                    list.add(b);
                }
                content.put(file.getFileName().toString(), list);
            }
        }
        return content;
    }

    private static INDArray arrayOf(LoRAAdapter adapter, String what) {
        return switch (what) {
            case "fc.lora_A.weight" ->
                requireNonNull(adapter.weights().get("fc")).loraA();
            case "fc.lora_B.weight" ->
                requireNonNull(adapter.weights().get("fc")).loraB();
            case "fc.base_layer.bias" -> requireNonNull(adapter.biases().get("fc"));
            default -> requireNonNull(adapter.savedModules().get("head")).weight();
        };
    }

    @ParameterizedTest
    @ValueSource(strings = {"fc.lora_A.weight", "fc.lora_B.weight", "fc.base_layer.bias", "head.weight"})
    void refusesToSaveWhatIsNotFinite(String what) throws Exception {
        for (float value : new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY}) {
            LoRAAdapter adapter = adapter();
            arrayOf(adapter, what).putScalar(1, value);
            List<ThrowingCallable> saves = List.of(
                    () -> PeftAdapters.save(adapter, base, folder),
                    () -> PeftAdapters.save(adapter, folder),
                    () -> PeftAdapters.saveAll(Map.of(PeftAdapters.DEFAULT, adapter), base, folder),
                    () -> PeftFiles.of(adapter));
            for (var save : saves) {
                assertThatIllegalArgumentException()
                        .isThrownBy(save)
                        .withMessageContaining(
                                "an adapter must hold finite numbers to be saved, found NaN or infinite ones"
                                        + " in 'base_model.model." + what + "'");
            }
            assertThat(content()).isEqualTo(before);
        }
    }

    @Test
    void anAdapterThatDivergedInAModelKeepsItsOldFolder() throws Exception {
        LoRAModel model = LoRAModel.of(base);
        model.add("a", CONFIG).save(folder);
        before = content();
        model.parameters("a").get(0).value().muli(Float.POSITIVE_INFINITY);

        assertThatIllegalArgumentException()
                .isThrownBy(() -> model.using("a").save(folder))
                .withMessageContaining("nothing was written");
        assertThat(content()).isEqualTo(before);
        assertThat(PeftAdapters.load(folder, base).weights()).containsKey("fc");
    }

    @Test
    void anInterruptedSaveNamesItsFolderAndLeavesTheOldAdapter() throws Exception {
        LoRAAdapter other =
                LoRAAdapter.initialize(base, CONFIG.toBuilder().rank(1).build()).adapter();

        Thread.currentThread().interrupt();
        try {
            assertThatThrownBy(() -> PeftAdapters.save(other, base, folder))
                    .isInstanceOf(InterruptedIOException.class)
                    .hasMessageStartingWith(folder + ": the adapter cannot be saved; what was saved before is intact: ")
                    .hasMessageContaining("adapter_model.safetensors.new")
                    .hasMessageContaining("the thread was interrupted");
            assertThat(Thread.currentThread().isInterrupted()).isTrue();
        } finally {
            Thread.interrupted();
        }

        assertThat(content()).isEqualTo(before);
        assertThat(PeftAdapters.load(folder, base, ReadOptions.of(FingerprintCheck.REQUIRE)))
                .isEqualTo(adapter());
    }

    @Test
    void anInterruptedSaveOfTensorsNamesItsFile() throws Exception {
        Path file = folder.resolve("base.safetensors");
        base.save(file);
        before = content();

        Thread.currentThread().interrupt();
        try {
            assertThatThrownBy(() -> base.save(file))
                    .isInstanceOf(InterruptedIOException.class)
                    .hasMessage(
                            file + ": the file cannot be written (the thread was interrupted); the file that was saved"
                                    + " before is intact");
            assertThat(Thread.currentThread().isInterrupted()).isTrue();
        } finally {
            Thread.interrupted();
        }

        assertThat(content()).isEqualTo(before);
    }

    @Test
    void anInterruptedReaderNamesItsFolderOrFile() throws Exception {
        Path file = folder.resolve("base.safetensors");
        base.save(file);

        Thread.currentThread().interrupt();
        try {
            assertThatThrownBy(() -> PeftAdapters.load(folder, base))
                    .isInstanceOf(InterruptedIOException.class)
                    .hasMessage(folder + ": the adapter cannot be read, because the thread was interrupted");
            assertThatThrownBy(() -> SafeTensors.read(file))
                    .isInstanceOf(InterruptedIOException.class)
                    .hasMessage(file + ": the file cannot be read, because the thread was interrupted");
            assertThat(Thread.currentThread().isInterrupted()).isTrue();
        } finally {
            Thread.interrupted();
        }
    }

    @Test
    void refusesToSaveNamesThatNoReaderTakes() {
        String path = "x".repeat(600);
        Network other = Network.builder(2).linear(path, 2).build(1);

        assertThatIllegalArgumentException()
                .isThrownBy(() -> PeftAdapters.save(
                        LoRAAdapter.initialize(other, LoRAConfig.of(1, 1)).adapter(), other, folder))
                .withMessageContaining("names of tensors must have at most 512 characters");
    }

    @Test
    void refusesToWriteMoreTensorsThanAreRead() {
        Map<String, INDArray> many = new LinkedHashMap<>();
        INDArray one = Nd4j.ones(DataType.FLOAT, 1);
        for (int i = 0; i <= 50_000; i++) {
            many.put("t" + i, one);
        }
        SafeTensors tensors = SafeTensors.of(many, Map.of());
        ByteArrayOutputStream stream = new ByteArrayOutputStream();

        assertThatThrownBy(() -> tensors.write(stream))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("output stream: there must be at most 50000 tensors, found 50001");
        assertThat(stream.size()).isZero();
    }
}
