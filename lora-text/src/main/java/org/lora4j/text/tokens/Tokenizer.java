package org.lora4j.text.tokens;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalInt;
import org.lora4j.io.GgufSource;
import org.lora4j.io.ModelSource;
import org.lora4j.io.internal.FileAccess;
import org.lora4j.nn.input.Sequences;
import org.lora4j.text.internal.TextCheck;
import org.lora4j.text.tokens.internal.TokenizerFile;

/**
 * The tokenizer of a model: Hugging Face's {@code tokenizer.json}. It adds the special tokens. Nothing is downloaded. Half a
 * character, a surrogate that stands alone, counts as U+FFFD.
 *
 * <p>It cuts and pads nothing, unless the program asks for it with {@link #withMaxTokens}. The {@code truncation} and the
 * {@code padding} of the file have no effect: they are what a program once set that stored the file, and Python's call of a
 * tokenizer ignores them too. A text that is too long loses its end, and keeps its special tokens.
 *
 * <p>Any number of threads can use a tokenizer at the same time. {@link #close} frees its native memory.
 */
public final class Tokenizer implements AutoCloseable {
    /** The name of the file of a tokenizer. */
    public static final String FILE = TokenizerFile.NAME;

    /** The texts of a call of the native library, which uses several threads. */
    private static final int TEXTS_AT_A_TIME = 64;

    private static final int GROWTH = 4;

    static final int MOST_BYTES = TokenizerFile.MOST_BYTES;

    private final TextEncoder tokenizer;
    private final int specialTokens;
    private final int maxTokens;

    private Tokenizer(TextEncoder tokenizer, int specialTokens, int maxTokens) {
        this.tokenizer = tokenizer;
        this.specialTokens = specialTokens;
        this.maxTokens = maxTokens;
    }

    /**
     * Loads a tokenizer that cuts nothing.
     *
     * @param folder a folder with {@code tokenizer.json}, or this file; or a GGUF file, which may have a vocabulary alone
     * @return the tokenizer
     * @throws IOException if the file cannot be read or is not one of Hugging Face's tokenizers, or the native library cannot be
     *     loaded
     */
    public static Tokenizer load(Path folder) throws IOException {
        Objects.requireNonNull(folder, "folder must not be null");
        if (GgufSource.is(folder)) {
            return load(GgufSource.of(folder));
        }
        Path file = Files.isDirectory(folder) ? folder.resolve(FILE) : folder;
        return create(file.toString(), FileAccess.readAtMost(file, MOST_BYTES));
    }

    /**
     * Returns whether a model has a tokenizer.
     *
     * @param source the files of the model
     * @return true if {@link #load(ModelSource)} finds one
     * @throws IOException if this cannot be found out
     */
    public static boolean isIn(ModelSource source) throws IOException {
        return source instanceof GgufSource || source.has(FILE);
    }

    /**
     * Loads a tokenizer that cuts at a number of tokens.
     *
     * @param folder a folder with {@code tokenizer.json}, or this file
     * @param maxTokens the most tokens of a text, with the special ones
     * @return the tokenizer
     * @throws IOException as {@link #load(Path)}
     * @throws IllegalArgumentException as {@link #withMaxTokens}
     */
    public static Tokenizer load(Path folder, int maxTokens) throws IOException {
        return load(folder).limited(maxTokens);
    }

    /**
     * Loads a tokenizer that cuts nothing.
     *
     * @param source the files of a model, with {@code tokenizer.json}; or a GGUF file, whose tokens are those that llama.cpp computes
     * @return the tokenizer
     * @throws IOException as {@link #load(Path)}, or if the GGUF file has no tokenizer that this library computes
     */
    public static Tokenizer load(ModelSource source) throws IOException {
        Objects.requireNonNull(source, "source must not be null");
        if (source instanceof GgufSource gguf) {
            return create(GgufTokenizer.read(gguf.keys()));
        }
        try (InputStream in = source.open(FILE)) {
            return create(source.describe(FILE), in.readNBytes(MOST_BYTES + 1));
        }
    }

    /**
     * Reads a tokenizer that cuts nothing.
     *
     * @param file the content of {@code tokenizer.json}
     * @return the tokenizer
     * @throws IOException as {@link #load(Path)}
     */
    public static Tokenizer read(InputStream file) throws IOException {
        Objects.requireNonNull(file, "file must not be null");
        return create(FILE, file.readNBytes(MOST_BYTES + 1));
    }

