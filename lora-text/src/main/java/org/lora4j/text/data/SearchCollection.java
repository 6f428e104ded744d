package org.lora4j.text.data;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.lora4j.internal.MessageText;
import org.lora4j.text.internal.TextTable;

/**
 * A corpus, queries, and which documents of the corpus are relevant to them: what a search is measured with. The files are those of
 * BEIR, or rows of CSV and TSV with the same columns, and judgements of BEIR or TREC. The corpus is read again each time it is needed,
 * and is never in memory as a whole.
 */
public final class SearchCollection {
    private final Dataset<SearchText> corpus;
    private final Qrels qrels;
    private final List<SearchText> queries;
    private final Size size;

    /**
     * What a collection has, and what is left out.
     *
     * @param documents the documents of the corpus
     * @param queries the queries that are measured
     * @param notJudged how many queries are left out because no document was judged for them
     * @param withoutRelevant how many judged ones are left out because no document of the corpus is relevant to them
     * @param withoutText how many judged ones are left out because the file of the queries does not have them
     * @param missingDocuments how many relevant documents of the queries that are measured the corpus does not have; they count as
     *     not found
     */
    public record Size(
            int documents, int queries, int notJudged, int withoutRelevant, int withoutText, int missingDocuments) {}

    private SearchCollection(Dataset<SearchText> corpus, Qrels qrels, List<SearchText> queries, Size size) {
        this.corpus = corpus;
        this.qrels = qrels;
        this.queries = queries;
        this.size = size;
    }

    /**
     * Opens a collection, and reads each file once, so that a wrong line is found before a model works for hours.
     *
     * @param corpus the documents, see {@link SearchText#of}
     * @param queries the queries, in the same form
     * @param qrels the judgements, see {@link Qrels}
     * @return the collection
     * @throws IOException if there is no such file, or no query has a relevant document in the corpus
     * @throws TextFormatException if a line is wrong, or two documents or two queries have the same name
     */
    public static SearchCollection open(Path corpus, Path queries, Path qrels) throws IOException {
        for (Path file : List.of(corpus, queries, qrels)) {
            if (!Files.isRegularFile(file)) {
                throw new FileSystemException(file.toString(), null, "there is no such file");
            }
        }
        Qrels judged = Qrels.read(qrels);
        List<SearchText> asked = new ArrayList<>();
        int notJudged = 0;
        for (SearchText query : named(queries)) {
            if (judged.queries().contains(query.id())) {
                asked.add(query);
            } else {
                notJudged++;
            }
        }
        Dataset<SearchText> documents = named(corpus);
        Set<String> relevant = new HashSet<>();
        asked.forEach(query -> relevant.addAll(judged.relevant(query.id())));
        Set<String> missing = new HashSet<>(relevant);
        int count = 0;
        for (SearchText document : documents) {
            missing.remove(document.id());
            count = Math.addExact(count, 1);
        }
        List<SearchText> measured = asked.stream()
                .filter(query -> !missing.containsAll(judged.relevant(query.id())))
                .toList();
        int missingDocuments = measured.stream()
                .mapToInt(query -> (int) judged.relevant(query.id()).stream()
                        .filter(missing::contains)
                        .count())
                .sum();
        if (measured.isEmpty()) {
            throw new IOException(
                    qrels + ": at least one query of " + queries + " must have a relevant document, with a"
                            + " grade of 1 or more, in " + corpus + ", found none for "
                            + judged.queries().size()
                            + " judged queries");
        }
        return new SearchCollection(
                documents,
                judged,
                measured,
                new Size(
                        count,
                        measured.size(),
                        notJudged,
                        asked.size() - measured.size(),
                        judged.queries().size() - asked.size(),
                        missingDocuments));
    }

    /** Texts whose names are all different. */
    private static Dataset<SearchText> named(Path file) {
        return Dataset.of(() -> {
            TextTable known = new TextTable();
            return TextFiles.read(file)
                    .map(row -> {
                        SearchText text = SearchText.of(row);
                        if (known.get(text.id()) != TextTable.NONE) {
                            throw row.refuse(
                                    "_id must be new, found " + MessageText.quote(text.id()) + " a second time");
                        }
                        known.put(text.id(), 1);
                        return text;
                    })
                    .open();
        });
    }

    /**
     * Returns the documents.
     *
     * @return all of them, which are read while they are iterated over
     */
    public Dataset<SearchText> corpus() {
        return corpus;
    }

    /**
     * Returns the queries that are measured.
     *
     * @return in the order of their file, at least one
     */
    public List<SearchText> queries() {
        return queries;
    }

    /**
     * Returns the judgements.
     *
     * @return those of all queries
     */
    public Qrels qrels() {
        return qrels;
    }

    /**
     * Returns what the collection has.
     *
     * @return the numbers
     */
    public Size size() {
        return size;
    }
}
