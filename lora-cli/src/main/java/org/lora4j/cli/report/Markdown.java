package org.lora4j.cli.report;

/** Texts of users in a page of Markdown. */
final class Markdown {
    private Markdown() {}

    /** Returns a text in one line that shows the same characters: none of them begins a link, HTML or another form. */
    static String escaped(String text) {
        return text.replaceAll("\\s+", " ").replaceAll("[\\\\`*_{}\\[\\]()<>#+!|~&$]", "\\\\$0");
    }
}
