package org.lora4j.cli.command;

import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.lora4j.cli.retrieval.PairColumns;
import org.lora4j.cli.train.Column;
import picocli.CommandLine.Option;

/** The columns of queries and of the texts that belong to them or not. */
final class ColumnOptions {
    @Option(names = "--query", paramLabel = "COLUMN", description = "The column of the query. Default: query.")
    private @Nullable String query;

    @Option(
            names = "--positive",
            paramLabel = "COLUMN",
            description = "The column of a text that belongs to the query. Default: positive.")
    private @Nullable String positive;

    @Option(
            names = "--negative",
            paramLabel = "COLUMN",
            description = "The column of a text that does not belong to the query, if there is one. Default: negative.")
    private @Nullable String negative;

    boolean isUsed() {
        return Stream.of(query, positive, negative).anyMatch(Objects::nonNull);
    }

    PairColumns columns(@Nullable String passage, @Nullable String label) {
        return new PairColumns(
                column("query", query),
                column("positive", positive),
                column("negative", negative),
                column("passage", passage),
                column("label", label));
    }

    /** Returns a column that has the name of its option, unless the option names another. */
    static Column column(String option, @Nullable String name) {
        return new Column("--" + option, Objects.requireNonNullElse(name, option));
    }
}
