package org.lora4j.text.chat.internal;

/** Finds a text in others in a time that grows with both lengths, not with their product (Knuth, Morris and Pratt, 1977). */
final class Needle {
    private final String text;
    /** For each beginning of the text, how much of it is its end too. */
    private final int[] borders;

    Needle(String text, Budget budget) {
        budget.read(text.length() * 2L);
        this.text = text;
        this.borders = new int[text.length() + 1];
        borders[0] = -1;
        int border = -1;
        for (int i = 0; i < text.length(); i++) {
            border = longer(border, text.charAt(i));
            borders[i + 1] = border;
        }
    }

    private int longer(int matched, char next) {
        int length = matched;
        while (length >= 0 && text.charAt(length) != next) {
            length = borders[length];
        }
        return length + 1;
    }

    int length() {
        return text.length();
    }

    /** Returns where the text stands at or after a position, or -1. */
    int find(String other, int from) {
        if (text.isEmpty()) {
            return from <= other.length() ? from : -1;
        }
        int matched = 0;
        for (int i = from; i < other.length(); i++) {
            matched = longer(matched, other.charAt(i));
            if (matched == text.length()) {
                return i + 1 - matched;
            }
        }
        return -1;
    }
}