    private static Tokenizer create(String name, byte[] content) throws IOException {
        if (content.length > MOST_BYTES) {
            throw new IOException(name + ": must have at most " + MOST_BYTES + " bytes, found more");
        }
        return create(NativeTokenizer.load(name, content));
    }

    private static Tokenizer create(TextEncoder tokenizer) {
        return new Tokenizer(tokenizer, tokenizer.encode("", true).special(), Integer.MAX_VALUE);
    }

    /**
     * Returns a tokenizer that cuts texts.
     *
     * @param tokens the most tokens of a text, with the special ones
     * @return a tokenizer with the same native memory; closing one of both closes the other
     * @throws IllegalArgumentException if the number leaves no token for a text
     */
    public Tokenizer withMaxTokens(int tokens) {
        if (tokens <= specialTokens) {
            throw new IllegalArgumentException(
                    "maxTokens must be more than the " + specialTokens + " special tokens of a text, found " + tokens);
        }
        return new Tokenizer(tokenizer, specialTokens, tokens);
    }

    /** Cuts from now on; if that is not possible, the native memory is freed. */
    Tokenizer limited(int most) {
        try {
            return withMaxTokens(most);
        } catch (IllegalArgumentException e) {
            close();
            throw e;
        }
    }

    /**
     * Returns where texts are cut.
     *
     * @return the most tokens of a text, with the special ones; {@link Integer#MAX_VALUE} if nothing is cut
     */
    public int maxTokens() {
        return maxTokens;
    }

    /**
     * Returns the number of special tokens of a text.
     *
     * @return for example 2 for {@code [CLS]} and {@code [SEP]}
     */
    public int specialTokens() {
        return specialTokens;
    }

    /**
     * Returns the id of a special token.
     *
     * @param token its text, such as {@code <|im_end|>}
     * @return the id; empty if this text is not one token
     */
    public OptionalInt tokenId(String token) {
        Objects.requireNonNull(token, "token must not be null");
        int[] found = tokenizer.encode(TextCheck.wellFormed(token), false).ids();
        return found.length == 1 && decode(found, false).strip().equals(token)
                ? OptionalInt.of(found[0])
                : OptionalInt.empty();
    }

    /**
     * Returns the tokens of a text, with the special tokens.
     *
     * @param text the text; an empty one has the special tokens alone
     * @return its tokens
     * @throws IllegalStateException if the tokenizer was closed
     */
    public TokenizedText encode(String text) {
        Objects.requireNonNull(text, "text must not be null");
        return encode(text, true);
    }

    /**
     * Returns the tokens of a text without special tokens at its ends, as for a rendered chat template, which has its own.
     *
     * @param text the text; special tokens that are written in it are found
     * @return its tokens
     * @throws IllegalStateException if the tokenizer was closed
     */
    public TokenizedText encodeRendered(String text) {
        Objects.requireNonNull(text, "text must not be null");
        return encode(text, false);
    }

    private TokenizedText encode(String text, boolean special) {
        return cut(tokenizer.encode(beginning(text), special));
    }

    /** The text as it is tokenized: as a whole if nothing of it is cut. One token more than is kept shows that the text was cut. */
    private String beginning(String text) {
        String wellFormed = TextCheck.wellFormed(text);
        return maxTokens == Integer.MAX_VALUE ? wellFormed : tokenizer.beginning(wellFormed, maxTokens + 1);
    }

    private TokenizedText cut(NativeTokens all) {
        int room = maxTokens - all.special();
        boolean isCut = all.count(0) > room;
        return tokenized(isCut ? all.first(room, 0) : all, isCut);
    }

    /**
     * Returns the ids of the tokens of a text alone, with far less memory than {@link #encode(String)} takes.
     *
     * @param text the text
     * @param special whether the special tokens are added at its ends
     * @return the ids, of the whole text
     */
    public int[] ids(String text, boolean special) {
        return tokenizer.ids(TextCheck.wellFormed(text), special);
    }

    /**
     * Returns the tokens of a pair of texts, for models that compare two. If both are too long together, tokens are cut from
     * the longer one first.
     *
     * @param first the first text
     * @param second the second text
     * @return the tokens of both
     * @throws IllegalStateException if the tokenizer was closed
     */
    public TokenizedText encode(String first, String second) {
        Objects.requireNonNull(first, "first must not be null");
        Objects.requireNonNull(second, "second must not be null");
        return encodePairs(List.of(new TextPair(first, second))).get(0);
    }

