package org.lora4j.text.tokens;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.fixtures.MustEnd;
import org.lora4j.text.EncoderFolderTest;

/** Where texts are cut: the native library's own cut of whole texts is the reference. */
@Tag("slow")
class TokenizerLimitTest {
    private static final int ROUNDS = 60;
    private static final List<String> PARTS = List.of(
            "the ",
            "a",
            " word",
            ", ",
            "don't ",
            "12345",
            " 6 ",
            "\n\n",
            "  ",
            "\t",
            "北京",
            "é",
            "e\u0301",
            "🚀",
            "[MASK]",
            " [SEP] ",
            "<|im_end|>",
            "<|im",
            "ﬁ",
            "\u00A8",
            "\u200B",
            "\u0000",
            "İ",
            "b b b ",
            "-",
            "unbelievable ");

    private static String minilm() throws IOException {
        return new String(Tokenizers.miniLmFile(), StandardCharsets.UTF_8);
    }

    /** Words begin at spaces, as in most tokenizers of decoders, and some pairs of bytes are a token. */
    private static String words() {
        return Tokenizers.bytes("<|im_end|>")
                .replace("\"use_regex\":false", "\"use_regex\":true")
                .replace("\"vocab\":{", "\"vocab\":{\"th\":300,\"he\":301,\"bb\":302,\"Ġb\":303,\"ab\":304,\"ba\":305,")
                .replace("\"merges\":[]", "\"merges\":[\"b b\",\"Ġ b\",\"a b\",\"b a\",\"h e\",\"t h\"]");
    }

    /** The tokenizers of multilingual encoders: a score for each piece, and a mark before each word. */
    private static String pieces() {
        return """
                {"version":"1.0","truncation":null,"padding":null,"added_tokens":[
                  {"id":0,"content":"<s>","single_word":false,"lstrip":false,"rstrip":false,"normalized":false,"special":true},
                  {"id":2,"content":"</s>","single_word":false,"lstrip":false,"rstrip":false,"normalized":false,"special":true}],
                 "normalizer":{"type":"NFKC"},
                 "pre_tokenizer":{"type":"Metaspace","replacement":"▁","prepend_scheme":"always","split":true},
                 "post_processor":{"type":"RobertaProcessing","sep":["</s>",2],"cls":["<s>",0],"trim_offsets":true,
                  "add_prefix_space":true},
                 "decoder":null,
                 "model":{"type":"Unigram","unk_id":1,"vocab":[["<s>",0],["<unk>",0],["</s>",0],["▁",-2],["▁the",-3],
                  ["a",-4],["b",-4],["bb",-5.5],["▁b",-5],["word",-6],["12",-7],["3",-8],["e",-4],["d",-4],["o",-4]]}}
                """;
    }

    private static String file(String name) throws IOException {
        return switch (name) {
            case "minilm" -> minilm();
            case "words" -> words();
            case "pieces" -> pieces();
            case "whole" -> Tokenizers.bytes("<|im_end|>");
            default -> throw new IllegalArgumentException(name);
        };
    }

    private static Tokenizer load(String file) throws IOException {
        return Tokenizer.read(new ByteArrayInputStream(file.getBytes(StandardCharsets.UTF_8)));
    }

    private static HuggingFaceTokenizer reference(String file, int most) throws IOException {
        return HuggingFaceTokenizer.newInstance(
                new ByteArrayInputStream(file.getBytes(StandardCharsets.UTF_8)),
                Map.of(
                        "truncation",
                        "true",
                        "padding",
                        "false",
                        "stride",
                        "0",
                        "maxLength",
                        String.valueOf(most),
                        "modelMaxLength",
                        String.valueOf(most)));
    }

    private static String text(Random random, int parts) {
        return IntStream.range(0, parts)
                .mapToObj(i -> PARTS.get(random.nextInt(PARTS.size())))
                .collect(Collectors.joining());
    }

    private static int[] ints(long[] values) {
        return LongStream.of(values).mapToInt(Math::toIntExact).toArray();
    }

    @ParameterizedTest
    @ValueSource(strings = {"minilm", "words", "pieces", "whole"})
    void textsAreCutAsTheNativeLibraryCutsThem(String name) throws IOException {
        Random random = new Random(name.hashCode());
        for (int most : new int[] {5, 8, 33}) {
            try (Tokenizer tokenizer = load(file(name)).withMaxTokens(most);
                    HuggingFaceTokenizer reference = reference(file(name), most)) {
                for (int i = 0; i < ROUNDS; i++) {
                    String text = text(random, 1 + random.nextInt(i % 4 == 0 ? 4000 : 40));
                    Encoding expected = reference.encode(text, true, false);
                    TokenizedText found = tokenizer.encode(text);
                    assertThat(found.ids()).as(text).containsExactly(ints(expected.getIds()));
                    assertThat(found.types()).containsExactly(ints(expected.getTypeIds()));
                    assertThat(found.isCut()).isEqualTo(expected.exceedMaxLength());
                    assertThat(tokenizer.encodeRendered(text).ids())
                            .containsExactly(
                                    ints(reference.encode(text, false, false).getIds()));
                }
                for (int i = 0; i < ROUNDS; i++) {
                    String text = text(random, 1 + random.nextInt(20));
                    String other = text(random, 1 + random.nextInt(20));
                    Encoding expected = reference.encode(text, other, true, false);
                    TokenizedText found = tokenizer.encode(text, other);
                    assertThat(found.ids()).as(text + "|" + other).containsExactly(ints(expected.getIds()));
                    assertThat(found.types()).containsExactly(ints(expected.getTypeIds()));
                    assertThat(found.isCut()).isEqualTo(expected.exceedMaxLength());
                }
            }
        }
    }

