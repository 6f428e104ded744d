package org.lora4j.text;

import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.djl.util.PairList;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.function.Function;
import java.util.stream.LongStream;
import org.lora4j.io.FileAccess;
import org.lora4j.nn.input.Sequences;

/**
 * The tokenizer of a model folder: Hugging Face's {@code tokenizer.json}. It adds the special tokens, and cuts texts that are
 * longer than {@link #maxTokens}. Nothing is downloaded. Half a character, a surrogate that stands alone, counts as U+FFFD.
 *
 * <p>Any number of threads can use a tokenizer at the same time. {@link #close} frees its native memory.
 */
public final class Tokenizer implements AutoCloseable {
    static final String FILE = "tokenizer.json";

    /** The native library returns far more than the ids, so it gets a few texts at a time. */
    private static final int TEXTS_AT_A_TIME = 64;

    private static final int LONGEST_BY_DEFAULT = 512;

    /** Vocabularies of 250,000 tokens have 20 MB. */
    static final int MOST_BYTES = 200_000_000;

    private final NativeTokenizer tokenizer;
    private final int specialTokens;
    private final int maxTokens;

    private Tokenizer(NativeTokenizer tokenizer) {
        this.tokenizer = tokenizer;
        specialTokens = tokenizer.use(t -> t.encode("").getIds().length);
        maxTokens = tokenizer.use(t -> t.getMaxLength());
    }

    /**
     * Loads a tokenizer that cuts where its file says; it cuts nothing if the file says nothing.
     *
     * @param folder a folder with {@code tokenizer.json}, or this file
     * @return the tokenizer
     * @throws IOException if the file cannot be read or is not one of Hugging Face's tokenizers
     */
    public static Tokenizer load(Path folder) throws IOException {
        return load(folder, Map.of("modelMaxLength", String.valueOf(Integer.MAX_VALUE)));
    }

    /**
     * Loads a tokenizer that cuts at a number of tokens.
     *
     * @param folder a folder with {@code tokenizer.json}, or this file
     * @param maxTokens the most tokens of a text, with the special ones
     * @return the tokenizer
     * @throws IOException as {@link #load(Path)}
     * @throws IllegalArgumentException if the number leaves no token for a text
     */
    public static Tokenizer load(Path folder, int maxTokens) throws IOException {
        return load(folder, exactly(maxTokens, Integer.MAX_VALUE)).requireRoom(maxTokens);
    }

    /**
     * Reads a tokenizer for a model, from stores other than folders.
     *
     * @param file the content of {@code tokenizer.json}
     * @param positions the longest sequence that the model takes
     * @param maxTokens the most tokens of a text, at most {@code positions}; 0 for where the file cuts, or 512 if it does not,
     *     and at most {@code positions}
     * @return the tokenizer
     * @throws IOException as {@link #load(Path)}
     * @throws IllegalArgumentException if {@code maxTokens} is out of range, or leaves no token for a text
     */
    public static Tokenizer read(InputStream file, int positions, int maxTokens) throws IOException {
        Objects.requireNonNull(file, "file must not be null");
        Map<String, String> length = length(positions, maxTokens);
        return create(FILE, file.readNBytes(MOST_BYTES + 1), length).requireRoom(maxTokens);
    }

    static Tokenizer load(Path folder, int positions, int maxTokens) throws IOException {
        return load(folder, length(positions, maxTokens)).requireRoom(maxTokens);
    }

    private static Map<String, String> length(int positions, int maxTokens) {
        return maxTokens == 0
                ? Map.of("modelMaxLength", String.valueOf(Math.min(positions, LONGEST_BY_DEFAULT)))
                : exactly(maxTokens, positions);
    }

    private static Map<String, String> exactly(int maxTokens, int positions) {
        requireWithin(positions, maxTokens);
        return Map.of("modelMaxLength", String.valueOf(maxTokens), "maxLength", String.valueOf(maxTokens));
    }

    static void requireWithin(int positions, int maxTokens) {
        if (maxTokens < 1 || maxTokens > positions) {
            throw new IllegalArgumentException(
                    "maxTokens must be between 1 and the " + positions + " positions of the model, found " + maxTokens);
        }
    }

    private static Tokenizer load(Path folder, Map<String, String> length) throws IOException {
        Objects.requireNonNull(folder, "folder must not be null");
        Path file = Files.isDirectory(folder) ? folder.resolve(FILE) : folder;
        return create(file.toString(), FileAccess.readAtMost(file, MOST_BYTES), length);
    }