    /**
     * Returns the tokens of pairs of texts.
     *
     * @param pairs the pairs
     * @return the tokens of each
     * @throws NullPointerException if a pair is null; the message names it
     * @throws IllegalStateException if the tokenizer was closed
     */
    public List<TokenizedText> encodePairs(List<TextPair> pairs) {
        TextCheck.requireAll("pairs", pairs);
        List<TokenizedText> result = new ArrayList<>(pairs.size());
        for (int from = 0; from < pairs.size(); from += TEXTS_AT_A_TIME) {
            List<TextPair> some = pairs.subList(from, Math.min(pairs.size(), from + TEXTS_AT_A_TIME));
            List<TextPair> given = some.stream()
                    .map(pair -> new TextPair(beginning(pair.first()), beginning(pair.second())))
                    .toList();
            List<NativeTokens> all = tokenizer.encodePairs(given);
            for (int i = 0; i < all.size(); i++) {
                result.add(cut(all.get(i), given.get(i), some.get(i)));
            }
        }
        return result;
    }

    /**
     * Returns the tokens of texts, with the special tokens.
     *
     * @param texts the texts
     * @return the tokens of each
     * @throws NullPointerException if a text is null; the message names it
     * @throws IllegalStateException if the tokenizer was closed
     */
    public List<TokenizedText> encode(List<String> texts) {
        TextCheck.requireAll("texts", texts);
        List<TokenizedText> result = new ArrayList<>(texts.size());
        encodeAll(texts, (i, tokens) -> result.add(tokens));
        return result;
    }

    /**
     * Returns texts as a batch for a network.
     *
     * @param texts the texts, at least one
     * @return a sequence for each text
     * @throws IllegalArgumentException if there is no text, or one has no tokens
     * @throws NullPointerException if a text is null; the message names it
     * @throws IllegalStateException if the tokenizer was closed
     */
    public Sequences sequences(List<String> texts) {
        TextCheck.requireAll("texts", texts);
        int[][] ids = new int[texts.size()][];
        encodeAll(texts, (i, tokens) -> {
            ids[i] = tokens.ids();
            if (ids[i].length == specialTokens) {
                throw new IllegalArgumentException("each text must have at least one token, found none in text " + i
                        + "; leave out texts of spaces and control characters");
            }
        });
        return Sequences.of(ids);
    }

    /**
     * Returns pairs of texts as a batch for a network that compares two. The types of the tokens tell the texts apart, if the
     * model does so.
     *
     * @param pairs the pairs, at least one
     * @return a sequence for each pair
     * @throws IllegalArgumentException if there is no pair, or one has only special tokens
     * @throws NullPointerException if a pair is null; the message names it
     * @throws IllegalStateException if the tokenizer was closed
     */
    public Sequences pairSequences(List<TextPair> pairs) {
        return pairSequences(pairs, true);
    }

    /** The same, with or without the types of the tokens. */
    Sequences pairSequences(List<TextPair> pairs, boolean hasTypes) {
        List<TokenizedText> tokens = encodePairs(pairs);
        int special = encode("", "").size();
        for (int i = 0; i < tokens.size(); i++) {
            if (tokens.get(i).size() == special) {
                throw new IllegalArgumentException("each pair must have at least one token, found none in pair " + i
                        + "; leave out texts of spaces and control characters");
            }
        }
        return Sequences.of(
                tokens.stream().map(TokenizedText::ids).toArray(int[][]::new),
                null,
                hasTypes ? tokens.stream().map(TokenizedText::types).toArray(int[][]::new) : null);
    }

    private interface Sink {
        void accept(int index, TokenizedText tokens);
    }

    private void encodeAll(List<String> texts, Sink sink) {
        for (int from = 0; from < texts.size(); from += TEXTS_AT_A_TIME) {
            List<String> some = texts.subList(from, Math.min(texts.size(), from + TEXTS_AT_A_TIME)).stream()
                    .map(this::beginning)
                    .toList();
            List<NativeTokens> all = tokenizer.encode(some);
            for (int i = 0; i < all.size(); i++) {
                sink.accept(from + i, cut(all.get(i)));
            }
        }
    }

    /**
     * Cuts a pair as Python does: the longer text first, until both have half of the room.
     *
     * @param given the beginnings, whose tokens these are
     */
    private TokenizedText cut(NativeTokens all, TextPair given, TextPair pair) {
        int room = maxTokens - all.special();
        int first = all.count(0);
        int second = all.count(1);
        if (first + (long) second <= room) {
            return tokenized(all, false);
        }
        int half = room / 2;
        if (Math.min(first, second) <= half) {
            return tokenized(first <= second ? all.first(first, room - first) : all.first(room - second, second), true);
        }
        // The longer text gets the odd token.
        boolean isWhole = given.first().length() == pair.first().length()
                && given.second().length() == pair.second().length();
        boolean firstIsLonger = room % 2 == 1 && (isWhole ? first > second : firstIsLonger(pair));
        return tokenized(firstIsLonger ? all.first(room - half, half) : all.first(half, room - half), true);
    }

