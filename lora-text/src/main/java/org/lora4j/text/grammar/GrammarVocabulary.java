package org.lora4j.text.grammar;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.function.Function;
import org.lora4j.io.ModelSource;
import org.lora4j.text.grammar.internal.TokenTrie;
import org.lora4j.text.tokens.internal.StoredTokens;

/**
 * The bytes of the tokens of a model, and its special and added tokens, for grammars. Load it once for a tokenizer: it
 * takes about a second and some 10 MB for 150,000 tokens. Immutable, so any number of threads and grammars can share it.
 */
public final class GrammarVocabulary {
    private final TokenTrie trie;
    private final boolean dropsFirstSpace;
    private final Function<String, int[]> tokenizer;

    private GrammarVocabulary(TokenTrie trie, boolean dropsFirstSpace, Function<String, int[]> tokenizer) {
        this.trie = trie;
        this.dropsFirstSpace = dropsFirstSpace;
        this.tokenizer = tokenizer;
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
        StoredTokens tokens = StoredTokens.read(Objects.requireNonNull(source, "source must not be null"));
        return new GrammarVocabulary(
                new TokenTrie(tokens.bytes(), tokens.added()), tokens.dropsFirstSpace(), text -> new int[0]);
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
     * Returns the same tokens with the tokenizer of the model. Where a grammar fixes the text, as that of the names of properties, it
     * then allows only the tokens that the tokenizer divides the text into, which the model has learned, and for which {@link
     * org.lora4j.generate.TokenConstraint} needs no step of the model. {@link org.lora4j.text.DecoderFolder#grammars} has it.
     *
     * @param dividing returns the tokens of a text that stands alone, without special tokens; any number of threads can call it
     * @return the tokens
     */
    public GrammarVocabulary withTokenizer(Function<String, int[]> dividing) {
        return new GrammarVocabulary(
                trie, dropsFirstSpace, Objects.requireNonNull(dividing, "dividing must not be null"));
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

    /**
     * Returns the id of a special or added token.
     *
     * @param text the text of the token
     * @return its id; nothing if there is no such token
     */
    public OptionalInt token(String text) {
        Integer id = trie.added().get(Objects.requireNonNull(text, "text must not be null"));
        return id == null ? OptionalInt.empty() : OptionalInt.of(id);
    }

    Function<String, int[]> tokenizer() {
        return tokenizer;
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
