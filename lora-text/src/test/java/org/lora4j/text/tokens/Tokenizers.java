package org.lora4j.text.tokens;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Objects;
import java.util.stream.Stream;
import org.lora4j.fixtures.ByteTokenizer;

/** Tokenizers of the tests. */
public final class Tokenizers {
    private static final String MINILM = "/all-minilm-l6-v2-tokenizer.json";

    private Tokenizers() {}

    /** That of all-MiniLM-L6-v2. Its file says that it cuts at 128 tokens, which has no effect. */
    public static Tokenizer miniLm(int maxTokens) {
        try (InputStream file = Objects.requireNonNull(Tokenizers.class.getResourceAsStream(MINILM))) {
            return Tokenizer.read(file).withMaxTokens(maxTokens);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public static byte[] miniLmFile() throws IOException {
        try (InputStream file = Objects.requireNonNull(Tokenizers.class.getResourceAsStream(MINILM))) {
            return file.readAllBytes();
        }
    }

    /**
     * A byte-level tokenizer without merges, as those of language models: each byte is a token, and the special tokens of
     * chats are tokens from 256 on.
     */
    public static String bytes(String... special) {
        return ByteTokenizer.json(
                Stream.of(special).map(text -> text.replace("\"", "\\\"")).toList());
    }
}
