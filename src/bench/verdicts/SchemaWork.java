import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.lora4j.generate.TokenConstraint;
import org.lora4j.text.grammar.Grammar;
import org.lora4j.text.grammar.GrammarVocabulary;
import org.lora4j.text.grammar.SchemaOptions;

/** Reads the official tests of JSON Schema, and lets grammars decide, byte by byte. See src/bench/schemas, which starts it. */
public final class SchemaWork {
    private static final List<String> DRAFTS = List.of("draft4", "draft6", "draft7", "draft2019-09", "draft2020-12");

    /** They say that a format has no effect, which has one here. */
    private static final List<String> OTHER_RULES = List.of("format.json", "format-annotation.json", "format-assertion.json");

    private static final ObjectMapper JSON =
            new ObjectMapper()
                    .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
                    .setNodeFactory(JsonNodeFactory.withExactBigDecimals(true));

    private final GrammarVocabulary vocabulary;
    private final Map<String, Integer> refusals = new TreeMap<>();

    private SchemaWork(GrammarVocabulary vocabulary) {
        this.vocabulary = vocabulary;
    }

    public static void main(String[] args) throws IOException {
        SchemaWork work = new SchemaWork(bytes());
        for (String draft : DRAFTS) {
            work.compare(Path.of(args[0], draft));
        }
        work.refusals.forEach((cause, count) -> System.out.println("refused " + count + " " + cause));
    }

    /** A vocabulary whose tokens are the bytes, in the letters of GPT-2. */
    private static GrammarVocabulary bytes() throws IOException {
        ObjectNode file = JSON.createObjectNode();
        file.putObject("decoder").put("type", "ByteLevel");
        ObjectNode model = file.putObject("model").put("type", "BPE");
        model.putArray("merges");
        ObjectNode ids = model.putObject("vocab");
        int others = 256;
        for (int value = 0; value < 256; value++) {
            boolean isLetter = (value > ' ' && value < 127) || (value > 160 && value != 173);
            ids.put(Character.toString(isLetter ? value : others), value);
            others += isLetter ? 0 : 1;
        }
        Path folder = Files.createTempDirectory("bytes");
        Path tokens = folder.resolve("tokenizer.json");
        try {
            Files.writeString(tokens, file.toString());
            return GrammarVocabulary.load(folder);
        } finally {
            Files.deleteIfExists(tokens);
            Files.delete(folder);
        }
    }

    private void compare(Path draft) throws IOException {
        List<Path> files;
        try (Stream<Path> all = Files.walk(draft)) {
            files = all.filter(file -> file.toString().endsWith(".json"))
                    .filter(file -> !OTHER_RULES.contains(file.getFileName().toString()))
                    .sorted()
                    .toList();
        }
        int[] counts = new int[3];
        for (Path file : files) {
            for (JsonNode group : JSON.readTree(file.toFile())) {
                compare(draft.relativize(file) + ": " + group.get("description").asText(), group, draft, counts);
            }
        }
        System.out.println(draft.getFileName() + ": " + counts[0] + " schemas refused, " + counts[1] + " verdicts right, "
                + counts[2] + " wrong");
    }

    private void compare(String name, JsonNode group, Path draft, int[] counts) {
        TokenConstraint constraint;
        try {
            constraint = Grammar.jsonSchema(
                            dated(group.get("schema"), draft.getFileName().toString()).toString(),
                            SchemaOptions.STANDARD.withAnyOrder())
                    .constraint(vocabulary);
        } catch (IllegalArgumentException e) {
            boolean isNever = e.getMessage().contains("found none that ends")
                    && group.get("tests").valueStream().noneMatch(test -> test.get("valid").asBoolean());
            counts[isNever ? 1 : 0] += isNever ? group.get("tests").size() : 1;
            if (!isNever) {
                refusals.merge(e.getMessage().replaceAll("(?s)^JSON Schema, #[^ ]*?([^/ ]*): (.*?), found .*", "$1: $2"), 1, Integer::sum);
            }
            return;
        }
        for (JsonNode test : group.get("tests")) {
            boolean isRight = accepts(constraint, test.get("data").toString()) == test.get("valid").asBoolean();
            counts[isRight ? 1 : 2]++;
            if (!isRight) {
                System.out.println("wrong " + name + ": " + test);
            }
        }
    }

    /** Drafts differ, and the tests of old ones do not say which one they are of. */
    private static JsonNode dated(JsonNode schema, String draft) {
        if (!(schema instanceof ObjectNode object) || object.has("$schema")) {
            return schema;
        }
        String year = draft.substring("draft".length());
        ObjectNode dated = JSON.createObjectNode();
        dated.put(
                "$schema",
                year.length() > 1
                        ? "https://json-schema.org/draft/" + year + "/schema"
                        : "http://json-schema.org/draft-0" + year + "/schema#");
        dated.setAll(object);
        return dated;
    }

    private static boolean accepts(TokenConstraint constraint, String text) {
        TokenConstraint.State state = constraint.begin(Integer.MAX_VALUE);
        BitSet allowed = new BitSet();
        for (byte value : text.getBytes(StandardCharsets.UTF_8)) {
            state.allowed(allowed);
            if (!allowed.get(Byte.toUnsignedInt(value))) {
                return false;
            }
            state.accept(Byte.toUnsignedInt(value));
        }
        return state.isComplete();
    }
}
