package org.lora4j.text.tokens.internal;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.google.re2j.Matcher;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.MessageText;

/**
 * Refuses a {@code tokenizer.json} that is known to end the JVM. Hugging Face's native library checks little of it, and an error
 * that it does not expect ends the process, not the call. What is refused here was found by trying files of random settings; it
 * is not all that a file can do.
 */
public final class TokenizerCheck {
    /** The native library needs 4 seconds for 30,000, and four times as long for twice as many. The models that have most have 6,400. */
    static final int MOST_ADDED_TOKENS = 30_000;

    /** The special tokens of a text: each text has them, however short it is. */
    static final int MOST_IDS_OF_TEMPLATE = 1_000;

    static final int MOST_ID = TokenizerFile.MOST_TOKENS - 1;

    /** The settings beside the vocabulary. The table of characters of a SentencePiece model has 0.5 MB. */
    private static final int MOST_BYTES_OF_SETTINGS = 16_000_000;

    private static final int SOME_CHARACTERS = 8_192;

    private static final List<String> TRIED =
            List.of("", "a", "ab", " ", "  a", "a b", "A1", ".", "\n", "\u2581a", "é京");
    private static final ObjectMapper MAPPER = new ObjectMapper();

    private final String name;
    private final byte[] content;
    private final List<String> normalizedTokens = new ArrayList<>();
    private JsonNode normalizer = MissingNode.getInstance();

    private TokenizerCheck(String name, byte[] content) {
        this.name = name;
        this.content = content;
    }

    /**
     * Checks a file.
     *
     * @param name its name, for messages
     * @param content its bytes
     * @throws IOException if it is no JSON, or is known to end the JVM
     */
    public static void require(String name, byte[] content) throws IOException {
        try {
            requireText(content);
            new TokenizerCheck(name, content).requireFields();
        } catch (CharacterCodingException e) {
            throw new IOException(
                    name + ": must be a file of Hugging Face's tokenizers, found text that is not UTF-8", e);
        } catch (JsonProcessingException e) {
            throw new IOException(
                    name + ": must be a file of Hugging Face's tokenizers, found no JSON: " + e.getOriginalMessage(),
                    e);
        }
    }

    /** Whoever reads the file as a text would put other characters in the place of wrong bytes. */
    private static void requireText(byte[] content) throws CharacterCodingException {
        CharsetDecoder decoder = StandardCharsets.UTF_8.newDecoder();
        ByteBuffer bytes = ByteBuffer.wrap(content);
        CharBuffer some = CharBuffer.allocate(SOME_CHARACTERS);
        CoderResult result;
        do {
            result = decoder.decode(bytes, some.clear(), true);
        } while (result.isOverflow());
        if (result.isError()) {
            result.throwException();
        }
    }

    private IOException refuse(String rule, String found) {
        return new IOException(
                name + ": " + rule + ", because another one can end the JVM; found " + MessageText.shorten(found));
    }

    private void requireFields() throws IOException {
        JsonValues fields = new JsonValues(content, 0, content.length);
        while (fields.next()) {
            String field = fields.name();
            switch (field) {
                case "added_tokens" -> requireAdded(fields);
                case "model" -> requireModel(fields);
                case "normalizer" -> {
                    normalizer = tree(fields);
                    require(field, normalizer);
                }
                case "pre_tokenizer", "post_processor", "decoder" -> require(field, tree(fields));
                default -> {
                    // The library reads nothing else that is known to end the JVM.
                }
            }
        }
        requireNormalizedTokens();
    }

    /** Reads a value, whose objects take many times its bytes. */
    private JsonNode tree(JsonValues values) throws IOException {
        int bytes = values.end() - values.begin();
        if (bytes > MOST_BYTES_OF_SETTINGS) {
            throw new IOException(name + ": the settings beside the vocabulary must have at most "
                    + MOST_BYTES_OF_SETTINGS + " bytes, found " + bytes);
        }
        return MAPPER.readTree(content, values.begin(), bytes);
    }

