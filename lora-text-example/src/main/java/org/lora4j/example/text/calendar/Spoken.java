package org.lora4j.example.text.calendar;

/**
 * How somebody says a value.
 *
 * @param words the words, such as {@code half an hour}
 * @param value the argument of a call, such as {@code 30}
 */
public record Spoken(String words, Object value) {
    /**
     * Returns words that are the value.
     *
     * @param words the words
     * @return the value
     */
    public static Spoken same(String words) {
        return new Spoken(words, words);
    }
}
