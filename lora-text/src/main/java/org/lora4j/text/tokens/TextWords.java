package org.lora4j.text.tokens;

import java.lang.Character.UnicodeScript;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;

/**
 * A text with its words, which can have a label each.
 *
 * @param text the text
 * @param words the words in their order, which do not overlap
 */
public record TextWords(String text, List<Word> words) {
    /** Writings without spaces between words: each character is a word. */
    private static final Set<UnicodeScript> WITHOUT_SPACES = Set.of(
            UnicodeScript.HAN,
            UnicodeScript.HIRAGANA,
            UnicodeScript.KATAKANA,
            UnicodeScript.THAI,
            UnicodeScript.LAO,
            UnicodeScript.KHMER,
            UnicodeScript.MYANMAR);

    /**
     * A word of a text. The offsets are those of Java's strings, in UTF-16.
     *
     * @param start where it begins
     * @param end where it ends: the place behind its last char
     */
    public record Word(int start, int end) {}

    /**
     * Checks the words.
     *
     * @param text the text
     * @param words the words
     * @throws IllegalArgumentException if a word is empty or outside the text, or begins before the one before it ends
     */
    public TextWords {
        Objects.requireNonNull(text, "text must not be null");
        words = List.copyOf(Objects.requireNonNull(words, "words must not be null"));
        int last = 0;
        for (int i = 0; i < words.size(); i++) {
            Word word = words.get(i);
            if (word.start < last || word.end <= word.start || word.end > text.length()) {
                throw new IllegalArgumentException("words: each must lie in the text of " + text.length()
                        + " chars behind the one before it, found " + word.start + " to " + word.end + " for word " + i
                        + " behind " + last);
            }
            last = word.end;
        }
    }

    /**
     * Divides a text. A word is a run of letters and digits, with the marks on them. Each other character that is no space is a word of its
     * own, and so is each letter of a writing without spaces, such as Chinese, Japanese or Thai.
     *
     * @param text the text
     * @return the text with its words; none if it has spaces alone
     */
    public static TextWords of(String text) {
        Objects.requireNonNull(text, "text must not be null");
        List<Word> words = new ArrayList<>();
        int start = -1;
        int at = 0;
        while (at < text.length()) {
            int character = text.codePointAt(at);
            int next = at + Character.charCount(character);
            if (isMark(character) && start < 0 && !words.isEmpty() && words.get(words.size() - 1).end == at) {
                Word before = words.remove(words.size() - 1);
                words.add(new Word(before.start, next));
            } else if (isPart(character) || (isMark(character) && start >= 0)) {
                start = start < 0 ? at : start;
            } else {
                if (start >= 0) {
                    words.add(new Word(start, at));
                    start = -1;
                }
                if (!isSpace(character)) {
                    words.add(new Word(at, next));
                }
            }
            at = next;
        }
        if (start >= 0) {
            words.add(new Word(start, text.length()));
        }
        return new TextWords(text, words);
    }

    /**
     * Joins words with a space between them, as most tokenizers expect them.
     *
     * @param words the words, for example those of a line of a file
     * @return the text with these words
     * @throws IllegalArgumentException if a word is empty
     * @throws NullPointerException if a word is null; the message names it
     */
    public static TextWords join(List<String> words) {
        Objects.requireNonNull(words, "words must not be null");
        StringBuilder text = new StringBuilder();
        List<Word> places = new ArrayList<>();
        for (int i = 0; i < words.size(); i++) {
            int number = i;
            String word = Objects.requireNonNull(
                    words.get(i), () -> "words: each must be a text, found null for word " + number);
            if (word.isEmpty()) {
                throw new IllegalArgumentException("words: each must have a character, found none in word " + i);
            }
            if (i > 0) {
                text.append(' ');
            }
            places.add(new Word(text.length(), text.length() + word.length()));
            text.append(word);
        }
        return new TextWords(text.toString(), places);
    }

    /**
     * Returns a word as text.
     *
     * @param word the number of the word
     * @return its characters
     */
    public String word(int word) {
        return text.substring(words.get(word).start, words.get(word).end);
    }

    private static boolean isPart(int character) {
        return Character.isLetterOrDigit(character) && !WITHOUT_SPACES.contains(UnicodeScript.of(character));
    }

    private static boolean isMark(int character) {
        int type = Character.getType(character);
        return type == Character.NON_SPACING_MARK
                || type == Character.COMBINING_SPACING_MARK
                || type == Character.ENCLOSING_MARK;
    }

    /** A space, a control character, or one that only changes how others look. */
    private static boolean isSpace(int character) {
        return Character.isWhitespace(character)
                || Character.isSpaceChar(character)
                || Character.getType(character) == Character.CONTROL
                || Character.getType(character) == Character.FORMAT;
    }
}
