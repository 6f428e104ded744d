package org.lora4j.cli;

import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** A byte-level tokenizer without merges: each byte is a token, and special tokens are tokens from 256 on. */
final class ByteTokenizer {
    private ByteTokenizer() {}

    static String json(List<String> special) {
        String vocabulary = IntStream.range(0, 256)
                .mapToObj(b -> quoted(letter(b)) + ":" + b)
                .collect(Collectors.joining(","));
        String added = IntStream.range(0, special.size())
                .mapToObj(i -> """
                        {"id":%d,"content":"%s","single_word":false,"lstrip":false,"rstrip":false,"normalized":false,
                         "special":true}""".formatted(256 + i, special.get(i)))
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
