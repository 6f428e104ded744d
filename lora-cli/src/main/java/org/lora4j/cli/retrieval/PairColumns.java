package org.lora4j.cli.retrieval;

import java.io.IOException;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.lora4j.cli.train.Column;
import org.lora4j.cli.train.DataFile;
import org.lora4j.text.data.LabelledPair;
import org.lora4j.text.data.RetrievalExample;
import org.lora4j.text.data.TextRow;
import org.lora4j.text.tokens.TextPair;

/**
 * The columns of queries and texts.
 *
 * @param query the query
 * @param positive a text that belongs to it
 * @param negative a text that does not
 * @param passage a text of which {@code label} says whether it belongs to the query
 * @param label 1 or true, 0 or false
 */
public record PairColumns(Column query, Column positive, Column negative, Column passage, Column label) {
    /** Returns whether the first row has the column of negatives. */
    boolean areTriples(DataFile data) throws IOException {
        try (Stream<TextRow> rows = data.rows().stream()) {
            return rows.findFirst().filter(negative::isIn).isPresent();
        }
    }

    /**
     * Reads pairs, or triples. All rows of a query are on the same side.
     *
     * @param visitor sees each of them
     */
    DataFile.Divided<RetrievalExample> readFound(
            DataFile data, boolean triples, Consumer<RetrievalExample> visitor, long seed) throws IOException {
        return data.groupedBy(query)
                .comparedBy(row -> content(found(row, triples)))
                .read(row -> List.of(found(row, triples)), (examples, part) -> examples.forEach(visitor), seed);
    }

    /** Returns the pair or the triple of a row. */
    RetrievalExample found(TextRow row, boolean triples) {
        return new RetrievalExample(query.text(row), positive.text(row), triples ? negative.text(row) : null);
    }

    /**
     * Returns what a row says of its texts: a text that belongs to the query, and maybe one that does not; or without the column of
     * the first, a text with a label.
     */
    List<LabelledPair> judged(TextRow row) {
        if (!positive.isIn(row) && passage.isIn(row) && label.isIn(row)) {
            return labelled(row);
        }
        RetrievalExample found = found(row, negative.isIn(row));
        LabelledPair right = new LabelledPair(new TextPair(found.query(), found.positive()), true);
        return found.negative() == null
                ? List.of(right)
                : List.of(right, new LabelledPair(new TextPair(found.query(), found.negative()), false));
    }

    private static String content(RetrievalExample example) {
        String pair = content(example.query(), example.positive());
        return example.negative() == null ? pair : content(pair, example.negative());
    }

    private static String content(String query, String text) {
        return query + '\n' + text;
    }

    /** Reads pairs with a label, or triples, of which each has two pairs. All rows of a query are on the same side. */
    DataFile.Divided<LabelledPair> readLabelled(DataFile data, DataFile.Visitor<LabelledPair> visitor, long seed)
            throws IOException {
        return data.groupedBy(query)
                .comparedBy(row -> labelled(row).stream()
                        .map(LabelledPair::pair)
                        .map(pair -> content(pair.first(), pair.second()))
                        .collect(Collectors.joining("\n")))
                .read(this::labelled, visitor, seed);
    }

    private List<LabelledPair> labelled(TextRow row) {
        String asked = query.text(row);
        if (passage.isIn(row) && label.isIn(row)) {
            return List.of(new LabelledPair(new TextPair(asked, passage.text(row)), label.isRight(row)));
        }
        if (positive.isIn(row) && negative.isIn(row)) {
            return List.of(
                    new LabelledPair(new TextPair(asked, positive.text(row)), true),
                    new LabelledPair(new TextPair(asked, negative.text(row)), false));
        }
        throw row.refuse("must have " + passage + " and " + label + ", or " + positive + " and " + negative + ", found "
                + row.columns()
                + "; name other columns with --passage and --label, or --positive and --negative");
    }

    /** Returns a query and a text. */
    static TextPair pair(TextRow row, Column query, Column text) {
        return new TextPair(query.text(row), text.text(row));
    }
}
