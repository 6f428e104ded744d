package org.lora4j.text;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Tokenizers of the tests. */
public final class Tokenizers {
    private static final String MINILM = "/all-minilm-l6-v2-tokenizer.json";

    private Tokenizers() {}

    /** That of all-MiniLM-L6-v2. Its file says that it cuts at 128 tokens, which has no effect. */
    static Tokenizer miniLm(int maxTokens) {
        try (InputStream file = Objects.requireNonNull(Tokenizers.class.getResourceAsStream(MINILM))) {
            return Tokenizer.read(file).withMaxTokens(maxTokens);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static byte[] miniLmFile() throws IOException {
        try (InputStream file = Objects.requireNonNull(Tokenizers.class.getResourceAsStream(MINILM))) {
            return file.readAllBytes();
        }
    }

    /**
     * A byte-level tokenizer without merges, as those of language models: each byte is a token, and the special tokens of
     * chats are tokens from 256 on.
     */
    public static String bytes(String... special) {
        String vocabulary = IntStream.range(0, 256)
                .mapToObj(b -> quoted(letter(b)) + ":" + b)
                .collect(Collectors.joining(","));
        String added = IntStream.range(0, special.length)
                .mapToObj(i -> """
                        {"id":%d,"content":"%s","single_word":false,"lstrip":false,"rstrip":false,"normalized":false,
                         "special":true}""".formatted(256 + i, special[i]))
                .collect(Collectors.joining(","));
        return """
                {"version":"1.0","truncation":null,"padding":null,"added_tokens":[%s],"normalizer":null,
                 "pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":false,"use_regex":false},
                 "post_processor":{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":false,"use_regex":false},
                 "decoder":{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":false,"use_regex":false},
                 "model":{"type":"BPE","dropout":null,"unk_token":null,"continuing_subword_prefix":null,
                  "end_of_word_suffix":null,"fuse_unk":false,"byte_fallback":false,"vocab":{%s},"merges":[]}}
                """.formatted(added, vocabulary);
    }

    /** The letter that stands for a byte in GPT-2's vocabulary: printable bytes for themselves, others from U+0100 on. */
    private static int letter(int b) {
        if (isPrintable(b)) {
            return b;
        }
        return 256 + (int) IntStream.range(0, b).filter(i -> !isPrintable(i)).count();
    }

    private static boolean isPrintable(int b) {
        return (b >= '!' && b <= '~') || (b >= 0xA1 && b <= 0xAC) || (b >= 0xAE && b <= 0xFF);
    }

    private static String quoted(int letter) {
        return letter == '"' || letter == '\\' ? "\"\\" + (char) letter + "\"" : "\"" + (char) letter + "\"";
    }
}
