package org.lora4j.langchain4j;

import static org.assertj.core.api.Assertions.assertThat;

import dev.langchain4j.data.embedding.Embedding;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.data.segment.TextSegment;
import dev.langchain4j.model.chat.request.ChatRequest;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.LoRAModel;
import org.lora4j.fixtures.CompleteEncoder;
import org.lora4j.generate.GenerationOptions;
import org.lora4j.generate.Generator;
import org.lora4j.nn.Model;
import org.lora4j.text.DecoderFolder;
import org.lora4j.text.EncoderFolder;
import org.lora4j.text.chat.ChatTemplate;

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
        try (LoRAEmbeddingModel model = LoRAEmbeddingModel.of(complete.folder())) {
            float[][] found =
                    model
                            .embedAll(complete.texts().stream()
                                    .map(TextSegment::from)
                                    .toList())
                            .content()
                            .stream()
                            .map(Embedding::vector)
                            .toArray(float[][]::new);
            assertThat(found).isDeepEqualTo(complete.embeddings());
        }
    }

    @Test
    void embedsWithAGgufFile() throws Exception {
        Path file = Path.of(Objects.requireNonNull(OneFolderTest.class.getResource("/gguf/base/bert_q4_0/model.gguf"))
                .toURI());
        List<String> texts = List.of("Congress shall", "The United States");
        try (LoRAEmbeddingModel model = LoRAEmbeddingModel.of(file);
                EncoderFolder encoder = EncoderFolder.open(file)) {
            float[][] expected =
                    encoder.sentenceEmbeddings().predict(encoder.tokens(texts)).toFloatMatrix();
            for (int i = 0; i < expected.length; i++) {
                assertThat(model.embed(texts.get(i)).content().vector())
                        .usingComparatorWithPrecision(1e-6f)
                        .containsExactly(expected[i]);
            }
        }
    }

    /** A file with its tokenizer inside, and an adapter of PEFT for it. */
    @Test
    void chatsWithAGgufFile() throws Exception {
        Path cases = Path.of(Objects.requireNonNull(OneFolderTest.class.getResource("/gguf/base"))
                .toURI());
        Path file = cases.resolve("llama_q8_0/model.gguf");
        Path adapter = cases.resolve("lora_llama/adapter_f32");
        ChatTemplate template = ChatTemplate.of("{% for m in messages %}{{ m['content'] }}{% endfor %}", Map.of());
        List<String> answers = new ArrayList<>();
        try (LoRAChatModel model = LoRAChatModel.builder(file)
                        .template(template)
                        .adapter("trained", adapter)
                        .temperature(0)
                        .maxOutputTokens(8)
                        .build();
                DecoderFolder decoder = DecoderFolder.open(file)) {
            LoRAModel direct = LoRAModel.of(decoder.network());
            direct.load("trained", adapter);
            int[] prompt =
                    decoder.tokenizer().encodeRendered("The United States").ids();
            int[] ends = decoder.endIds().stream().mapToInt(Integer::intValue).toArray();
            for (String name : List.of("model", "trained")) {
                Model used = name.equals("trained") ? direct.using(name) : direct.base();
                int[] expected = Generator.of(used)
                        .generate(
                                prompt,
                                GenerationOptions.greedy().withMaxTokens(8).withStopIds(ends))
                        .ids();
                ChatRequest request = ChatRequest.builder()
                        .messages(UserMessage.from("The United States"))
                        .modelName(name)
                        .build();
                String answer = model.chat(request).aiMessage().text();
                assertThat(answer).isEqualTo(decoder.tokenizer().decode(expected));
                answers.add(answer);
            }
        }
        assertThat(answers).doesNotHaveDuplicates();
    }
}
