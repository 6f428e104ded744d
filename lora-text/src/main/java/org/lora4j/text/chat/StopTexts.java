package org.lora4j.text.chat;

import java.util.List;
import java.util.Objects;

/**
 * Cuts a text that comes part by part before the first of some texts. What may be the beginning of such a text is held back until
 * it is certain.
 *
 * <pre>{@code
 * StopTexts stops = new StopTexts(List.of("\n\n"));
 * String certain = stops.add(stream.add(id));             // for each new token
 * }</pre>
 *
 * <p>One thread at a time can use it.
 */
public final class StopTexts {
    private final List<String> stops;

    /** What may be the beginning of a stop text. */
    private final StringBuilder held = new StringBuilder();

    private boolean found;

    /**
     * Creates an object for one text.
     *
     * @param stops the texts before which it is cut; none for no cut
     * @throws IllegalArgumentException if one of them is empty
     */
    public StopTexts(List<String> stops) {
        Objects.requireNonNull(stops, "stops must not be null");
        this.stops = List.copyOf(stops);
        if (this.stops.contains("")) {
            throw new IllegalArgumentException("stops: each must have at least one character, found an empty one");
        }
    }

    /**
     * Returns whether one of the texts has come.
     *
     * @return true from then on
     */
    public boolean isFound() {
        return found;
    }

    /**
     * Adds a part.
     *
     * @param part what follows on the parts so far
     * @return what is certain to be before the first stop text; may be empty
     */
    public String add(String part) {
        held.append(Objects.requireNonNull(part, "part must not be null"));
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

    /**
     * Ends a text in which no stop text has come.
     *
     * @return what was held back
     */
    public String end() {
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
