package org.lora4j.text.grammar;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Objects;
import org.lora4j.io.ModelSource;
import org.lora4j.text.internal.grammar.TokenTrie;
import org.lora4j.text.internal.vocabulary.StoredTokens;

/**
 * The bytes of the tokens of a model, and its special and added tokens, for grammars. Load it once for a tokenizer: it
 * takes about a second and some 10 MB for 150,000 tokens. Immutable, so any number of threads and grammars can share it.
 */
public final class GrammarVocabulary {
    private final TokenTrie trie;
    private final boolean dropsFirstSpace;

    private GrammarVocabulary(StoredTokens tokens) {
        trie = new TokenTrie(tokens.bytes(), tokens.added());
        dropsFirstSpace = tokens.dropsFirstSpace();
    }

    /**
     * Reads the tokens of a model.
     *
     * @param source the files of the model, with {@code tokenizer.json}; or a GGUF file
     * @return the tokens
     * @throws IOException if they cannot be read, or have no bytes: the decoder must be byte-level, as that of GPT-2, or like
     *     SentencePiece
     */
    public static GrammarVocabulary load(ModelSource source) throws IOException {
        return new GrammarVocabulary(StoredTokens.read(Objects.requireNonNull(source, "source must not be null")));
    }

    /**
     * Reads the tokens of a model.
     *
     * @param folder a folder with {@code tokenizer.json}, or a GGUF file
     * @return the tokens
     * @throws IOException as {@link #load(ModelSource)}
     */
    public static GrammarVocabulary load(Path folder) throws IOException {
        return load(ModelSource.of(Objects.requireNonNull(folder, "folder must not be null")));
    }

    /**
     * Returns the number of tokens.
     *
     * @return the largest id of an ordinary token plus one
     */
    public int size() {
        return trie.size();
    }

    /**
     * Returns the bytes that a token adds to a text. They need not be whole characters.
     *
     * @param id the token
     * @return a new array; empty for a token that is special, added or unknown
     */
    public byte[] bytes(int id) {
        return id < 0 || id >= size() ? new byte[0] : trie.bytes(id).clone();
    }

    TokenTrie trie() {
        return trie;
    }

    boolean dropsFirstSpace() {
        return dropsFirstSpace;
    }

    @Override
    public String toString() {
        return "GrammarVocabulary(" + size() + " tokens)";
    }
}
