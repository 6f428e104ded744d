package org.lora4j.cli.language;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import org.lora4j.cli.train.DataFile;
import org.lora4j.io.FileAccess;
import org.lora4j.text.Conversation;
import org.lora4j.text.Dataset;
import org.lora4j.text.DecoderFolder;
import org.lora4j.text.DecoderTokens;
import org.lora4j.text.Split;
import org.lora4j.text.TextPair;
import org.lora4j.text.TextRow;
import org.lora4j.text.TokenExample;

/**
 * The examples for a language model.
 *
 * @param train the examples for training
 * @param validation those for the validation; may be empty
 * @param skipped what was wrong with lines that were left out
 * @param unlearnable how many examples were left out because nothing to learn was left after the cut
 */
public record LanguageExamples(
        List<TokenExample> train, List<TokenExample> validation, List<String> skipped, int unlearnable) {
    /** A longer file does not fit into an array with its tokens. */
    private static final int MOST_BYTES = 500_000_000;

    /**
     * Reads conversations, of which the answers are learned: {@code messages}, or {@code prompt} and {@code completion}. A model
     * without a chat template learns the completion as it stands, and its end.
     *
     * @param decoder the model
     * @param data the files
     * @param maxTokens where examples are cut
     * @param seed the seed of the split
     * @return the examples
     * @throws IOException if a file cannot be read, or no example is left
     * @throws IllegalArgumentException if a line is wrong
     */
    public static LanguageExamples conversations(DecoderFolder decoder, DataFile data, int maxTokens, long seed)
            throws IOException {
        DataFile.Parts<TokenExample> parts = data.read(row -> conversation(decoder, row), seed);
        List<TokenExample> train = cut(parts.train(), maxTokens);
        List<TokenExample> validation = cut(parts.validation(), maxTokens);
        int unlearnable = parts.train().size() + parts.validation().size() - train.size() - validation.size();
        if (train.isEmpty()) {
            throw new IOException("%s: at least one example must have an answer within %d tokens, found none; set more"
                            .formatted(data.file(), maxTokens)
                    + " --max-tokens");
        }
        return new LanguageExamples(train, validation, parts.skipped(), unlearnable);
    }

    private static TokenExample conversation(DecoderFolder decoder, TextRow row) {
        DecoderTokens tokens = new DecoderTokens(decoder);
        if (decoder.template().isEmpty()) {
            TextPair pair = row.pair("prompt", "completion");
            return tokens.completion(pair.first(), pair.second());
        }
        Conversation conversation = row.conversation();
        try {
            return tokens.conversation(conversation);
        } catch (IllegalArgumentException e) {
            throw row.refuse(String.valueOf(e.getMessage()));
        }
    }

    private static List<TokenExample> cut(List<TokenExample> examples, int maxTokens) {
        List<TokenExample> cut = new ArrayList<>();
        for (TokenExample example : examples) {
            TokenExample part = example.cut(maxTokens);
            if (part != null) {
                cut.add(part);
            }
        }
        return cut;
    }

    /**
     * Reads plain text and packs it into blocks: texts one after the other, with the token that ends a text between them.
     *
     * @param decoder the model
     * @param data the files: {@code .txt} is one text; of other files each row has one
     * @param column the column of the text
     * @param block the tokens of a block
     * @param seed the seed of the split: of rows, or of blocks if the file is one text
     * @return the blocks
     * @throws IOException if a file cannot be read, or there are fewer than two tokens
     * @throws IllegalArgumentException if a line is wrong
     */
    public static LanguageExamples blocks(DecoderFolder decoder, DataFile data, String column, int block, long seed)
            throws IOException {
        if (!isText(data.file())) {
            DataFile.Parts<int[]> parts = data.read(row -> tokens(decoder, row.text(column)), seed);
            return new LanguageExamples(
                    requireSome(data.file(), pack(parts.train(), block)),
                    pack(parts.validation(), block),
                    parts.skipped(),
                    0);
        }
        List<TokenExample> all = ofText(decoder, data.file(), block);
        Path held = data.validationFile();
        if (held != null) {
            return new LanguageExamples(all, ofText(decoder, held, block), List.of(), 0);
        }
        if (data.share() == 0) {
            return new LanguageExamples(all, List.of(), List.of(), 0);
        }
        Split<TokenExample> split = Dataset.of(all).split(seed, data.share());
        List<TokenExample> train = new ArrayList<>();
        split.train().forEach(train::add);
        List<TokenExample> validation = new ArrayList<>();
        split.test().forEach(validation::add);
        return new LanguageExamples(requireSome(data.file(), train), validation, List.of(), 0);
    }

    /**
     * Reads all examples of a file for a test: conversations if its first row is one, or else plain text.
     *
     * @param decoder the model
     * @param data the file
     * @param column the column of plain text
     * @param maxTokens where conversations are cut, or the tokens of a block of plain text
     * @return the examples, all of them for training
     * @throws IOException if the file cannot be read, or has no example
     * @throws IllegalArgumentException if a line is wrong
     */
    public static LanguageExamples forTest(DecoderFolder decoder, DataFile data, String column, int maxTokens)
            throws IOException {
        return !isText(data.file()) && isConversation(data)
                ? conversations(decoder, data, maxTokens, 0)
                : blocks(decoder, data, column, maxTokens, 0);
    }

    private static boolean isConversation(DataFile data) throws IOException {
        try (Stream<TextRow> rows = data.rows().stream()) {
            return rows.findFirst()
                    .filter(row -> row.columns().contains("messages")
                            || row.columns().containsAll(List.of("prompt", "completion")))
                    .isPresent();
        }
    }

    private static boolean isText(Path file) {
        return file.toString().toLowerCase(Locale.ROOT).replaceAll("\\.gz$", "").endsWith(".txt");
    }

    private static List<TokenExample> requireSome(Path file, List<TokenExample> blocks) throws IOException {
        if (blocks.isEmpty()) {
            throw new IOException(file + ": the texts for training must have at least two tokens, found fewer");
        }
        return blocks;
    }

    private static List<TokenExample> ofText(DecoderFolder decoder, Path file, int block) throws IOException {
        return requireSome(file, pack(List.of(tokens(decoder, read(file))), block));
    }

    private static int[] tokens(DecoderFolder decoder, String text) {
        return new DecoderTokens(decoder).text(text);
    }

    private static List<TokenExample> pack(List<int[]> texts, int block) {
        return DecoderTokens.blocks(texts.stream().flatMapToInt(Arrays::stream).toArray(), block);
    }

    private static String read(Path file) throws IOException {
        if (!Files.exists(file)) {
            throw new NoSuchFileException(file.toString());
        }
        byte[] bytes;
        try (InputStream in = Channels.newInputStream(FileAccess.open(file));
                InputStream plain =
                        file.toString().toLowerCase(Locale.ROOT).endsWith(".gz") ? new GZIPInputStream(in) : in) {
            bytes = plain.readNBytes(MOST_BYTES + 1);
        }
        if (bytes.length > MOST_BYTES) {
            throw new IOException(file + ": must have at most " + MOST_BYTES
                    + " bytes, found more; use .jsonl with a text in each line, or several runs");
        }
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
        } catch (CharacterCodingException e) {
            throw new IOException(file + ": must be UTF-8, found other bytes", e);
        }
    }
}
