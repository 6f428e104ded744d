package org.lora4j.text.tokens;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.io.ModelSource;
import org.lora4j.io.gguf.internal.GgufKeys;
import org.lora4j.io.gguf.internal.GgufReader;
import org.lora4j.text.tokens.internal.StoredTokens;

/** The bytes of the tokens of a text are the bytes of the text, and what is decoded. */
class StoredTokensTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final List<String> TEXTS = List.of(
            "{\"name\": \"Größe\", \"n\": [1, -2.5e3]}",
            "The United States of America, 1776.",
            "中文 \ud83d\ude00 e\u0301\u200b",
            "a\tb\r\n  c   d",
            "\u0000\u007f\u00ad");

    @TempDir
    private Path folder;

    private static Path resource(String name) throws URISyntaxException {
        return Path.of(
                Objects.requireNonNull(StoredTokensTest.class.getResource(name)).toURI());
    }

    /** The bytes of all tokens; null if one is a special token. */
    private static byte @Nullable [] bytes(StoredTokens tokens, int[] ids) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (int id : ids) {
            byte[] one = tokens.bytes().get(id);
            if (one == null) {
                return null;
            }
            all.writeBytes(one);
        }
        return all.toByteArray();
    }

    private static GgufKeys keys(Path file) throws IOException {
        try (GgufReader reader = GgufReader.open(file)) {
            return reader.keys();
        }
    }

    private static void areThoseOf(String text, TextEncoder tokenizer, StoredTokens tokens) {
        int[] ids = tokenizer.ids(text, false);
        byte[] bytes = Objects.requireNonNull(bytes(tokens, ids), text);
        String found = new String(bytes, StandardCharsets.UTF_8);
        assertThat(found).isEqualTo(tokens.dropsFirstSpace() ? " " + text : text);
        assertThat(tokenizer.decode(ids, true)).isEqualTo(text);
    }

    @ParameterizedTest
    @ValueSource(strings = {"bpe_gpt-2", "bpe_llama-bpe", "bpe_qwen2", "bpe_smollm", "spm_llama", "spm_llama_noprefix"})
    void ofGgufFiles(String name) throws Exception {
        Path file = resource("/gguf/base/tokenizer_" + name).resolve("vocab.gguf");
        GgufKeys keys = keys(file);
        StoredTokens tokens = StoredTokens.of(keys);
        int texts = 0;
        try (GgufTokenizer tokenizer = GgufTokenizer.read(keys)) {
            for (JsonNode line : JSON.readTree(Files.readString(file.resolveSibling("case.json")))
                    .get("lines")) {
                String text = line.path("text").asText();
                // SentencePiece cannot tell U+2581 from a space.
                if (!text.isEmpty() && !text.contains("\u2581") && bytes(tokens, tokenizer.ids(text, false)) != null) {
                    areThoseOf(text, tokenizer, tokens);
                    texts++;
                }
            }
        }
        assertThat(texts).isGreaterThan(200);
    }

    @Test
    void ofAByteLevelFile() throws IOException {
        Path story = Path.of("../lora-text-example/src/main/resources/org/lora4j/example/text/story");
        StoredTokens tokens = StoredTokens.read(ModelSource.of(story));
        assertThat(tokens.bytes()).hasSize(2048);
        byte[] content = Files.readAllBytes(story.resolve("tokenizer.json"));
        try (NativeTokenizer tokenizer = NativeTokenizer.load("story", content)) {
            for (String text : TEXTS) {
                areThoseOf(text, tokenizer, tokens);
            }
        }
    }

    @Test
    void addedTokensHaveNoBytes() throws IOException {
        Files.writeString(
                folder.resolve("tokenizer.json"),
                Tokenizers.bytes("<|im_end|>").replace("\"vocab\":{", "\"vocab\":{\"<|im_end|>\":256,"));
        StoredTokens tokens = StoredTokens.read(ModelSource.of(folder));
        assertThat(tokens.bytes()).hasSize(257);
        assertThat(tokens.bytes().get(256)).isNull();
        assertThat(tokens.bytes().get(0xE4)).containsExactly(0xE4);
    }

    /** A tokenizer like that of Llama 2: words with U+2581 before them, and bytes for other characters. */
    private static String sentencePiece(boolean dropsSpace) {
        ObjectNode file = JSON.createObjectNode().put("version", "1.0");
        ArrayNode normalizers =
                file.putObject("normalizer").put("type", "Sequence").putArray("normalizers");
        if (dropsSpace) {
            normalizers.addObject().put("type", "Prepend").put("prepend", "\u2581");
        }
        normalizers
                .addObject()
                .put("type", "Replace")
                .put("content", "\u2581")
                .putObject("pattern")
                .put("String", " ");
        ArrayNode decoders = file.putObject("decoder").put("type", "Sequence").putArray("decoders");
        decoders.addObject()
                .put("type", "Replace")
                .put("content", " ")
                .putObject("pattern")
                .put("String", "\u2581");
        decoders.addObject().put("type", "ByteFallback");
        decoders.addObject().put("type", "Fuse");
        if (dropsSpace) {
            decoders.addObject()
                    .put("type", "Strip")
                    .put("content", " ")
                    .put("start", 1)
                    .put("stop", 0);
        }
        file.putArray("added_tokens")
                .addObject()
                .put("id", 0)
                .put("content", "<unk>")
                .put("special", true)
                .put("single_word", false)
                .put("lstrip", false)
                .put("rstrip", false)
                .put("normalized", false);
        ObjectNode model = file.putObject("model")
                .put("type", "BPE")
                .put("unk_token", "<unk>")
                .put("fuse_unk", true)
                .put("byte_fallback", true);
        ObjectNode vocabulary = model.putObject("vocab").put("<unk>", 0);
        for (int i = 0; i < 256; i++) {
            vocabulary.put(String.format(Locale.ROOT, "<0x%02X>", i), vocabulary.size());
        }
        Stream.of("\u2581", "a", "e", "r", "f", "o", "ö", "{", "\"", "1", "\u2581a", "\u2581\u2581", "er", "{\"")
                .forEach(token -> vocabulary.put(token, vocabulary.size()));
        ArrayNode merges = model.putArray("merges");
        List.of("\u2581 a", "\u2581 \u2581", "e r", "{ \"").forEach(merges::add);
        return file.toString();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void ofASentencePieceFile(boolean dropsSpace) throws IOException {
        Files.writeString(folder.resolve("tokenizer.json"), sentencePiece(dropsSpace));
        StoredTokens tokens = StoredTokens.read(ModelSource.of(folder));
        assertThat(tokens.dropsFirstSpace()).isEqualTo(dropsSpace);
        assertThat(tokens.bytes().get(0)).isNull();
        byte[] content = Files.readAllBytes(folder.resolve("tokenizer.json"));
        try (NativeTokenizer tokenizer = NativeTokenizer.load("llama", content)) {
            for (String text : TEXTS) {
                areThoseOf(text, tokenizer, tokens);
            }
        }
    }

    @Test
    void tokensThatAreNoBytesAreRefused() throws Exception {
        Path bert = resource("/gguf/base/tokenizer_wordpiece_bert").resolve("vocab.gguf");
        assertThatIOException()
                .isThrownBy(() -> StoredTokens.of(keys(bert)))
                .withMessageContaining("must be gpt2 or llama, whose tokens are bytes, found bert");
        Path file = folder.resolve("tokenizer.json");
        Files.write(file, Tokenizers.miniLmFile());
        assertThatIOException()
                .isThrownBy(() -> StoredTokens.read(ModelSource.of(folder)))
                .withMessageContaining("the decoder must be ByteLevel, Metaspace or one that replaces");
        Files.writeString(file, "{\"model\":{\"vocab\":{\"a\":2000000000}}}");
        assertThatIOException()
                .isThrownBy(() -> StoredTokens.read(ModelSource.of(folder)))
                .withMessageContaining("the id of each token must be from 0 to 3999999, found 2000000000");
        Files.writeString(file, "{\"model\"");
        assertThatIOException()
                .isThrownBy(() -> StoredTokens.read(ModelSource.of(folder)))
                .withMessageContaining("must be JSON");
    }
}
