package org.lora4j.text.tools;

/** The words of Python for values of JSON. */
final class PythonWords {
    private PythonWords() {}

    /** Returns the word of JSON for a word of Python, or the word itself. */
    static String json(String word) {
        return switch (word) {
            case "True" -> "true";
            case "False" -> "false";
            case "None" -> "null";
            default -> word;
        };
    }

    /** Returns the word of Python for a word of JSON, or the word itself. */
    static String python(String word) {
        return switch (word) {
            case "true" -> "True";
            case "false" -> "False";
            case "null" -> "None";
            default -> word;
        };
    }
}
