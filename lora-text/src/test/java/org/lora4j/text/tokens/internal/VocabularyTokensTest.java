package org.lora4j.text.tokens.internal;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.Objects;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.io.gguf.internal.GgufReader;

/** Tokens as llama.cpp computes them. */
class VocabularyTokensTest {
    private static Path folder(String name) {
        try {
            return Path.of(
                    Objects.requireNonNull(VocabularyTokensTest.class.getResource("/gguf/base/tokenizer_" + name))
                            .toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    private static int[] ints(JsonNode array) {
        return new ObjectMapper().convertValue(array, int[].class);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "bpe_gpt-2",
                "bpe_llama-bpe",
                "bpe_qwen2",
                "bpe_smollm",
                "spm_llama",
                "spm_llama_noprefix",
                "wordpiece_bert"
            })
    void everyTokenIsEqual(String name) throws IOException {
        Path folder = folder(name);
        JsonNode json = new ObjectMapper().readTree(Files.readString(folder.resolve("case.json")));
        VocabularyTokens tokens;
        try (GgufReader reader = GgufReader.open(folder.resolve("vocab.gguf"))) {
            tokens = VocabularyTokens.read(reader.keys());
        }
        assertThat(tokens.prefix()).isEqualTo(ints(json.get("add_special_prefix")));
        assertThat(tokens.suffix()).isEqualTo(ints(json.get("add_special_suffix")));
        int lines = 0;
        for (JsonNode line : json.get("lines")) {
            if (!line.has("text")) {
                continue;
            }
            String text = line.get("text").asText();
            int[] ids = ints(line.get("ids"));
            assertThat(tokens.encode(text, false)).as(text).isEqualTo(ids);
            assertThat(tokens.encode(text, true))
                    .as(text)
                    .isEqualTo(line.has("ids_parse_special") ? ints(line.get("ids_parse_special")) : ids);
            lines++;
        }
        assertThat(lines).isEqualTo(300);
        JsonNode pieces = json.get("pieces");
        for (int id = 0; id < pieces.size(); id++) {
            assertThat(HexFormat.of().formatHex(tokens.bytes(id)))
                    .as("token %d", id)
                    .isEqualTo(pieces.get(id).asText());
        }
    }
}
