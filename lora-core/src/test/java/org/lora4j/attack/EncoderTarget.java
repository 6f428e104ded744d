package org.lora4j.attack;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAConfigBuilder;
import org.lora4j.adapter.LoRAInit;
import org.lora4j.io.FingerprintCheck;
import org.lora4j.io.ReadOptions;
import org.lora4j.io.peft.PeftFiles;
import org.lora4j.io.safetensors.SafeTensors;
import org.lora4j.nn.Network;
import org.lora4j.nn.input.Sequences;
import org.lora4j.nn.transformer.ModelConfig;
import org.lora4j.nn.transformer.PretrainedModel;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The folder of an encoder with the folder of an adapter beside it. */
final class EncoderTarget implements Target {
    private static final String MODEL_CONFIG = "config.json";
    private static final String ADAPTER_TENSORS = "adapter_model.safetensors";
    private static final Sequences INPUT = Sequences.of(new int[] {5, 2, 9}, new int[] {7});

    @Override
    public String kind() {
        return "encoder";
    }

    @Override
    public List<Sample> sound() {
        try {
            Path folder = Path.of(Objects.requireNonNull(EncoderTarget.class.getResource("/golden/encoder_classifier"))
                    .toURI());
            byte[] config = Files.readAllBytes(folder.resolve(MODEL_CONFIG));
            byte[] model = Files.readAllBytes(folder.resolve("model.safetensors"));
            Network base = network(config, model);
            return List.of(
                    sample("factors", config, model, base, LoRAConfig.builder().targetModules("query", "dense")),
                    sample(
                            "embedding",
                            config,
                            model,
                            base,
                            LoRAConfig.builder().dora(true).targetModules("word_embeddings", "value")),
                    sample(
                            "tokens",
                            config,
                            model,
                            base,
                            LoRAConfig.builder()
                                    .targetModules("key")
                                    .modulesToSave("classifier")
                                    .trainableTokens(5, 9)));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    private static Sample sample(String name, byte[] config, byte[] model, Network base, LoRAConfigBuilder builder) {
        PeftFiles files = PeftFiles.of(
                LoRAAdapter.initialize(
                                base, builder.rank(2).init(LoRAInit.random()).build())
                        .adapter(),
                base);
        return new Sample(
                name,
                Map.of(
                        MODEL_CONFIG,
                        config,
                        TENSORS,
                        model,
                        PeftTarget.CONFIG,
                        files.config(),
                        ADAPTER_TENSORS,
                        files.tensors()));
    }

    private static Network network(byte[] config, byte[] model) throws IOException {
        PretrainedModel bert = PretrainedModel.of(
                ModelConfig.parse(new String(config, StandardCharsets.UTF_8)), SafeTensors.read(model), DataType.FLOAT);
        return bert.hasClassifier() ? bert.classifier() : bert.lastHiddenState();
    }

    @Override
    public void read(Sample sample) throws IOException, Refusal {
        Network base;
        LoRAModel model;
        LoRAAdapter adapter;
        try {
            base = network(sample.file(MODEL_CONFIG), sample.file(TENSORS));
            adapter = PeftFiles.read(
                            sample.file(PeftTarget.CONFIG),
                            sample.file(ADAPTER_TENSORS),
                            ReadOptions.of(FingerprintCheck.IGNORE))
                    .adapter(base);
            model = LoRAModel.of(base);
            model.add("a", adapter);
        } catch (IllegalArgumentException | IllegalStateException e) {
            throw new Refusal(e);
        }
        PeftFiles written = PeftFiles.of(adapter, base);
        LoRAAdapter again = PeftFiles.read(
                        written.config(), written.tensors(), ReadOptions.of(FingerprintCheck.REQUIRE))
                .adapter(base);
        assertThat(again).isEqualTo(adapter);
        try {
            INDArray y = model.predict(INPUT);
            assertThat(model.predict(INPUT, List.of("a", LoRAModel.BASE)).shape())
                    .isEqualTo(y.shape());
        } catch (IllegalArgumentException e) {
            throw new Refusal(e); // The model has fewer tokens or positions.
        }
    }
}
