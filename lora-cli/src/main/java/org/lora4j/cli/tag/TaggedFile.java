package org.lora4j.cli.tag;

import java.io.IOException;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.lora4j.cli.train.DataFile;
import org.lora4j.cli.train.Division;
import org.lora4j.text.data.TaggedColumns;
import org.lora4j.text.data.TaggedText;
import org.lora4j.text.data.TextRow;
import org.lora4j.text.tokens.TagSpan;

/** Texts with labels of their parts, of a file. */
final class TaggedFile {
    /** A column of more labels is none of labels, and a model has an output for several tags of each. */
    private static final int MOST_LABELS = 1_000;

    private final DataFile.Divided<TaggedText> parts;
    private final Map<String, Map<Division.Part, Integer>> counts;

    private TaggedFile(DataFile.Divided<TaggedText> parts, Map<String, Map<Division.Part, Integer>> counts) {
        this.parts = parts;
        this.counts = counts;
    }

    /**
     * Reads texts.
     *
     * @param data the files
     * @param columns where rows have texts with labels
     * @param known the labels; none for those that the file has
     * @param seed the seed of the split
     * @return the texts
     * @throws IOException if a file cannot be read, or has no span
     * @throws IllegalArgumentException if a line is wrong, or has a label that is not known
     */
    static TaggedFile read(DataFile data, TaggedColumns columns, List<String> known, long seed) throws IOException {
        Map<String, Map<Division.Part, Integer>> counts = new TreeMap<>();
        known.forEach(label -> counts.put(label, new EnumMap<>(Division.Part.class)));
        DataFile.Divided<TaggedText> parts = data.comparedBy(
                        row -> columns.read(row).words().text())
                .read(
                        row -> List.of(of(row, columns, known)),
                        (examples, part) -> examples.get(0)
                                .tagged()
                                .forEach(span -> counts.computeIfAbsent(
                                                span.label(), label -> new EnumMap<>(Division.Part.class))
                                        .merge(part, 1, Integer::sum)),
                        seed);
        if (counts.isEmpty()) {
            parts.close();
            throw new IOException(data.file() + ": there must be at least one span with a label, found none");
        }
        if (counts.size() > MOST_LABELS) {
            parts.close();
            throw new IOException(data.file() + ": there must be at most " + MOST_LABELS + " labels, found "
                    + counts.size() + "; is another column that of the tags?");
        }
        return new TaggedFile(parts, counts);
    }

    /** Reads a text whose labels must be known, if any are. */
    static TaggedText of(TextRow row, TaggedColumns columns, List<String> known) {
        TaggedText text = columns.read(row);
        for (TagSpan span : text.tagged()) {
            if (!known.isEmpty() && !known.contains(span.label())) {
                throw row.refuse(
                        "a label must be one of those of the model, " + known + ", found '" + span.label() + "'");
            }
        }
        return text;
    }

    /** Returns the texts: lists that read each of them from the file. */
    DataFile.Divided<TaggedText> parts() {
        return parts;
    }

    /** Returns the labels in their order. */
    List<String> labels() {
        return List.copyOf(counts.keySet());
    }

    /** Returns how many spans each label has. */
    List<TagResult.LabelCount> counts() {
        List<TagResult.LabelCount> all = new ArrayList<>();
        counts.forEach((label, count) -> all.add(new TagResult.LabelCount(
                label,
                count.getOrDefault(Division.Part.TRAIN, 0),
                count.getOrDefault(Division.Part.VALIDATION, 0),
                count.getOrDefault(Division.Part.TEST, 0))));
        return all;
    }
}
