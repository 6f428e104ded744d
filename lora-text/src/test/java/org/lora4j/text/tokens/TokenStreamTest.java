package org.lora4j.text.tokens;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.lora4j.text.DecoderFolder;

/** Tokens that come one by one have the text that they have as a whole, with special tokens anywhere. */
class TokenStreamTest {
    private static final int BYTES = 4;

    private static final List<String> PIECES = List.of("▁", "▁Hello", "▁a", "b", ",", "▁▁", "é", "▁é");

    private static int id(String piece) {
        return BYTES + 256 + PIECES.indexOf(piece);
    }

    /** A tokenizer as those of Llama 2 and Mistral: spaces belong to the words behind them, and a text begins without one. */
    private static Tokenizer sentencePieces() throws IOException {
        List<String> tokens = new ArrayList<>(List.of("<unk>", "<s>", "</s>", "[CALL]"));
        IntStream.range(0, 256).forEach(b -> tokens.add(String.format(Locale.ROOT, "<0x%02X>", b)));
        tokens.addAll(PIECES);
        String vocabulary = IntStream.range(0, tokens.size())
                .mapToObj(i -> "\"" + tokens.get(i) + "\":" + i)
                .collect(Collectors.joining(","));
        String special = IntStream.of(1, 2, 3)
                .mapToObj(i -> """
                        {"id":%s,"content":"%s","single_word":false,"lstrip":false,"rstrip":false,"normalized":false,"special":true}
                        """.formatted(i, tokens.get(i)))
                .collect(Collectors.joining(","));
        String file = """
                {"version":"1.0","truncation":null,"padding":null,"added_tokens":[%s],
                 "normalizer":{"type":"Sequence","normalizers":[{"type":"Prepend","prepend":"▁"},
                  {"type":"Replace","pattern":{"String":" "},"content":"▁"}]},
                 "pre_tokenizer":null,"post_processor":null,
                 "decoder":{"type":"Sequence","decoders":[{"type":"Replace","pattern":{"String":"▁"},"content":" "},
                  {"type":"ByteFallback"},{"type":"Fuse"},{"type":"Strip","content":" ","start":1,"stop":0}]},
                 "model":{"type":"BPE","dropout":null,"unk_token":"<unk>","continuing_subword_prefix":null,
                  "end_of_word_suffix":null,"fuse_unk":true,"byte_fallback":true,"vocab":{%s},"merges":[]}}
                """.formatted(special, vocabulary);
        return Tokenizer.read(new ByteArrayInputStream(file.getBytes(StandardCharsets.UTF_8)));
    }

    private static String streamed(TokenStream stream, int[] ids) {
        StringBuilder text = new StringBuilder();
        for (int id : ids) {
            text.append(stream.add(id));
        }
        return text.append(stream.end()).toString();
    }

    @Test
    void aSpaceBehindASpecialTokenStays() throws IOException {
        try (Tokenizer tokenizer = sentencePieces()) {
            int hello = id("▁Hello");
            int[] ids = {hello, 2, 1, hello};
            assertThat(tokenizer.decode(ids)).isEqualTo("Hello Hello");
            assertThat(streamed(tokenizer.stream(), ids)).isEqualTo("Hello Hello");
            assertThat(streamed(tokenizer.stream(), new int[] {1, 2, hello})).isEqualTo("Hello");
            int[] call = {3, hello, 1, 2, hello};
            assertThat(tokenizer.decode(new int[] {3, hello, hello}, false)).isEqualTo("[CALL] Hello Hello");
            assertThat(streamed(tokenizer.stream(List.of("[CALL]")), call)).isEqualTo("[CALL] Hello Hello");
        }
    }

    @Test
    void anyTokensHaveTheTextOfAllOfThem() throws IOException {
        try (Tokenizer tokenizer = sentencePieces()) {
            List<int[]> pieces = new ArrayList<>(List.of(new int[] {1}, new int[] {2}, new int[] {3}));
            PIECES.forEach(piece -> pieces.add(new int[] {id(piece)}));
            pieces.add(bytes(" "));
            pieces.add(bytes("\n"));
            pieces.add(bytes("ü"));
            pieces.add(bytes("🚀"));
            requireSameText(tokenizer, pieces, 3);
        }
    }

    @Test
    void theSameHoldsOfAGgufFile() throws IOException, URISyntaxException {
        Path file =
                Path.of(Objects.requireNonNull(TokenStreamTest.class.getResource("/gguf/base/llama_q8_0/model.gguf"))
                        .toURI());
        try (DecoderFolder decoder = DecoderFolder.open(file)) {
            Tokenizer tokenizer = decoder.tokenizer();
            List<int[]> pieces = new ArrayList<>();
            decoder.endIds().forEach(id -> pieces.add(new int[] {id}));
            for (int id :
                    tokenizer.encode("The United States, 1776: of the  people").ids()) {
                pieces.add(new int[] {id});
            }
            requireSameText(tokenizer, pieces, -1);
        }
    }

    /** @param kept a special token that stays in the text; −1 for none */
    private static void requireSameText(Tokenizer tokenizer, List<int[]> pieces, int kept) {
        SplittableRandom random = new SplittableRandom(5);
        for (int i = 0; i < 3_000; i++) {
            int[] ids = random.ints(1 + random.nextInt(9), 0, pieces.size())
                    .mapToObj(pieces::get)
                    .flatMapToInt(IntStream::of)
                    .toArray();
            assertThat(streamed(tokenizer.stream(), ids)).isEqualTo(tokenizer.decode(ids));
            if (kept >= 0) {
                int[] seen =
                        IntStream.of(ids).filter(id -> id == kept || id > kept).toArray();
                assertThat(streamed(tokenizer.stream(List.of(tokenizer.decode(new int[] {kept}, false))), ids))
                        .isEqualTo(tokenizer.decode(seen, false));
            }
        }
    }

    private static int[] bytes(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        return IntStream.range(0, bytes.length)
                .map(i -> BYTES + (bytes[i] & 0xFF))
                .toArray();
    }
}
