package org.lora4j.cli.language;

import java.io.IOException;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.lora4j.cli.train.Column;
import org.lora4j.cli.train.Copies;
import org.lora4j.cli.train.DataFile;
import org.lora4j.cli.train.Division;
import org.lora4j.cli.train.OpenedFiles;
import org.lora4j.text.DecoderFolder;
import org.lora4j.text.chat.DecoderTokens;
import org.lora4j.text.chat.LearnedText;
import org.lora4j.text.data.TextRow;
import org.lora4j.text.data.TokenExample;

/** Reads the examples for a language model. The lists read an example from a file each time it is asked for. */
final class LanguageExamples {
    private LanguageExamples() {}

    /**
     * Conversations.
     *
     * @param parts their texts; a conversation without an answer to learn, or none after the cut, is not used
     * @param divided how many conversations are several examples, one for each answer
     */
    record Conversations(DataFile.Divided<LearnedText> parts, int divided) {}

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
    static Conversations conversations(DecoderFolder decoder, DataFile data, int maxTokens, long seed)
            throws IOException {
        int[] divided = {0};
        DecoderTokens tokens = decoder.tokens();
        DataFile.Divided<LearnedText> parts = data.comparedBy(row -> {
                    requireTexts(decoder, row, "prompt", "completion");
                    return tokens.content(row);
                })
                .read(
                        row -> tokens.learned(row).stream()
                                .filter(text -> text.isLearnable(tokens, maxTokens))
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
        return new Conversations(parts, divided[0]);
    }

    /**
     * Checks that a row has texts, for a model without a chat template.
     *
     * @throws IllegalArgumentException if a column is missing, as in conversations; the message names the line
     */
    static void requireTexts(DecoderFolder decoder, TextRow row, String... columns) {
        if (decoder.template().isEmpty() && !row.columns().containsAll(List.of(columns))) {
            throw row.refuse(
                    "must have the texts " + String.join(", ", columns) + ", because the model " + decoder.name()
                            + " has no chat template, found " + row.columns()
                            + "; for conversations, name a model with a chat template with --model");
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
     * @param opened closes the temporary files
     * @return the blocks
     * @throws IOException if a file cannot be read, or there are fewer than two tokens
     * @throws IllegalArgumentException if a line is wrong
     */
    static DataFile.Divided<TokenExample> blocks(
            DecoderFolder decoder, DataFile data, Column column, int block, long seed, OpenedFiles opened)
            throws IOException {
        Map<Division.Part, TokenFile> files = new EnumMap<>(Division.Part.class);
        for (Division.Part part : Division.Part.values()) {
            files.put(part, opened.add(new TokenFile()));
        }
        return PlainText.isText(data.file())
                ? blocksOfText(decoder, data, block, seed, files)
                : blocksOfRows(decoder, data, column, block, seed, files);
    }

    private static TokenFile file(Map<Division.Part, TokenFile> files, Division.Part part) {
        return Objects.requireNonNull(files.get(part));
    }

    private static DataFile.Divided<TokenExample> blocksOfRows(
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
        return new DataFile.Divided<>(
                requireSome(data.file(), file(files, Division.Part.TRAIN).blocks(block)),
                file(files, Division.Part.VALIDATION).blocks(block),
                file(files, Division.Part.TEST).blocks(block),
                pass,
                0,
                () -> {});
    }

    private static DataFile.Divided<TokenExample> blocksOfText(
            DecoderFolder decoder, DataFile data, int block, long seed, Map<Division.Part, TokenFile> files)
            throws IOException {
        if (data.delimiter() != null) {
            throw new IllegalArgumentException(
                    data.file() + ": a delimiter must be used with .csv or .tsv, found plain text");
        }
        TokenFile text = file(files, Division.Part.TRAIN);
        PlainText.write(decoder, data.file(), text);
        TokenFile.Blocks all = requireSome(data.file(), text.blocks(block));
        TokenFile.Blocks held = all.some(data.division().blocks(Division.Part.VALIDATION, all.size(), seed));
        Path heldFile = data.validationFile();
        if (heldFile != null) {
            TokenFile other = file(files, Division.Part.VALIDATION);
            PlainText.write(decoder, heldFile, other);
            held = requireSome(heldFile, other.blocks(block));
        } else if (data.division().validation() > 0 && held.isEmpty()) {
            throw new IOException(data.file() + ": there must be at least one block for the validation, found none of "
                    + all.size() + "; set a smaller --block, a larger --validation, or --validation 0 for none");
        }
        return new DataFile.Divided<>(
                requireSome(data.file(), all.some(data.division().blocks(Division.Part.TRAIN, all.size(), seed))),
                held,
                all.some(data.division().blocks(Division.Part.TEST, all.size(), seed)),
                new DataFile.Pass(List.of(), Copies.NONE),
                0,
                () -> {});
    }

    private static TokenFile.Blocks requireSome(Path file, TokenFile.Blocks blocks) throws IOException {
        if (blocks.isEmpty()) {
            throw new IOException(file + ": the texts for training must have at least two tokens, found fewer");
        }
        return blocks;
    }

    /** Whether the first row of a file is a conversation. */
    static boolean isConversation(DataFile data) throws IOException {
        if (PlainText.isText(data.file())) {
            return false;
        }
        try (Stream<TextRow> rows = data.rows().stream()) {
            return rows.findFirst()
                    .filter(row -> row.columns().contains("messages")
                            || row.columns().containsAll(List.of("prompt", "completion")))
                    .isPresent();
        }
    }
}
