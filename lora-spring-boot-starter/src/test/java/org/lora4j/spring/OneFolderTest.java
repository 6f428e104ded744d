package org.lora4j.spring;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.LoRAModel;
import org.lora4j.fixtures.CompleteEncoder;
import org.lora4j.text.EncoderFolder;
import org.springframework.ai.embedding.EmbeddingModel;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;

/** A folder with every file that decides about embeddings. */
class OneFolderTest {
    @TempDir
    Path temporary;

    private CompleteEncoder complete;

    @BeforeEach
    void writeEveryFile() throws IOException {
        complete = CompleteEncoder.write(temporary.resolve("encoder"));
    }

    @Test
    void computesTheBitsOfTheCore() throws IOException {
        float[][] expected = complete.embeddings();
        new ApplicationContextRunner()
                .withConfiguration(AutoConfigurations.of(LoRAAutoConfiguration.class, LoRAAiAutoConfiguration.class))
                .withPropertyValues("lora.model.path=" + complete.folder(), "lora.serve.allow-base=true")
                .run(context -> {
                    EncoderFolder encoder = context.getBean(EncoderFolder.class);
                    assertThat(context.getBean(LoRAModel.class)
                                    .predict(encoder.tokens(complete.texts()))
                                    .toFloatMatrix())
                            .isDeepEqualTo(expected);
                    assertThat(context.getBean(EmbeddingModel.class)
                                    .embed(complete.texts())
                                    .toArray(float[][]::new))
                            .isDeepEqualTo(expected);
                });
    }

    @Test
    void servesAGgufFile() throws Exception {
        Path file = Path.of(Objects.requireNonNull(OneFolderTest.class.getResource("/gguf/base/bert_q4_0/model.gguf"))
                .toURI());
        List<String> texts = List.of("Congress shall", "The United States");
        new ApplicationContextRunner()
                .withConfiguration(AutoConfigurations.of(LoRAAutoConfiguration.class, LoRAAiAutoConfiguration.class))
                .withPropertyValues("lora.model.path=" + file, "lora.serve.allow-base=true")
                .run(context -> {
                    EncoderFolder encoder = context.getBean(EncoderFolder.class);
                    float[][] expected = encoder.sentenceEmbeddings()
                            .predict(encoder.tokens(texts))
                            .toFloatMatrix();
                    assertThat(context.getBean(EmbeddingModel.class)
                                    .embed(texts)
                                    .toArray(float[][]::new))
                            .isDeepEqualTo(expected);
                });
    }
}
