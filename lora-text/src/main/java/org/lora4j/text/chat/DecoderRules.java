package org.lora4j.text.chat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.lora4j.io.ModelSource;
import org.lora4j.text.internal.Json;
import org.lora4j.text.tokens.LongestToken;
import org.lora4j.text.tokens.Tokenizer;

/**
 * What the files of a decoder say about texts.
 *
 * @param name the name of the model
 * @param tokenizer its tokenizer, which cuts nothing
 * @param template its chat template; empty for none
 * @param endIds the tokens that end a text: {@code eos_token_id} of {@code config.json} and {@code generation_config.json}, and
 *     {@code eos_token}
 * @param maxLength the longest sequence that the model computes
 * @param longestToken the most characters of a token
 */
public record DecoderRules(
        String name,
        Tokenizer tokenizer,
        Optional<ChatTemplate> template,
        Set<Integer> endIds,
        int maxLength,
        int longestToken) {
    private static final String EOS = "eos_token_id";

    /**
     * Copies the set.
     *
     * @param name the name of the model
     * @param tokenizer its tokenizer
     * @param template its chat template
     * @param endIds the tokens that end a text
     * @param maxLength the longest sequence
     * @param longestToken the most characters of a token
     */
    public DecoderRules {
        Objects.requireNonNull(name, "name must not be null");
        Objects.requireNonNull(tokenizer, "tokenizer must not be null");
        Objects.requireNonNull(template, "template must not be null");
        endIds = Set.copyOf(Objects.requireNonNull(endIds, "endIds must not be null"));
    }

    /**
     * Reads the files of a model.
     *
     * @param source the files
     * @param tokenizer the tokenizer of the model
     * @param maxLength the longest sequence that the model computes
     * @return what they say
     * @throws IOException if a file cannot be read
     * @throws IllegalArgumentException if a file is wrong
     */
    public static DecoderRules read(ModelSource source, Tokenizer tokenizer, int maxLength) throws IOException {
        Objects.requireNonNull(source, "source must not be null");
        ChatTemplate template = template(source);
        return new DecoderRules(
                source.name(),
                tokenizer,
                Optional.ofNullable(template),
                endIds(source, tokenizer, template),
                maxLength,
                LongestToken.read(source));
    }

    private static @Nullable ChatTemplate template(ModelSource source) throws IOException {
        try {
            return ChatTemplate.load(source);
        } catch (FileNotFoundException e) {
            return null;
        }
    }

    private static Set<Integer> endIds(ModelSource source, Tokenizer tokenizer, @Nullable ChatTemplate template)
            throws IOException {
        Set<Integer> ids = new TreeSet<>();
        for (String file : new String[] {"config.json", "generation_config.json"}) {
            JsonNode json = Json.readIfExists(source, file);
            if (json != null) {
                JsonNode eos = json.path(EOS);
                if (eos.isInt()) {
                    ids.add(eos.intValue());
                }
                eos.forEach(id -> ids.add(id.asInt()));
            }
        }
        if (template != null) {
            template.specialToken("eos_token")
                    .ifPresent(token -> tokenizer.tokenId(token).ifPresent(ids::add));
        }
        return ids;
    }

    /**
     * Returns the most characters of a text that can be a prompt. A longer one is refused before it is turned into tokens.
     *
     * @return {@code maxLength} times {@code longestToken}
     */
    public long maxCharacters() {
        return (long) maxLength * longestToken;
    }
}
