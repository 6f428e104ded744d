package org.lora4j.cli.language;

import java.io.IOException;
import java.nio.file.Path;
import java.util.AbstractList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.RandomAccess;
import java.util.stream.Stream;
import org.lora4j.cli.train.Column;
import org.lora4j.cli.train.Copies;
import org.lora4j.cli.train.DataFile;
import org.lora4j.cli.train.Division;
import org.lora4j.text.DecoderFolder;
import org.lora4j.text.chat.DecoderTokens;
import org.lora4j.text.data.TextRow;
import org.lora4j.text.data.TokenExample;

/**
 * The examples for a language model. The lists read an example from a file each time it is asked for.
 *
 * @param train the examples for training
 * @param validation those for the validation; may be empty
 * @param test those for the test; may be empty
 * @param copies how many rows have the same text
 * @param skipped what was wrong with lines that were left out
 * @param unlearnable how many examples were left out because they had no answer to learn, or none was left after the cut
 * @param divided how many conversations are several examples, one for each answer
 * @param files closes the files
 */
public record LanguageExamples(
        List<TokenExample> train,
        List<TokenExample> validation,
        List<TokenExample> test,
        Copies copies,
        List<String> skipped,
        int unlearnable,
        int divided,
        Runnable files)
        implements AutoCloseable {
    /**
     * Reads conversations, of which the answers are learned: {@code messages}, or {@code prompt} and {@code completion}. If the chat
     * template writes earlier answers in another way when others follow, each answer is an example of its own. A model without a chat
     * template learns the completion as it stands, and its end.
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
        int[] divided = {0};
        DataFile.Parts<AnswerText> parts = data.comparedBy(row -> AnswerText.content(decoder, row))
                .read(
                        row -> AnswerText.of(decoder, row).stream()
                                .filter(text -> text.isLearnable(decoder, maxTokens))
                                .toList(),
                        (examples, part) -> divided[0] += examples.size() > 1 ? 1 : 0,
                        seed);
        if (parts.train().isEmpty()) {
            parts.close();
            throw new IOException(
                    "%s: at least one example must have an answer within %s tokens whose weight is not 0, found none; set more"
                                    .formatted(data.file(), maxTokens)
                            + " --max-tokens");
        }
        return new LanguageExamples(
                new CutTexts(decoder, parts.train(), maxTokens),
                new CutTexts(decoder, parts.validation(), maxTokens),
                new CutTexts(decoder, parts.test(), maxTokens),
                parts.copies(),
                parts.skipped(),
                parts.unused(),
                divided[0],
                parts::close);
    }

    /** Texts that are tokenized and cut when they are asked for. */
    private static final class CutTexts extends AbstractList<TokenExample> implements RandomAccess {
        private final DecoderFolder decoder;
        private final List<AnswerText> texts;
        private final int maxTokens;

        CutTexts(DecoderFolder decoder, List<AnswerText> texts, int maxTokens) {
            this.decoder = decoder;
            this.texts = texts;
            this.maxTokens = maxTokens;
        }

        @Override
        public TokenExample get(int index) {
            TokenExample cut = texts.get(index).tokens(decoder).cut(maxTokens);
            if (cut == null) {
                throw new IllegalStateException("example " + index + " must have an answer within " + maxTokens
                        + " tokens, found none; set more --max-tokens");
            }
            return cut;
        }

        @Override
        public int size() {
            return texts.size();
        }

        @Override
        public int hashCode() {
            return texts.hashCode();
        }

        @Override
        public boolean equals(Object other) {
            return super.equals(other);
        }
    }

    /**
     * Reads plain text and packs it into blocks: texts one after the other, with the token that ends a text between them. The
     * tokens are kept in a temporary file.
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
    public static LanguageExamples blocks(DecoderFolder decoder, DataFile data, Column column, int block, long seed)
            throws IOException {
        Map<Division.Part, TokenFile> files = new EnumMap<>(Division.Part.class);
        try {
            for (Division.Part part : Division.Part.values()) {
                files.put(part, new TokenFile());
            }
            return TextTokens.isText(data.file())
                    ? blocksOfText(decoder, data, block, seed, files)
                    : blocksOfRows(decoder, data, column, block, seed, files);
        } catch (IOException | RuntimeException e) {
            close(files);
            throw e;
        }
    }

    private static void close(Map<Division.Part, TokenFile> files) {
        files.values().forEach(TokenFile::close);
    }

    private static TokenFile file(Map<Division.Part, TokenFile> files, Division.Part part) {
        return Objects.requireNonNull(files.get(part));
    }

    private static LanguageExamples blocksOfRows(
            DecoderFolder decoder,
            DataFile data,
            Column column,
            int block,
            long seed,
            Map<Division.Part, TokenFile> files)
            throws IOException {
        DecoderTokens tokens = decoder.tokens();
        DataFile.Pass pass = data.comparedBy(column::text)
                .visit((row, part) -> file(files, part).add(tokens.text(column.text(row))), seed);
        return new LanguageExamples(
                requireSome(data.file(), file(files, Division.Part.TRAIN).blocks(block)),
                file(files, Division.Part.VALIDATION).blocks(block),
                file(files, Division.Part.TEST).blocks(block),
                pass.copies(),
                pass.skipped(),
                0,
                0,
                () -> close(files));
    }

    private static LanguageExamples blocksOfText(
            DecoderFolder decoder, DataFile data, int block, long seed, Map<Division.Part, TokenFile> files)
            throws IOException {
        if (data.delimiter() != null) {
            throw new IllegalArgumentException(
                    data.file() + ": a delimiter must be used with .csv or .tsv, found plain text");
        }
        TokenFile text = file(files, Division.Part.TRAIN);
        TextTokens.write(decoder, data.file(), text);
        TokenFile.Blocks all = requireSome(data.file(), text.blocks(block));
        TokenFile.Blocks held = all.some(data.division().blocks(Division.Part.VALIDATION, all.size(), seed));
        Path heldFile = data.validationFile();
        if (heldFile != null) {
            TokenFile other = file(files, Division.Part.VALIDATION);
            TextTokens.write(decoder, heldFile, other);
            held = requireSome(heldFile, other.blocks(block));
        } else if (data.division().validation() > 0 && held.isEmpty()) {
            throw new IOException(data.file() + ": there must be at least one block for the validation, found none of "
                    + all.size() + "; set a smaller --block, a larger --validation, or --validation 0 for none");
        }
        return new LanguageExamples(
                requireSome(data.file(), all.some(data.division().blocks(Division.Part.TRAIN, all.size(), seed))),
                held,
                all.some(data.division().blocks(Division.Part.TEST, all.size(), seed)),
                Copies.NONE,
                List.of(),
                0,
                0,
                () -> close(files));
    }

    private static TokenFile.Blocks requireSome(Path file, TokenFile.Blocks blocks) throws IOException {
        if (blocks.isEmpty()) {
            throw new IOException(file + ": the texts for training must have at least two tokens, found fewer");
        }
        return blocks;
    }

    /**
     * Reads all examples of a file for a test: conversations if its first row is one, or else plain text.
     *
     * @param decoder the model
     * @param data the file
     * @param column the column of plain text
     * @param asked where conversations are cut, or the tokens of a block of plain text; 0 for as many as in a training
     * @return the examples, all of them for training
     * @throws IOException if the file cannot be read, or has no example
     * @throws IllegalArgumentException if a line is wrong, or the model has fewer positions than asked for
     */
    public static LanguageExamples forTest(DecoderFolder decoder, DataFile data, Column column, int asked)
            throws IOException {
        int maxTokens = LanguageTask.maxTokens(asked, decoder);
        return isConversation(data)
                ? conversations(decoder, data, maxTokens, 0)
                : blocks(decoder, data, column, maxTokens, 0);
    }

    /** Whether the first row of a file is a conversation. */
    static boolean isConversation(DataFile data) throws IOException {
        if (TextTokens.isText(data.file())) {
            return false;
        }
        try (Stream<TextRow> rows = data.rows().stream()) {
            return rows.findFirst()
                    .filter(row -> row.columns().contains("messages")
                            || row.columns().containsAll(List.of("prompt", "completion")))
                    .isPresent();
        }
    }

    /**
     * Returns the examples that judge.
     *
     * @return those for the test, or those for the validation if there is no test; may be empty
     */
    List<TokenExample> judging() {
        return test.isEmpty() ? validation : test;
    }

    /** Closes the files. */
    @Override
    public void close() {
        files.run();
    }
}