    private static Tokenizer create(String name, byte[] content, Map<String, String> length) throws IOException {
        if (content.length > MOST_BYTES) {
            throw new IOException(name + ": must have at most " + MOST_BYTES + " bytes, found more");
        }
        Map<String, String> options = new HashMap<>(length);
        options.put("stride", "0");
        try {
            return new Tokenizer(NativeTokenizer.load(content, options));
        } catch (RuntimeException e) {
            throw new IOException(name + ": must be a file of Hugging Face's tokenizers, found " + e.getMessage(), e);
        }
    }

    private Tokenizer requireRoom(int most) {
        if (most != 0 && most <= specialTokens) {
            close();
            throw new IllegalArgumentException(
                    "maxTokens must be more than the " + specialTokens + " special tokens of a text, found " + most);
        }
        return this;
    }

    /**
     * Returns where texts are cut.
     *
     * @return the most tokens of a text, with the special ones
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
        int[] found = ids(tokenizer.use(t -> t.encode(token, false, false)));
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
        String wellFormed = TextCheck.wellFormed(text);
        Encoding encoding = tokenizer.use(t -> t.encode(wellFormed, special, false));
        return tokenized(encoding, cut(text, encoding));
    }

    /**
     * Returns the ids of the tokens of a text alone, with far less memory than {@link #encode(String)} takes.
     *
     * @param special whether the special tokens are added at its ends
     */
    int[] ids(String text, boolean special) {
        return ints(tokenizer.ids(TextCheck.wellFormed(text), special));
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
            PairList<String, String> given = new PairList<>();
            some.forEach(pair -> given.add(TextCheck.wellFormed(pair.first()), TextCheck.wellFormed(pair.second())));
            Encoding[] encodings = tokenizer.use(t -> t.batchEncode(given, true, false));
            for (int i = 0; i < encodings.length; i++) {
                int cut = encodings[i].exceedMaxLength()
                        ? textTokens(given.keyAt(i)) + textTokens(given.valueAt(i)) - kept(encodings[i])
                        : 0;
                result.add(tokenized(encodings[i], cut));
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
        encodeAll(texts, (i, encoding) -> result.add(tokenized(encoding, cut(texts.get(i), encoding))));
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
        encodeAll(texts, (i, encoding) -> {
            ids[i] = ids(encoding);
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
                tokens.stream().map(TokenizedText::types).toArray(int[][]::new));
    }

    private interface Sink {
        void accept(int index, Encoding encoding);
    }

    private void encodeAll(List<String> texts, Sink sink) {
        for (int from = 0; from < texts.size(); from += TEXTS_AT_A_TIME) {
            List<String> some = texts.subList(from, Math.min(texts.size(), from + TEXTS_AT_A_TIME)).stream()
                    .map(TextCheck::wellFormed)
                    .toList();
            Encoding[] encodings = tokenizer.use(t -> t.batchEncode(some));
            for (int i = 0; i < encodings.length; i++) {
                sink.accept(from + i, encodings[i]);
            }
        }
    }

    private int cut(String text, Encoding encoding) {
        return encoding.exceedMaxLength() ? textTokens(TextCheck.wellFormed(text)) - kept(encoding) : 0;
    }

    /** The number of tokens of a whole text, without the special ones. */
    private int textTokens(String text) {
        Encoding encoding = tokenizer.use(t -> t.encode(text, false, true));
        return encoding.getIds().length
                + Arrays.stream(encoding.getOverflowing())
                        .mapToInt(part -> part.getIds().length)
                        .sum();
    }

    private static int kept(Encoding encoding) {
        return (int) LongStream.of(encoding.getSpecialTokenMask())
                .filter(special -> special == 0)
                .count();
    }

    private static TokenizedText tokenized(Encoding encoding, int cut) {
        return new TokenizedText(ids(encoding), ints(encoding.getTypeIds()), cut);
    }

    private static int[] ids(Encoding encoding) {
        return ints(encoding.getIds());
    }

    private static int[] ints(long[] values) {
        return LongStream.of(values).mapToInt(Math::toIntExact).toArray();
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
        return tokenizer.use(t -> t.decode(Arrays.stream(ids).asLongStream().toArray(), skipSpecial));
    }

    /**
     * Returns a decoder for tokens that come one by one.
     *
     * @return a decoder for one text
     */
    public TokenStream stream() {
        return new TokenStream(this);
    }

    /** Uses the native tokenizer, for what needs more than the ids. */
    <T> T use(Function<HuggingFaceTokenizer, T> call) {
        return tokenizer.use(call);
    }

    /** Frees the native memory, after the calls that use it now. A second call has no effect. */
    @Override
    public void close() {
        tokenizer.close();
    }
}
