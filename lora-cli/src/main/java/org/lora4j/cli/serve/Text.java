package org.lora4j.cli.serve;

/** Texts of clients in messages. */
final class Text {
    private static final int LONGEST = 80;

    private Text() {}

    /** Returns a text of a client in quotes, cut if it is long, without control characters. */
    static String quote(String text) {
        return "'" + printable(text) + "'";
    }

    /** Returns a text of a client, cut if it is long, without control characters and halves of characters. */
    static String printable(String text) {
        String cut = text.length() <= LONGEST ? text : text.substring(0, LONGEST) + "…";
        return cut.replaceAll("[\\p{Cntrl}\\p{Cs}\\p{Cf}]", "\uFFFD");
    }
}
