package org.lora4j.cli.command;

import java.nio.file.Path;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.lora4j.cli.retrieval.SearchFiles;
import org.lora4j.console.command.OptionCheck;
import org.lora4j.text.train.SearchRun;
import picocli.CommandLine.Option;

/** A corpus, queries and judgements that measure a search. */
final class SearchOptions {
    @Option(
            names = "--corpus",
            paramLabel = "FILE",
            description =
                    "Measure a search in these documents: corpus.jsonl of BEIR with _id, title and text, or .csv or .tsv with"
                            + " the same columns; plain or with .gz.")
    private @Nullable Path corpus;

    @Option(
            names = "--queries",
            paramLabel = "FILE",
            description = "With --corpus: the queries, with _id and text, in the same form.")
    private @Nullable Path queries;

    @Option(
            names = "--qrels",
            paramLabel = "FILE",
            description =
                    "With --corpus: which documents are relevant to which queries, as BEIR has it (query-id, corpus-id,"
                            + " score) or TREC (query 0 document grade). Grades of 1 and more are relevant.")
    private @Nullable Path qrels;

    @Option(
            names = "--depth",
            paramLabel = "N",
            description = "With --corpus: how many documents are found for a query. Default: " + SearchRun.DEPTH + ".")
    private @Nullable Integer depth;

    @Option(
            names = "--run",
            paramLabel = "FILE",
            description = "With --corpus: write the documents that were found into a new file, which trec_eval reads.")
    private @Nullable Path run;

    void check(OptionCheck check) {
        long named =
                Stream.of(corpus, queries, qrels).filter(file -> file != null).count();
        check.require(
                named == 0 || named == 3,
                "--corpus, --queries and --qrels must be used together, found " + named + " of them");
        check.require(
                named == 3 || (depth == null && run == null),
                "--depth and --run must be used with --corpus, found them without");
        if (depth != null) {
            check.atLeast("--depth", depth, 1);
        }
    }

    boolean isUsed() {
        return corpus != null;
    }

    /** Returns the files; null if none are named. */
    @Nullable
    SearchFiles files() {
        return corpus == null || queries == null || qrels == null
                ? null
                : new SearchFiles(corpus, queries, qrels, depth == null ? SearchRun.DEPTH : depth, run);
    }
}