    private JsonValues within(JsonValues values) {
        return new JsonValues(content, values.begin(), values.end());
    }

    private boolean isObject(JsonValues values) {
        return content[values.begin()] == '{';
    }

    private void requireAdded(JsonValues field) throws IOException {
        if (isObject(field)) {
            return;
        }
        JsonValues all = within(field);
        for (int i = 0; all.next(); i++) {
            if (i == MOST_ADDED_TOKENS) {
                throw new IOException(name + ": must have at most " + MOST_ADDED_TOKENS
                        + " added tokens, which the native library searches for, found more");
            }
            JsonNode token = tree(all);
            requireId("added_tokens", token.path("id"));
            if (token.path("normalized").asBoolean()) {
                normalizedTokens.add(token.path("content").asText());
            }
        }
    }

    /** The library searches for what the normalizer makes of a token, and must find characters. */
    private void requireNormalizedTokens() throws IOException {
        List<JsonNode> changes = withType(normalizer).stream()
                .filter(one -> isOf(one, "Replace") || isOf(one, "Strip"))
                .toList();
        for (String token : changes.isEmpty() ? List.<String>of() : normalizedTokens) {
            String left = token;
            for (JsonNode one : changes) {
                left = isOf(one, "Strip") ? left.strip() : replaced(left, one);
            }
            if (left.isBlank()) {
                throw refuse("the normalizer must leave characters of each added token", MessageText.quote(token));
            }
        }
    }

    /** What a Replace makes of a text. A regular expression that takes more than linear time leaves it as it is. */
    private static String replaced(String text, JsonNode replace) {
        JsonNode pattern = replace.path("pattern");
        String content = replace.path("content").asText();
        if (pattern.has("String")) {
            return text.replace(pattern.path("String").asText(), content);
        }
        try {
            return com.google.re2j.Pattern.compile(pattern.path("Regex").asText())
                    .matcher(text)
                    .replaceAll(Matcher.quoteReplacement(content));
        } catch (com.google.re2j.PatternSyntaxException e) {
            return text;
        }
    }

    private void requireId(String where, JsonNode id) throws IOException {
        if (id.isNumber() && !(id.canConvertToLong() && id.asLong() >= 0 && id.asLong() <= MOST_ID)) {
            throw new IOException(name + ": " + where + ": the id of a token must be from 0 to " + MOST_ID + ", found "
                    + MessageText.shorten(id.toString()));
        }
    }

    private void require(String field, JsonNode settings) throws IOException {
        for (JsonNode one : withType(settings)) {
            switch (field) {
                case "normalizer" -> requireNormalizer(one);
                case "pre_tokenizer" -> {
                    if (isOf(one, "FixedLength") && one.path("length").asInt(1) < 1) {
                        throw refuse("the length of FixedLength must be at least 1", one.toString());
                    }
                }
                case "decoder" -> {
                    if (isOf(one, "Strip") && one.path("stop").asLong() > 0) {
                        throw refuse("a Strip in the decoder must have 0 as its stop", one.toString());
                    }
                }
                default -> requireProcessor(one);
            }
        }
    }

    /** Returns the value and all objects within it that say their type: a Sequence has a list of them, whose name differs. */
    private static List<JsonNode> withType(JsonNode settings) {
        List<JsonNode> found = new ArrayList<>();
        collectWithType(settings, found);
        return found;
    }

    private static void collectWithType(JsonNode node, List<JsonNode> found) {
        if (node.isObject() && node.path("type").isTextual()) {
            found.add(node);
        }
        node.forEach(child -> collectWithType(child, found));
    }

