package org.lora4j.cli.language;

import java.io.IOException;
import java.nio.file.Path;
import java.util.AbstractList;
import java.util.ArrayList;
import java.util.List;
import java.util.RandomAccess;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.lora4j.cli.train.Column;
import org.lora4j.cli.train.DataFile;
import org.lora4j.cli.train.Division;
import org.lora4j.text.DecoderFolder;
import org.lora4j.text.DecoderTokens;
import org.lora4j.text.Split;
import org.lora4j.text.TextRow;
import org.lora4j.text.TokenExample;

/**
 * The examples for a language model. The lists read an example from a file each time it is asked for.
 *
 * @param train the examples for training
 * @param validation those for the validation; may be empty
 * @param skipped what was wrong with lines that were left out
 * @param unlearnable how many examples were left out because they had no answer to learn, or none was left after the cut
 * @param divided how many conversations are several examples, one for each answer
 * @param files closes the files
 */
public record LanguageExamples(
        List<TokenExample> train,
        List<TokenExample> validation,
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
        DataFile.Parts<AnswerText> parts = data.read(
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
        List<TokenFile> files = new ArrayList<>();
        try {
            files.add(new TokenFile());
            files.add(new TokenFile());
            return TextTokens.isText(data.file())
                    ? blocksOfText(decoder, data, block, seed, files)
                    : blocksOfRows(decoder, data, column, block, seed, files);
        } catch (IOException | RuntimeException e) {
            files.forEach(TokenFile::close);
            throw e;
        }
    }

    private static LanguageExamples blocksOfRows(
            DecoderFolder decoder, DataFile data, Column column, int block, long seed, List<TokenFile> files)
            throws IOException {
        DecoderTokens tokens = new DecoderTokens(decoder);
        List<String> skipped = data.visit(
                (row, part) -> files.get(part == Division.Part.TRAIN ? 0 : 1).add(tokens.text(column.text(row))), seed);
        return new LanguageExamples(
                requireSome(data.file(), files.get(0).blocks(block)),
                files.get(1).blocks(block),
                skipped,
                0,
                0,
                () -> files.forEach(TokenFile::close));
    }

    private static LanguageExamples blocksOfText(
            DecoderFolder decoder, DataFile data, int block, long seed, List<TokenFile> files) throws IOException {
        if (data.delimiter() != null) {
            throw new IllegalArgumentException(
                    data.file() + ": a delimiter must be used with .csv or .tsv, found plain text");
        }
        TextTokens.write(decoder, data.file(), files.get(0));
        TokenFile.Blocks all = requireSome(data.file(), files.get(0).blocks(block));
        Path heldFile = data.validationFile();
        if (heldFile != null) {
            TextTokens.write(decoder, heldFile, files.get(1));
            TokenFile.Blocks held = requireSome(heldFile, files.get(1).blocks(block));
            return new LanguageExamples(all, held, List.of(), 0, 0, () -> files.forEach(TokenFile::close));
        }
        if (data.division().validation() == 0) {
            return new LanguageExamples(all, List.of(), List.of(), 0, 0, () -> files.forEach(TokenFile::close));
        }
        TokenFile.Blocks train = all.some(places(all)
                .filter(i -> !Split.isHeldOut(seed, i, data.division().validation())));
        TokenFile.Blocks held = all.some(
                places(all).filter(i -> Split.isHeldOut(seed, i, data.division().validation())));
        requireSome(data.file(), train);
        if (held.isEmpty()) {
            throw new IOException(data.file() + ": there must be at least one block for the validation, found none of "
                    + all.size() + "; set a smaller --block, a larger --validation, or --validation 0 for none");
        }
        return new LanguageExamples(train, held, List.of(), 0, 0, () -> files.forEach(TokenFile::close));
    }

    private static IntStream places(List<?> list) {
        return IntStream.range(0, list.size());
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

    /** Closes the files. */
    @Override
    public void close() {
        files.run();
    }
}
