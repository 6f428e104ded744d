package org.lora4j.spring;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.LoRAModel;
import org.lora4j.fixtures.CompleteEncoder;
import org.lora4j.generate.GenerationOptions;
import org.lora4j.generate.Generator;
import org.lora4j.nn.Network;
import org.lora4j.text.DecoderFolder;
import org.lora4j.text.EncoderFolder;
import org.springframework.ai.chat.model.ChatModel;
import org.springframework.ai.chat.prompt.ChatOptions;
import org.springframework.ai.chat.prompt.Prompt;
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
                    // As the served base: a weight that can train is multiplied otherwise.
                    Network network = encoder.sentenceEmbeddings();
                    network.freeze();
                    float[][] expected = network.predict(encoder.tokens(texts)).toFloatMatrix();
                    assertThat(context.getBean(EmbeddingModel.class)
                                    .embed(texts)
                                    .toArray(float[][]::new))
                            .isDeepEqualTo(expected);
                });
    }

    /** The tokenizer and the template are in the file, and the adapter is one of PEFT. */
    @Tag("slow")
    @Test
    void chatsWithAGgufFile() throws Exception {
        Path cases = Path.of(Objects.requireNonNull(OneFolderTest.class.getResource("/gguf/base"))
                .toURI());
        Path file = temporary.resolve("model.gguf");
        Files.write(
                file,
                withTemplate(
                        Files.readAllBytes(cases.resolve("llama_q8_0/model.gguf")),
                        "{% for m in messages %}{{ m['content'] }}{% endfor %}"));
        new ApplicationContextRunner()
                .withConfiguration(AutoConfigurations.of(LoRAAutoConfiguration.class, LoRAAiAutoConfiguration.class))
                .withPropertyValues(
                        "lora.model.path=" + file,
                        "lora.adapters.path=" + cases.resolve("lora_llama"),
                        "lora.serve.allow-base=true")
                .run(context -> {
                    DecoderFolder decoder = context.getBean(DecoderFolder.class);
                    LoRAModel model = LoRAModel.of(decoder.network());
                    model.load("trained", cases.resolve("lora_llama/adapter_f32"));
                    int[] prompt = decoder.tokenizer()
                            .encodeRendered("The United States")
                            .ids();
                    int[] ends = decoder.endIds().stream()
                            .mapToInt(Integer::intValue)
                            .toArray();
                    GenerationOptions greedy =
                            GenerationOptions.greedy().withMaxTokens(8).withStopIds(ends);
                    ChatOptions options = ChatOptions.builder()
                            .model("adapter_f32")
                            .temperature(0.0)
                            .maxTokens(8)
                            .build();
                    String answer = Objects.requireNonNull(context.getBean(ChatModel.class)
                                    .call(new Prompt("The United States", options))
                                    .getResult())
                            .getOutput()
                            .getText();
                    int[] base =
                            Generator.of(model.base()).generate(prompt, greedy).ids();
                    int[] trained = Generator.of(model.using("trained"))
                            .generate(prompt, greedy)
                            .ids();
                    assertThat(trained).isNotEqualTo(base);
                    assertThat(answer).isEqualTo(decoder.tokenizer().decode(trained));
                });
    }

    /** Adds a field at the beginning of a file. The tensors stay aligned, because its length is a multiple of 32. */
    private static byte[] withTemplate(byte[] file, String template) {
        byte[] name = "tokenizer.chat_template".getBytes(StandardCharsets.UTF_8);
        int length = 8 + name.length + 4 + 8 + template.length();
        String filled = template + "{#" + " ".repeat(Math.floorMod(-length - 4, 32)) + "#}";
        ByteBuffer field = ByteBuffer.allocate(8 + name.length + 4 + 8 + filled.length())
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(name.length)
                .put(name)
                .putInt(8)
                .putLong(filled.length())
                .put(filled.getBytes(StandardCharsets.UTF_8))
                .flip();
        ByteBuffer all = ByteBuffer.allocate(file.length + field.remaining()).order(ByteOrder.LITTLE_ENDIAN);
        all.put(file, 0, 24).put(field).put(file, 24, file.length - 24);
        // The number of fields.
        all.putLong(16, all.getLong(16) + 1);
        return all.array();
    }
}