    /** Whether the first text has more tokens. The beginnings of both grow until the shorter one ends. */
    private boolean firstIsLonger(TextPair pair) {
        String first = TextCheck.wellFormed(pair.first());
        String second = TextCheck.wellFormed(pair.second());
        for (int tokens = maxTokens; ; tokens *= GROWTH) {
            if (tokenizer.beginning(first, tokens).length() == first.length()) {
                int all = tokens(first);
                return tokens(tokenizer.beginning(second, all)) < all;
            }
            if (tokenizer.beginning(second, tokens).length() == second.length()) {
                int all = tokens(second);
                return tokens(tokenizer.beginning(first, all + 1)) > all;
            }
        }
    }

    private int tokens(String text) {
        return tokenizer.ids(text, false).length;
    }

    private static TokenizedText tokenized(NativeTokens tokens, boolean isCut) {
        return new TokenizedText(tokens.ids(), tokens.types(), isCut);
    }

    /**
     * Returns the text of tokens, without the special ones.
     *
     * @param ids the tokens
     * @return their text; U+FFFD stands for bytes that are not UTF-8
     * @throws IllegalArgumentException if a token is negative
     * @throws IllegalStateException if the tokenizer was closed
     */
    public String decode(int[] ids) {
        return decode(ids, true);
    }

    /**
     * Returns the text of tokens.
     *
     * @param ids the tokens
     * @param skipSpecial whether the special tokens are left out
     * @return their text; U+FFFD stands for bytes that are not UTF-8
     * @throws IllegalArgumentException if a token is negative
     * @throws IllegalStateException if the tokenizer was closed
     */
    public String decode(int[] ids, boolean skipSpecial) {
        Objects.requireNonNull(ids, "ids must not be null");
        for (int id : ids) {
            if (id < 0) {
                throw new IllegalArgumentException("ids: a token must be at least 0, found " + id);
            }
        }
        return tokenizer.decode(ids, skipSpecial);
    }

    /**
     * Returns a decoder for tokens that come one by one.
     *
     * @return a decoder for one text
     */
    public TokenStream stream() {
        return new TokenStream(this, Map.of());
    }

    /**
     * Returns a decoder for tokens that come one by one, which leaves some special tokens in the text.
     *
     * @param kept the texts of the special tokens, such as {@link org.lora4j.text.tools.ToolFormat#marks}; those that are no special
     *     token of this tokenizer change nothing
     * @return a decoder for one text
     */
    public TokenStream stream(List<String> kept) {
        Objects.requireNonNull(kept, "kept must not be null");
        Map<Integer, String> texts = new HashMap<>();
        for (String text : kept) {
            tokenId(text).stream()
                    .filter(id -> decode(new int[] {id}).isEmpty())
                    .forEach(id -> texts.put(id, text));
        }
        return new TokenStream(this, texts);
    }

    /**
     * Returns where the tokens of a text begin, without special ones. The two halves of a character count as one.
     *
     * @param text the text
     * @return the character at which each token begins; −1 for a token without one
     */
    public int[] starts(String text) {
        return tokenizer.spans(TextCheck.wellFormed(text), false).starts();
    }

    /**
     * Returns the tokens of a whole text, with the special ones, and where each one lies in the text. The offsets are those of Java's
     * strings, in UTF-16.
     *
     * @param text the text
     * @return its tokens; nothing is cut
     * @throws IllegalStateException if the tokenizer was closed
     */
    public TokenOffsets offsets(String text) {
        Objects.requireNonNull(text, "text must not be null");
        String wellFormed = TextCheck.wellFormed(text);
        return offsets(wellFormed, TokenOffsets.places(wellFormed));
    }

    /** The offsets in another text, whose places the characters of the tokenized one have. */
    TokenOffsets offsets(String text, int[] places) {
        String wellFormed = TextCheck.wellFormed(text);
        return TokenOffsets.of(tokenizer.encode(wellFormed, true), tokenizer.spans(wellFormed, true), places);
    }

    /** Frees the native memory, after the calls that use it now. A second call has no effect. */
    @Override
    public void close() {
        tokenizer.close();
    }
}
