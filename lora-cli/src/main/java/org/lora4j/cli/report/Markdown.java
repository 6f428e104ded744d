package org.lora4j.cli.report;

/** Texts of users in a page of Markdown. */
public final class Markdown {
    private Markdown() {}

    /**
     * Returns a text in one line that shows the same characters: none of them begins a link, HTML or another form.
     *
     * @param text any text
     * @return the text with escapes
     */
    public static String escaped(String text) {
        return text.replaceAll("\\s+", " ").replaceAll("[\\\\`*_{}\\[\\]()<>#+!|~&$]", "\\\\$0");
    }

    /**
     * Returns a word of a command in a block of code, as a shell takes it, whatever characters it has.
     *
     * @param value the word
     * @return the word, in quotes if it needs them
     */
    public static String word(Object value) {
        String text = value.toString();
        return text.matches("[A-Za-z0-9_./:+=@%-]+") ? text : "'" + text.replace("'", "'\\''") + "'";
    }
}
