package org.lora4j.text.tokens.internal;

import org.lora4j.internal.MessageText;
import org.lora4j.io.gguf.model.GgufException;

/** Divides texts without special tokens into tokens. Thread-safe. */
interface TokenModel {
    /**
     * Adds the tokens of a text.
     *
     * @param text a text without lone surrogates and without special tokens
     * @param afterSpecial whether it is at the beginning, or behind a special token
     */
    void encode(String text, boolean afterSpecial, TokenList to);

    /** The bytes that a token stands for in a text. */
    byte[] bytes(int id);

    /** Whether a text begins with a token unless the file says otherwise. */
    boolean begins();

    /** Whether the first space of a decoded text is not one of the text. */
    boolean addsSpace();

    /**
     * Creates the model that a file names.
     *
     * @throws GgufException if it is one that this library does not compute
     */
    static TokenModel of(Vocabulary vocabulary) throws GgufException {
        String model = vocabulary
                .keys()
                .text(Vocabulary.MODEL)
                .orElseThrow(
                        () -> vocabulary.keys().refuse(Vocabulary.MODEL, "must be there for texts", "no such key"));
        return switch (model) {
            case "gpt2" -> BytePairs.of(vocabulary);
            case "llama" -> SentencePieces.of(vocabulary);
            case "bert" -> new WordPieces(vocabulary);
            default ->
                throw vocabulary
                        .keys()
                        .refuse(
                                Vocabulary.MODEL,
                                "must be gpt2, llama or bert, whose tokens this library computes",
                                MessageText.quote(model));
        };
    }
}
