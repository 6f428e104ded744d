package org.lora4j.cli.serve;

import java.util.List;

/** Cuts a text that comes part by part before the first of some texts. Not thread-safe. */
final class StopTexts {
    private final List<String> stops;

    /** What may be the beginning of a stop text. */
    private final StringBuilder held = new StringBuilder();

    private boolean found;

    StopTexts(List<String> stops) {
        this.stops = stops;
    }

    /** Whether one of the texts has come. */
    boolean isFound() {
        return found;
    }

    /** Adds a part. Returns what is certain to be before the first stop text. */
    String add(String part) {
        held.append(part);
        int first = stops.stream()
                .mapToInt(held::indexOf)
                .filter(at -> at >= 0)
                .min()
                .orElse(-1);
        if (first >= 0) {
            found = true;
        }
        return take(found ? Math.max(first, 0) : held.length() - longestBeginning());
    }

    /** Returns what was held back, when the text has ended without a stop text. */
    String end() {
        return take(held.length());
    }

    private String take(int length) {
        String text = held.substring(0, length);
        held.delete(0, length);
        return text;
    }

    /** The length of the longest end of the text with which a stop text begins. */
    private int longestBeginning() {
        int longest = 0;
        for (String stop : stops) {
            for (int n = Math.min(stop.length() - 1, held.length()); n > longest; n--) {
                if (stop.startsWith(held.substring(held.length() - n))) {
                    longest = n;
                }
            }
        }
        return longest;
    }
}
