package org.lora4j.cli.command;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lora4j.text.data.TaggedColumns;
import picocli.CommandLine.Option;

/** Where rows have texts of which parts have labels. */
final class TaggedOptions {
    @Option(
            names = "--tokens",
            paramLabel = "COLUMN",
            description = "The column of the words, a list. Default: ${DEFAULT-VALUE}.")
    private String tokens = TaggedColumns.DEFAULT.tokens();

    @Option(
            names = "--tags",
            paramLabel = "COLUMN",
            description = "The column of the tags of the words, a list. Default: ${DEFAULT-VALUE}.")
    private String tags = TaggedColumns.DEFAULT.tags();

    @Option(
            names = "--spans",
            paramLabel = "COLUMN",
            description = "The column of the spans of a text, a list. Default: the first of spans, entities and label.")
    private @Nullable String spans;

    @Option(
            names = "--offsets",
            paramLabel = "NAME",
            description =
                    "What the offsets of spans count: code_points, characters as in Python, or utf16, as in Java and"
                            + " JavaScript. Default: ${DEFAULT-VALUE}.")
    private TaggedColumns.Offsets offsets = TaggedColumns.Offsets.CODE_POINTS;

    /** Returns the columns; that of the text has an option of its own. */
    TaggedColumns columns(String text) {
        return new TaggedColumns(
                tokens, tags, text, spans == null ? TaggedColumns.DEFAULT.spans() : List.of(spans), offsets);
    }
}
