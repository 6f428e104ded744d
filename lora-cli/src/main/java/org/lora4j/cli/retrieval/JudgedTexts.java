package org.lora4j.cli.retrieval;

import java.io.IOException;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.lora4j.cli.train.Column;
import org.lora4j.cli.train.DataFile;
import org.lora4j.cli.train.Division;
import org.lora4j.internal.MessageText;
import org.lora4j.text.data.IndexedFile;
import org.lora4j.text.data.RetrievalExample;
import org.lora4j.text.data.SearchText;
import org.lora4j.text.data.TextFiles;
import org.lora4j.text.data.TextRow;
import org.lora4j.text.metrics.Ranking;

/**
 * Pairs to train on whose rows are judgements of BEIR: the names of a query and of a document, and a grade. A grade of 1 or more is a pair,
 * and the others are none. The texts stay in the corpus, where they are read again when a batch needs them.
 */
final class JudgedTexts implements AutoCloseable {
    private static final Column QUERY = new Column("--data", "query-id");
    private static final Column DOCUMENT = new Column("--data", "corpus-id");
    private static final Column GRADE = new Column("--data", "score");

    /** Where a row stands. */
    private record Place(long offset, long line) {}

    private final SearchFiles files;
    private final Map<String, String> queries = new HashMap<>();
    private final IndexedFile corpus;
    private final Map<String, Place> documents = new HashMap<>();

    private JudgedTexts(SearchFiles files, IndexedFile corpus) {
        this.files = files;
        this.corpus = corpus;
    }

    /** Returns whether the rows of a file are judgements. */
    static boolean areIn(DataFile data) throws IOException {
        try (Stream<TextRow> rows = data.rows().stream()) {
            return rows.findFirst()
                    .filter(row -> QUERY.isIn(row) && DOCUMENT.isIn(row) && GRADE.isIn(row))
                    .isPresent();
        }
    }

    /**
     * Reads pairs. All rows of a query are on the same side.
     *
     * @param data the judgements
     * @param files the corpus and the queries
     * @param visitor sees each pair
     * @throws IOException if a file cannot be read, or no judgement is a pair
     * @throws IllegalArgumentException if a line is wrong, or names a query or a document that is not there
     */
    static DataFile.Divided<RetrievalExample> read(
            DataFile data, SearchFiles files, Consumer<RetrievalExample> visitor, long seed) throws IOException {
        JudgedTexts texts = new JudgedTexts(files, IndexedFile.open(files.corpus()));
        try {
            texts.find(data);
            DataFile.Divided<RetrievalExample> found = data.groupedBy(QUERY)
                    .comparedBy(row -> QUERY.label(row) + '\n' + DOCUMENT.label(row))
                    .read(texts::pairs, (pairs, part) -> pairs.forEach(visitor), seed);
            if (found.train().isEmpty()) {
                found.close();
                throw new IOException(data.file()
                        + ": at least one judgement for training must have a grade of 1 or more," + " found none");
            }
            // The rows with a smaller grade are no examples that were lost.
            return new DataFile.Divided<>(found.train(), found.validation(), found.test(), found.pass(), 0, () -> {
                found.close();
                texts.close();
            });
        } catch (IOException | RuntimeException e) {
            texts.close();
            throw e;
        }
    }

    /** Reads the queries, and finds the documents of the pairs in the corpus. */
    private void find(DataFile data) throws IOException {
        Set<String> needed = new HashSet<>();
        for (DataFile file : data.validationFile() == null ? List.of(data) : List.of(data, validation(data))) {
            file.rows().forEach(row -> {
                if (DOCUMENT.isIn(row)) {
                    needed.add(DOCUMENT.label(row));
                }
            });
        }
        TextFiles.read(files.queries()).map(SearchText::of).forEach(query -> queries.put(query.id(), query.text()));
        corpus.rows().forEach(row -> {
            String id = SearchText.of(row).id();
            if (needed.contains(id)) {
                documents.put(id, new Place(row.offset(), row.line()));
            }
        });
    }

    private static DataFile validation(DataFile data) {
        return new DataFile(
                Objects.requireNonNull(data.validationFile()), data.delimiter(), null, Division.NONE, data.skipsBad());
    }

    private List<RetrievalExample> pairs(TextRow row) {
        String query = QUERY.label(row);
        String document = DOCUMENT.label(row);
        double grade = GRADE.number(row);
        if (grade != Math.rint(grade)) {
            throw row.refuse(GRADE + " must be a whole number, found " + grade);
        }
        if (!Ranking.isRelevant((int) grade)) {
            return List.of();
        }
        String asked = queries.get(query);
        Place place = documents.get(document);
        if (asked == null) {
            throw row.refuse(QUERY + " must be the _id of a query in " + files.queries() + ", found "
                    + MessageText.quote(query));
        }
        if (place == null) {
            throw row.refuse(DOCUMENT + " must be the _id of a document in " + files.corpus() + ", found "
                    + MessageText.quote(document));
        }
        String text = SearchText.of(corpus.row(place.offset(), place.line())).text();
        return List.of(new RetrievalExample(asked, text, null));
    }

    @Override
    public void close() {
        corpus.close();
    }
}