    private void requireNormalizer(JsonNode one) throws IOException {
        if (isOf(one, "Replace") && matchesNothing(one.path("pattern"))) {
            throw refuse(
                    "the pattern of a Replace must match at least one character",
                    one.path("pattern").toString());
        }
        if (isOf(one, "Prepend") && one.path("prepend").asText().isEmpty()) {
            throw refuse("a Prepend must have at least one character", one.toString());
        }
        if (isOf(one, "Precompiled")) {
            String found = CharacterMap.problem(one.path("precompiled_charsmap").asText(""));
            if (found != null) {
                throw refuse("the table of characters of Precompiled must be one of SentencePiece", found);
            }
        }
    }

    /** Whether a pattern matches an empty text somewhere. A regular expression of another dialect than Java's is not checked. */
    private static boolean matchesNothing(JsonNode pattern) {
        if (pattern.has("String")) {
            return pattern.path("String").asText().isEmpty();
        }
        String regex = pattern.path("Regex").asText();
        Pattern compiled = compile(regex);
        return compiled != null
                && TRIED.stream()
                        .anyMatch(text -> compiled.matcher(text).results().anyMatch(m -> m.start() == m.end()));
    }

    private static @Nullable Pattern compile(String regex) {
        try {
            return Pattern.compile(regex);
        } catch (PatternSyntaxException e) {
            return null;
        }
    }

    private void requireProcessor(JsonNode one) throws IOException {
        for (String token : List.of("sep", "cls")) {
            requireId("post_processor", one.path(token).path(1));
        }
        if (!isOf(one, "TemplateProcessing")) {
            return;
        }
        for (JsonNode token : one.path("special_tokens")) {
            for (JsonNode id : token.path("ids")) {
                requireId("post_processor", id);
            }
        }
        requireTemplate(one, "single", List.of("A"));
        requireTemplate(one, "pair", List.of("A", "B"));
    }

    private void requireTemplate(JsonNode processor, String template, List<String> sequences) throws IOException {
        long ids = 0;
        for (JsonNode piece : processor.path(template)) {
            JsonNode sequence = piece.path("Sequence");
            if (sequence.isObject() && !sequences.contains(sequence.path("id").asText())) {
                throw refuse("the template '" + template + "' must have only the texts " + sequences, piece.toString());
            }
            JsonNode special = piece.path("SpecialToken");
            JsonNode token =
                    processor.path("special_tokens").path(special.path("id").asText());
            if (special.isObject() && !token.isObject()) {
                throw refuse(
                        "each token of the template '" + template + "' must be one of special_tokens",
                        piece.toString());
            }
            ids += token.path("ids").size();
        }
        if (ids > MOST_IDS_OF_TEMPLATE) {
            throw new IOException(name + ": the template '" + template + "' must have at most " + MOST_IDS_OF_TEMPLATE
                    + " special tokens, found " + ids);
        }
    }

    /** Merges come after the prefix in all files that the native library writes, but need not. */
    private void requireModel(JsonValues field) throws IOException {
        if (!isObject(field)) {
            return;
        }
        String prefix = "";
        JsonValues merges = null;
        JsonValues settings = within(field);
        while (settings.next()) {
            if (settings.name().equals("continuing_subword_prefix")) {
                prefix = tree(settings).asText("");
            } else if (settings.name().equals("merges")) {
                merges = within(settings);
            }
        }
        if (merges != null && !prefix.isEmpty()) {
            if (!StandardCharsets.US_ASCII.newEncoder().canEncode(prefix)) {
                throw refuse("the continuing_subword_prefix of merges must be ASCII", MessageText.quote(prefix));
            }
            requireMerges(prefix, merges);
        }
    }

    private void requireMerges(String prefix, JsonValues merges) throws IOException {
        while (merges.next()) {
            JsonNode merge = tree(merges);
            String second = merge.isArray()
                    ? merge.path(1).asText()
                    : merge.asText().substring(merge.asText().indexOf(' ') + 1);
            if (!second.startsWith(prefix)) {
                throw refuse(
                        "the second part of each merge must begin with the prefix " + MessageText.quote(prefix),
                        MessageText.quote(second));
            }
        }
    }

    private static boolean isOf(JsonNode one, String type) {
        return one.path("type").asText().equals(type);
    }
}