    /** For long pairs the native library needs the memory of each part of the first text with each of the second. */
    @ParameterizedTest
    @ValueSource(strings = {"minilm", "words", "pieces"})
    void aLongPairIsCutAsAShortOneOfTheSameTokens(String name) throws IOException {
        try (Tokenizer whole = load(file(name))) {
            for (int most : new int[] {8, 9, 32, 33}) {
                Tokenizer cut = whole.withMaxTokens(most);
                for (int first : new int[] {1, 2, 5, 19_999, 20_000, 20_001}) {
                    for (int second : new int[] {1, 2, 5, 20_000}) {
                        // Only the order of the lengths decides once both are longer than the room.
                        String expected =
                                text(cut, Math.min(first, first - 19_900), Math.min(second, 100), first, second);
                        assertThat(whole.decode(
                                        cut.encode("b ".repeat(first), "a ".repeat(second))
                                                .ids(),
                                        false))
                                .as(first + " and " + second + " at " + most)
                                .isEqualTo(expected);
                    }
                }
            }
        }
    }

    /** To tokenize the longer text as a whole takes gigabytes. */
    @ParameterizedTest
    @ValueSource(strings = {"minilm", "words", "pieces"})
    @MustEnd
    void ofALongPairOnlyTheOrderOfTheLengthsIsFound(String name) throws IOException {
        try (Tokenizer whole = load(file(name))) {
            for (int most : new int[] {8, 9}) {
                Tokenizer cut = whole.withMaxTokens(most);
                String huge = "a ".repeat(20_000_000);
                assertThat(cut.encode("a ".repeat(3000), huge).ids())
                        .containsExactly(
                                cut.encode("a ".repeat(50), "a ".repeat(100)).ids());
                assertThat(cut.encode(huge, "a ".repeat(3000)).ids())
                        .containsExactly(
                                cut.encode("a ".repeat(100), "a ".repeat(50)).ids());
                assertThat(cut.encode(huge, "a ".repeat(15)).ids())
                        .containsExactly(
                                cut.encode("a ".repeat(100), "a ".repeat(15)).ids());
            }
        }
    }

    private static String text(Tokenizer cut, int lessFirst, int lessSecond, int first, int second) {
        int shortFirst = first > 100 ? lessFirst : first;
        int shortSecond = second > 100 ? lessSecond : second;
        return cut.decode(
                cut.encode("b ".repeat(shortFirst), "a ".repeat(shortSecond)).ids(), false);
    }

    @ParameterizedTest
    @ValueSource(strings = {"minilm", "words", "pieces"})
    void theBeginningOfAWordOrOfASpecialTokenIsNotTaken(String name) throws IOException {
        try (Tokenizer whole = load(file(name));
                Tokenizer eight = whole.withMaxTokens(8)) {
            for (String unit :
                    List.of("ab", "b", " ", "x", "1", "🚀", "-", "the ", "<|im_end|>", "[MASK]", "\u0301", "北")) {
                for (String end : List.of("", " end", "!", "b", "<|im_end|>", "[SEP] a")) {
                    String text = "a " + unit.repeat(20_000 / unit.length()) + end;
                    int[] all = whole.encode(text).ids();
                    int[] expected = all.length <= 8
                            ? all
                            : IntStream.range(0, 8)
                                    .map(i -> i < 8 - whole.specialTokens() / 2 ? all[i] : all[all.length - 8 + i])
                                    .toArray();
                    assertThat(eight.encode(text).ids()).as(unit + end).containsExactly(expected);
                }
            }
        }
    }

    @Test
    void theFileNeitherCutsNorPads() throws IOException {
        String text = "a b ".repeat(50);
        for (String file : List.of(EncoderFolderTest.TOKENIZER, words())) {
            int[] expected = null;
            for (Map.Entry<String, String> form : StoredTokenizers.of(file).entrySet()) {
                try (Tokenizer tokenizer = load(form.getValue());
                        Tokenizer nine = tokenizer.withMaxTokens(9)) {
                    assertThat(tokenizer.maxTokens()).isEqualTo(Integer.MAX_VALUE);
                    TokenizedText found = tokenizer.encode(text);
                    if (expected == null) {
                        expected = found.ids();
                        assertThat(expected).hasSizeGreaterThan(100);
                    }
                    assertThat(found.ids()).as(form.getKey()).containsExactly(expected);
                    assertThat(found.isCut()).isFalse();
                    assertThat(tokenizer.encode("a").size()).isLessThan(4);
                    assertThat(tokenizer.encode(text, text).size()).isGreaterThan(200);
                    assertThat(nine.encode(text).size()).isEqualTo(9);
                    assertThat(nine.encode(text).ids()[0]).isEqualTo(expected[0]);
                    assertThat(nine.encode(text, text).size()).isEqualTo(9);
                    assertThat(nine.encode("a").size()).isLessThan(4);
                }
            }
        }
    }
}
