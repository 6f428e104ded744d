package org.lora4j.text.grammar;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.generate.BatchGenerator;
import org.lora4j.generate.Generation;
import org.lora4j.generate.GenerationOptions;
import org.lora4j.generate.Generator;
import org.lora4j.generate.RunningGeneration;
import org.lora4j.generate.TokenConstraint;
import org.lora4j.io.ModelSource;
import org.lora4j.text.DecoderFolder;

/** Small decoders of GGUF files, which know no JSON, write it all the same. */
@Tag("slow")
class GrammarTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String ORDER = """
            {"type": "object", "additionalProperties": false, "required": ["id", "items", "note"], "properties": {
              "id": {"type": "integer", "minimum": 10, "maximum": 99},
              "note": {"type": "string", "maxLength": 12},
              "items": {"type": "array", "minItems": 1, "maxItems": 3, "items": {"enum": ["apple", "größe", null]}}}}
            """;

    private static Path file(String name) throws Exception {
        return Path.of(Objects.requireNonNull(GrammarTest.class.getResource("/gguf/base/" + name + "/model.gguf"))
                .toURI());
    }

    private static void isOrder(String text) throws Exception {
        JsonNode order = JSON.readTree(text);
        assertThat(order.properties()).extracting(Map.Entry::getKey).containsExactly("id", "note", "items");
        assertThat(order.get("id").asInt()).isBetween(10, 99);
        assertThat(order.get("note").asText().codePoints().count()).isLessThanOrEqualTo(12);
        assertThat(order.get("items")).hasSizeBetween(1, 3);
        assertThat(order.get("items"))
                .allSatisfy(item -> assertThat(item.toString()).isIn("\"apple\"", "\"größe\"", "null"));
    }

    /** SentencePiece puts a space before a text. */
    @ParameterizedTest
    @ValueSource(strings = {"llama_q8_0", "qwen2_q4_k_m", "gemma3_q4_k_m", "phi3_q4_k_m"})
    void theBytesOfTheTokensAreThoseOfTheText(String name) throws Exception {
        try (DecoderFolder decoder = DecoderFolder.open(file(name))) {
            GrammarVocabulary vocabulary = decoder.vocabulary();
            String text = "An order: gr\u00f6\u00dfe, \u6f22\u5b57 and \ud83d\ude42";
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            for (int id : decoder.tokenizer().encodeRendered(text).ids()) {
                bytes.writeBytes(vocabulary.bytes(id));
            }
            assertThat(bytes.toString(StandardCharsets.UTF_8)).isIn(text, " " + text);
            assertThat(decoder.endIds()).isNotEmpty().allMatch(id -> vocabulary.bytes(id).length == 0);
            assertThat(vocabulary.bytes(-1)).isEmpty();
            assertThat(vocabulary.bytes(vocabulary.size())).isEmpty();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"llama_q8_0", "qwen2_q4_k_m", "gemma3_q4_k_m", "phi3_q4_k_m"})
    void answersFitASchema(String name) throws Exception {
        Path file = file(name);
        GrammarVocabulary vocabulary = GrammarVocabulary.load(ModelSource.of(file));
        TokenConstraint order = Grammar.jsonSchema(ORDER).constraint(vocabulary);
        try (DecoderFolder decoder = DecoderFolder.open(file)) {
            Generator generator = Generator.of(decoder.network());
            int[] stop = decoder.endIds().stream().mapToInt(Integer::intValue).toArray();
            int[] prompt = decoder.tokenizer().encode("An order:").ids();
            for (int seed = 0; seed < 6; seed++) {
                GenerationOptions options = (seed == 0 ? GenerationOptions.greedy() : GenerationOptions.sampling(seed))
                        .withMaxTokens(80)
                        .withStopIds(stop);
                Generation answer = generator.generate(prompt, options.withConstraint(order));
                assertThat(answer.finish()).isEqualTo(Generation.Finish.STOP);
                isOrder(decoder.tokenizer().decode(answer.ids()));
            }
        }
    }

    /** Rows with grammars of their own get what they get alone. */
    @Test
    void aBatchHasManyGrammars() throws Exception {
        Path file = file("llama_q8_0");
        GrammarVocabulary vocabulary = GrammarVocabulary.load(ModelSource.of(file));
        List<Grammar> grammars =
                List.of(Grammar.jsonSchema(ORDER), Grammar.json(), Grammar.gbnf("root ::= (\"yes\" | \"no\") \".\""));
        try (DecoderFolder decoder = DecoderFolder.open(file)) {
            BatchGenerator batch = BatchGenerator.of(decoder.network());
            int[] prompt = decoder.tokenizer().encode("An order:").ids();
            List<RunningGeneration> together = new ArrayList<>();
            List<List<Integer>> alone = new ArrayList<>();
            for (int i = 0; i < 6; i++) {
                GenerationOptions options = GenerationOptions.sampling(i)
                        .withMaxTokens(70)
                        .withConstraint(grammars.get(i % 3).constraint(vocabulary));
                together.add(batch.add(decoder.network(), prompt, options));
                alone.add(Generator.of(decoder.network())
                        .generate(prompt, options)
                        .newTokens());
            }
            while (batch.step() > 0) {}
            for (int i = 0; i < 6; i++) {
                Generation result = together.get(i).result();
                assertThat(result.newTokens()).isEqualTo(alone.get(i));
                String text = decoder.tokenizer().decode(result.ids());
                switch (i % 3) {
                    case 0 -> isOrder(text);
                    case 1 -> assertThat(JSON.readTree(text)).isNotNull();
                    default -> assertThat(text).isIn("yes.", "no.");
                }
            }
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> batch.add(
                            decoder.network(),
                            prompt,
                            GenerationOptions.greedy()
                                    .withMaxTokens(9)
                                    .withConstraint(grammars.get(0).constraint(vocabulary))))
                    .withMessageContaining("maxTokens must be at least");
        }
    }

    @Test
    void aMapIsASchema() throws Exception {
        Map<String, Object> properties = new LinkedHashMap<>();
        properties.put("z", Map.of("const", 1));
        properties.put("a", Map.of("const", 2));
        Grammar grammar =
                Grammar.jsonSchema(Map.of("type", "object", "properties", properties, "required", List.of("a", "z")));
        GrammarVocabulary vocabulary = GrammarVocabulary.load(ModelSource.of(file("gpt2_q4_k_m")));
        assertThat(grammar.constraint(vocabulary)).isSameAs(grammar.constraint(vocabulary));
        // {"z":1,"a":2}
        grammar.constraint(vocabulary).begin(13);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> grammar.constraint(vocabulary).begin(12))
                .withMessageContaining("must be at least 13");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Grammar.jsonSchema(Map.of("const", new Object())))
                .withMessageContaining("must have values of JSON");
    }

    /** Where the text is fixed, a folder lets only the tokens of its tokenizer come. */
    @Test
    void aFolderDividesFixedTextAsItsTokenizerDoes() throws Exception {
        try (DecoderFolder decoder = DecoderFolder.open(file("qwen2_q4_k_m"))) {
            String text = "the name of a property, and größer";
            int[] expected = decoder.tokenizer().encodeRendered(text).ids();
            assertThat(expected.length).isLessThan(text.length());
            TokenConstraint.State state =
                    Grammar.text(text).constraint(decoder.vocabulary()).begin(60);
            BitSet allowed = new BitSet();
            for (int id : expected) {
                state.allowed(allowed);
                assertThat(allowed.stream()).containsExactly(id);
                state.accept(id);
            }
            assertThat(state.isComplete()).isTrue();
            Grammar.text(text)
                    .constraint(GrammarVocabulary.load(file("qwen2_q4_k_m")))
                    .begin(60)
                    .allowed(allowed);
            assertThat(allowed.cardinality()).isGreaterThan(1);
        }
    }

    @Test
    void grammarsAreComposed() throws Exception {
        GrammarVocabulary vocabulary = GrammarVocabulary.load(file("gpt2_q4_k_m"));
        Grammar grammar = Grammar.sequence(
                Grammar.anyOf(Grammar.text("a"), Grammar.jsonSchema("{\"const\": 1}")),
                Grammar.zeroOrMore(Grammar.token("!")));
        TokenConstraint.State state = grammar.constraint(vocabulary).begin(9);
        BitSet allowed = new BitSet();
        state.allowed(allowed);
        assertThat(allowed.stream().mapToObj(id -> new String(vocabulary.bytes(id), StandardCharsets.UTF_8)))
                .contains("a", "1")
                .doesNotContain("!", "2");
        assertThatIllegalArgumentException()
                .isThrownBy(Grammar::anyOf)
                .withMessageContaining("at least one text must fit");
    }

    @Test
    void nullIsRefusedByName() {
        assertThatNullPointerException().isThrownBy(() -> Grammar.text(none())).withMessage("text must not be null");
        assertThatNullPointerException().isThrownBy(() -> Grammar.token(none())).withMessage("text must not be null");
        assertThatNullPointerException()
                .isThrownBy(() -> Grammar.sequence(GrammarTest.<Grammar[]>none()))
                .withMessage("grammars must not be null");
        assertThatNullPointerException()
                .isThrownBy(() -> Grammar.anyOf(GrammarTest.<Grammar[]>none()))
                .withMessage("grammars must not be null");
        assertThatNullPointerException()
                .isThrownBy(() -> Grammar.zeroOrMore(none()))
                .withMessage("part must not be null");
        assertThatNullPointerException().isThrownBy(() -> Grammar.gbnf(none())).withMessage("grammar must not be null");
        assertThatNullPointerException()
                .isThrownBy(() -> Grammar.jsonSchema(GrammarTest.<String>none()))
                .withMessage("schema must not be null");
        assertThatNullPointerException()
                .isThrownBy(() -> Grammar.jsonSchema(GrammarTest.<Map<String, ?>>none()))
                .withMessage("schema must not be null");
        assertThatNullPointerException()
                .isThrownBy(() -> Grammar.json().constraint(none()))
                .withMessage("vocabulary must not be null");
        assertThatNullPointerException()
                .isThrownBy(() -> GrammarVocabulary.load(GrammarTest.<Path>none()))
                .withMessage("folder must not be null");
        assertThatExceptionOfType(NullPointerException.class)
                .isThrownBy(() -> GrammarVocabulary.load(GrammarTest.<ModelSource>none()))
                .withMessage("source must not be null");
    }

    @Test
    void stringsAsTheyAreNeedAStringThatFits() {
        assertThat(Grammar.strings(Map.of("type", "string", "format", "odd"), SchemaOptions.WRITING, "</x>")
                        .annotations())
                .containsExactly("format: odd");
        for (Map<String, ?> none : List.of(Map.of("type", "integer"), Map.of("const", "a</x>b"))) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> Grammar.strings(none, SchemaOptions.WRITING, "</x>"))
                    .withMessageContaining("at least one text must fit, found none");
        }
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Grammar.strings(Map.of("type", "string"), SchemaOptions.WRITING, ""))
                .withMessage("without must have at least one character, found an empty text");
    }

    @SuppressWarnings({"NullAway", "TypeParameterUnusedInFormals"})
    private static <T> T none() {
        return null;
    }
}
