package org.lora4j.cli.train;

import java.util.AbstractList;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.RandomAccess;
import java.util.TreeMap;
import org.lora4j.console.report.ReportText;
import org.lora4j.text.data.TextFormatException;

/** What was wrong with lines that were left out. Of most lines of a file that is all wrong, only the number is kept. */
public final class SkippedLines extends AbstractList<String> implements RandomAccess {
    private static final int MOST_MESSAGES = 1000;

    private final List<String> messages = new ArrayList<>();
    private long[] others = new long[0];

    /** The files of the others by the index of their first line. */
    private final TreeMap<Integer, String> files = new TreeMap<>();

    private int size;

    SkippedLines() {}

    /**
     * Says how many lines were left out, and why the first of them.
     *
     * @param messages what was wrong with each, at least one
     * @return such as {@code 2 lines were left out; the first: texts.csv:7: must be UTF-8, found other bytes}
     */
    public static String describe(List<String> messages) {
        return ReportText.count(messages.size(), "line") + (messages.size() == 1 ? " was" : " were")
                + " left out; the first: " + messages.get(0);
    }

    void add(TextFormatException refusal) {
        if (size < MOST_MESSAGES) {
            messages.add(refusal.getMessage());
        } else {
            int index = size - MOST_MESSAGES;
            if (index == others.length) {
                others = Arrays.copyOf(others, 2 * index + MOST_MESSAGES);
            }
            others[index] = refusal.line();
            if (files.isEmpty() || !files.lastEntry().getValue().equals(refusal.file())) {
                files.put(index, refusal.file());
            }
        }
        size++;
    }

    @Override
    public String get(int index) {
        if (index < MOST_MESSAGES) {
            return messages.get(index);
        }
        int other = index - MOST_MESSAGES;
        return files.floorEntry(other).getValue() + ":" + others[other] + ": wrong too";
    }

    @Override
    public int size() {
        return size;
    }
}
