package org.lora4j.text.tokens.internal;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.lora4j.io.GgufSource;
import org.lora4j.io.ModelSource;
import org.lora4j.io.gguf.internal.GgufKeys;
import org.lora4j.io.gguf.model.GgufException;

/**
 * The bytes that each token of a model adds to a text, and its special and added tokens.
 *
 * @param bytes those of each token; null for special and added tokens, and those that are not used
 * @param added the ids of special and added tokens, by their texts
 * @param dropsFirstSpace whether the first space of a text is not printed
 */
public record StoredTokens(List<byte @Nullable []> bytes, Map<String, Integer> added, boolean dropsFirstSpace) {
    /**
     * Reads the tokens of a model.
     *
     * @throws IOException if they cannot be read, or are no bytes, as those of BERT
     */
    public static StoredTokens read(ModelSource source) throws IOException {
        return source instanceof GgufSource gguf ? of(gguf.keys()) : TokenizerFile.read(source);
    }

    /**
     * Reads the tokens of a GGUF file.
     *
     * @throws GgufException if there are none, or they are no bytes
     */
    public static StoredTokens of(GgufKeys keys) throws GgufException {
        VocabularyTokens tokens = VocabularyTokens.read(keys);
        if (tokens.isWordPiece()) {
            throw keys.refuse(Vocabulary.MODEL, "must be gpt2 or llama, whose tokens are bytes", "bert");
        }
        Vocabulary vocabulary = tokens.vocabulary();
        List<byte @Nullable []> bytes = new ArrayList<>(vocabulary.size());
        Map<String, Integer> added = new LinkedHashMap<>();
        for (int id = 0; id < vocabulary.size(); id++) {
            boolean isAdded = vocabulary.isControl(id) || vocabulary.isUserDefined(id);
            bytes.add(isAdded || vocabulary.isUnused(id) ? null : tokens.bytes(id));
            if (isAdded) {
                added.put(vocabulary.text(id), id);
            }
        }
        return new StoredTokens(bytes, added, tokens.addsSpace());
    }
}
