package org.lora4j.cli.measure;

import java.util.Locale;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** The words of texts, for what can be done without any model. */
public final class WordCounts {
    private static final Pattern WORD = Pattern.compile("[\\p{L}\\p{N}\\p{M}]+");

    private WordCounts() {}

    /**
     * Counts the words of a text: letters, digits and marks that stand together, in small letters.
     *
     * @param text the text
     * @return how often each word is in it
     */
    public static Map<String, Long> of(String text) {
        return WORD.matcher(text.toLowerCase(Locale.ROOT))
                .results()
                .collect(Collectors.groupingBy(MatchResult::group, Collectors.counting()));
    }
}
