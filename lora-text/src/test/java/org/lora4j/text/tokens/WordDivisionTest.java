package org.lora4j.text.tokens;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lora4j.text.tokens.internal.WordDivision;

/** The words of GGUF files are those of Hugging Face's tokenizers with the pattern of the model's own file. */
class WordDivisionTest {
    private static final String SHORTENED = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
    private static final String CAPITALS = "[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]";
    private static final String SMALL = "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]";
    private static final String REST = "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

    /** The pattern in the tokenizer.json of a model of the kind. */
    private static String pattern(String name) {
        String before = "[^\\r\\n\\p{L}\\p{N}]?";
        return switch (name) {
            case "dbrx" ->
                SHORTENED
                        + "|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
            case "gpt-4o" ->
                before + CAPITALS + "*" + SMALL + "+" + SHORTENED + "?|" + before + CAPITALS + "+" + SMALL + "*"
                        + SHORTENED + "?|\\p{N}{1,3}" + REST;
            default -> before + CAPITALS + "*" + SMALL + "+|" + before + CAPITALS + "+" + SMALL + "*|\\p{N}" + REST;
        };
    }

    private static NativeTokenizer tokenizer(String name) throws Exception {
        ObjectNode file = (ObjectNode) new ObjectMapper().readTree(Tokenizers.bytes());
        ObjectNode sequence = file.putObject("pre_tokenizer").put("type", "Sequence");
        ObjectNode split = sequence.putArray("pretokenizers").addObject();
        split.put("type", "Split").put("behavior", "Isolated").put("invert", false);
        split.putObject("pattern").put("Regex", pattern(name));
        ((ArrayNode) sequence.get("pretokenizers"))
                .addObject()
                .put("type", "ByteLevel")
                .put("add_prefix_space", false)
                .put("trim_offsets", true)
                .put("use_regex", false);
        return NativeTokenizer.load(name, file.toString().getBytes(StandardCharsets.UTF_8));
    }

    /** Each byte is a token, and the tokens of a word have one number. */
    private static List<String> words(NativeTokenizer tokenizer, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        int[] numbers = tokenizer.words(text);
        assertThat(numbers).hasSameSizeAs(bytes);
        List<String> words = new ArrayList<>();
        ByteArrayOutputStream word = new ByteArrayOutputStream();
        for (int i = 0; i < bytes.length; i++) {
            if (i > 0 && numbers[i] != numbers[i - 1]) {
                words.add(word.toString(StandardCharsets.UTF_8));
                word.reset();
            }
            word.write(bytes[i]);
        }
        words.add(word.toString(StandardCharsets.UTF_8));
        return words;
    }

    @ParameterizedTest
    @CsvSource({"dbrx", "gpt-4o", "tekken"})
    void wordsAreThoseOfTheModel(String name) throws Exception {
        WordDivision division = WordDivision.named(name).orElseThrow();
        List<String> parts = List.of(
                "a", "b", "A", "B", "Hello", "it's", "IT'S", "'ll", "'", " ", "  ", "\t", "\n", "\r\n", "/", "//", "1",
                "234", "5678", ".", "...", "-", "(", "\"", "日本", "🚀", "_", "ABCdef", "xyZ");
        SplittableRandom random = new SplittableRandom(11);
        NativeTokenizer tokenizer = tokenizer(name);
        try {
            for (int i = 0; i < 2_000; i++) {
                String text = random.ints(1 + random.nextInt(10), 0, parts.size())
                        .mapToObj(parts::get)
                        .collect(Collectors.joining());
                assertThat(division.words(text)).as(text).isEqualTo(words(tokenizer, text));
            }
        } finally {
            tokenizer.close();
        }
    }

    @Test
    void aLongWordIsDividedWithoutRecursion() {
        String word = "A".repeat(300_000);
        assertThat(WordDivision.named("tekken").orElseThrow().words(word)).containsExactly(word);
        assertThat(WordDivision.named("gpt-4o").orElseThrow().words(word + "b")).containsExactly(word + "b");
        assertThat(WordDivision.named("other")).isEmpty();
    }
}
