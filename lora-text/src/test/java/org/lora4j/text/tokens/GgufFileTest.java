package org.lora4j.text.tokens;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.generate.GenerationOptions;
import org.lora4j.generate.Generator;
import org.lora4j.io.ModelSource;
import org.lora4j.io.gguf.model.GgufException;
import org.lora4j.io.safetensors.SafeTensors;
import org.lora4j.nn.input.Sequences;
import org.lora4j.nn.transformer.ModelConfig;
import org.lora4j.text.DecoderFolder;
import org.lora4j.text.EncoderFolder;

/** GGUF files in place of folders: weights, tokens and ends of answers from one file. */
class GgufFileTest {
    private static Path folder(String name) {
        try {
            return Path.of(Objects.requireNonNull(GgufFileTest.class.getResource("/gguf/base/" + name))
                    .toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    private static JsonNode json(Path folder) throws IOException {
        return new ObjectMapper().readTree(Files.readString(folder.resolve("case.json")));
    }

    private static int[] ints(SafeTensors io, String name) throws IOException {
        return io.tensor(name).toIntVector();
    }

    private static int[] first(int[] ids, int count) {
        return Arrays.copyOf(ids, Math.min(ids.length, count));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "llama_q4_k_m",
                "llama_q8_0",
                "qwen2_q4_0",
                "qwen2_q4_k_m",
                "qwen3_q5_k_m",
                "gemma3_q4_k_m",
                "phi3_q4_k_m",
                "phi3_iq4_xs",
                "gpt2_q4_k_m"
            })
    void aDecoderContinuesTexts(String name) throws IOException {
        Path folder = folder(name);
        SafeTensors io = SafeTensors.read(folder.resolve("io.safetensors"));
        JsonNode json = json(folder);
        Path file = folder.resolve(json.path("model").asText("model.gguf"));
        try (DecoderFolder decoder = DecoderFolder.open(file)) {
            Generator generator = Generator.of(decoder.network());
            for (int i = 0; i < json.get("texts").size(); i++) {
                int[] prompt = ints(io, "prompt_" + i);
                String text = json.get("texts").get(i).asText();
                assertThat(first(decoder.tokenizer().encode(text).ids(), 16)).isEqualTo(prompt);
                int[] greedy = ints(io, "greedy_" + i);
                GenerationOptions options = GenerationOptions.greedy().withMaxTokens(greedy.length - prompt.length);
                assertThat(generator.generate(prompt, options).ids())
                        .isEqualTo(Arrays.copyOfRange(greedy, prompt.length, greedy.length));
            }
            assertThat(decoder.endIds()).isNotEmpty();
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"bert_q4_0", "bert_q4_k_m", "nomic_bert_q4_k_m", "modern_bert_q4_k_m", "gemma_embedding_q4_0"})
    void anEncoderEmbedsTexts(String name) throws IOException {
        Path folder = folder(name);
        SafeTensors io = SafeTensors.read(folder.resolve("io.safetensors"));
        JsonNode texts = json(folder).get("texts");
        try (EncoderFolder encoder = EncoderFolder.open(folder.resolve("model.gguf"))) {
            for (int i = 0; i < texts.size(); i++) {
                Sequences tokens = encoder.tokens(List.of(texts.get(i).asText()));
                int[] ids = IntStream.range(0, tokens.tokens()).map(tokens::id).toArray();
                assertThat(first(ids, 16)).isEqualTo(ints(io, "prompt_" + i));
                assertThat(encoder.sentenceEmbeddings()
                                .predict(tokens)
                                .norm2Number()
                                .doubleValue())
                        .isBetween(0.9999, 1.0001);
            }
        }
    }

    @Test
    void decodedTokensAreTheText() throws IOException {
        String text = "The United States of America, 1776: größer.";
        for (String name : List.of("llama_q8_0", "qwen2_q4_k_m", "gemma3_q4_k_m", "gpt2_q4_k_m")) {
            try (DecoderFolder decoder = DecoderFolder.open(folder(name).resolve("model.gguf"))) {
                Tokenizer tokenizer = decoder.tokenizer();
                int[] ids = tokenizer.encode(text).ids();
                assertThat(tokenizer.decode(ids)).as(name).isEqualTo(text);
                TokenStream stream = tokenizer.stream();
                StringBuilder found = new StringBuilder();
                for (int id : ids) {
                    found.append(stream.add(id));
                }
                assertThat(found.append(stream.end())).as(name).hasToString(text);
                int[] starts = tokenizer.starts(text);
                assertThat(starts).isSorted();
                assertThat(starts[0]).isZero();
                assertThat(starts[starts.length - 1]).isEqualTo(text.length() - 1);
            }
        }
    }

    /** Such as the {@code ggml-vocab-*.gguf} of llama.cpp. */
    @ParameterizedTest
    @ValueSource(strings = {"bpe_qwen2", "spm_llama", "wordpiece_bert"})
    void aVocabularyAloneHasATokenizerAndIsNoModel(String name) throws IOException {
        Path folder = folder("tokenizer_" + name);
        Path file = folder.resolve("vocab.gguf");
        JsonNode json = json(folder);
        int lines = 0;
        try (Tokenizer tokenizer = Tokenizer.load(file);
                Tokenizer ofSource = Tokenizer.load(ModelSource.of(file))) {
            for (JsonNode line : json.get("lines")) {
                if (line.has("text")) {
                    JsonNode parsed = line.path("ids_parse_special");
                    IntStream ids = numbers(parsed.isMissingNode() ? line.get("ids") : parsed);
                    int[] whole = IntStream.concat(
                                    IntStream.concat(numbers(json.get("add_special_prefix")), ids),
                                    numbers(json.get("add_special_suffix")))
                            .toArray();
                    String text = line.get("text").asText();
                    assertThat(tokenizer.encode(text).ids()).isEqualTo(whole);
                    assertThat(ofSource.encode(text).ids()).isEqualTo(whole);
                    lines++;
                }
            }
        }
        assertThat(lines).isGreaterThan(200);
        assertThatThrownBy(() -> DecoderFolder.open(file))
                .isInstanceOf(GgufException.class)
                .hasMessage(
                        file + ": tensors: a model must have weights, found none; of a file with a vocabulary alone,"
                                + " Tokenizer.load opens the tokenizer");
        assertThatThrownBy(() -> ModelConfig.read(file)).hasMessageContaining("a model must have weights");
    }

    private static IntStream numbers(JsonNode array) {
        return IntStream.range(0, array.size()).map(i -> array.get(i).asInt());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "m11_tokens_numbers.gguf     | tokenizer.ggml.tokens: must be an array of strings",
                "m12_scores_short.gguf       | tokenizer.ggml.scores: must be one for each of the 261 tokens, found 260",
                "m13_types_short.gguf        | tokenizer.ggml.token_type: must be one for each of the 261 tokens, found 260",
                "m16_tokenizer_unknown.gguf  | tokenizer.ggml.model: must be gpt2, llama or bert, whose tokens this library"
                        + " computes, found 'nonesuch'",
                "m19_merges_missing.gguf     | tokenizer.ggml.merges: must be there for texts, found no such key",
                "m20_merges_numbers.gguf     | tokenizer.ggml.merges: must be an array of strings",
                "m22_pre_unknown.gguf        | tokenizer.ggml.pre: must be one whose words this library knows: "
            })
    void refusesTokensThatAreWrong(String name, String message) {
        Path file = folder("hostile").resolve(name);
        assertThatThrownBy(() -> GgufTokenizer.read(keys(file)))
                .isInstanceOf(GgufException.class)
                .hasMessageStartingWith(file + ": " + message);
    }

    private static org.lora4j.io.gguf.internal.GgufKeys keys(Path file) throws IOException {
        try (var reader = org.lora4j.io.gguf.internal.GgufReader.open(file)) {
            return reader.keys();
        }
    }
}
