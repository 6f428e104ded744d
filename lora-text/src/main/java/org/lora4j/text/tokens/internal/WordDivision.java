package org.lora4j.text.tokens.internal;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How a text is divided into words before pairs of bytes are joined, by the name that the file gives it ({@code
 * tokenizer.ggml.pre}). Each pattern divides what the one before it has left.
 */
public final class WordDivision {
    // \s is that of Unicode, and the letters after an apostrophe are those of ASCII, as llama.cpp has it.
    private static final String SPACE = "\\p{IsWhite_Space}";
    private static final String NO_SPACE = "\\P{IsWhite_Space}";
    private static final String END_OF_SPACES = SPACE + "+(?!" + NO_SPACE + ")|" + SPACE + "+";
    private static final String GPT_2 =
            "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^" + SPACE + "\\p{L}\\p{N}]+|" + END_OF_SPACES;
    private static final String SHORTENED = "'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD]";
    private static final String LLAMA_3 = SHORTENED + "|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^" + SPACE
            + "\\p{L}\\p{N}]+[\\r\\n]*|" + SPACE + "*[\\r\\n]+|" + END_OF_SPACES;
    private static final String QWEN_2 = LLAMA_3.replace("{1,3}", "");
    private static final String GPT_4O = cased("(?:" + SHORTENED + ")?", "\\p{N}{1,3}");
    private static final String TEKKEN = cased("", "\\p{N}");
    private static final String DIGIT = "\\p{N}";

    private static final Map<String, WordDivision> KNOWN = Map.ofEntries(
            Map.entry("gpt-2", of(false, GPT_2)),
            Map.entry("modern-bert", of(false, GPT_2)),
            Map.entry("jina-es", of(false, GPT_2)),
            Map.entry("jina-de", of(false, GPT_2)),
            Map.entry("jina-v2-es", of(false, GPT_2)),
            Map.entry("jina-v2-de", of(false, GPT_2)),
            Map.entry("llama3", of(true, LLAMA_3)),
            Map.entry("llama-v3", of(true, LLAMA_3)),
            Map.entry("llama-bpe", of(true, LLAMA_3)),
            Map.entry("dbrx", of(false, LLAMA_3)),
            Map.entry("qwen2", of(false, QWEN_2)),
            Map.entry("deepseek-r1-qwen", of(false, QWEN_2)),
            Map.entry("gpt-4o", of(false, GPT_4O)),
            Map.entry("tekken", of(true, TEKKEN)),
            Map.entry("smollm", of(false, DIGIT, GPT_2)),
            Map.entry("starcoder", of(false, DIGIT, GPT_2)),
            Map.entry("command-r", of(false, DIGIT, GPT_2)));

    private final List<Pattern> patterns;
    private final boolean takesWords;

    private WordDivision(List<Pattern> patterns, boolean takesWords) {
        this.patterns = patterns;
        this.takesWords = takesWords;
    }

    private static WordDivision of(boolean takesWords, String... patterns) {
        return new WordDivision(Arrays.stream(patterns).map(Pattern::compile).toList(), takesWords);
    }

    /** Words end where a capital follows on a small letter. Letters that are not those of ASCII count as both, as in llama.cpp. */
    private static String cased(String end, String digits) {
        String before = "[^\\r\\n\\p{L}\\p{N}]?";
        String capital = "[\\p{L}&&[^a-z]]";
        String small = "[\\p{L}&&[^A-Z]]";
        return before + capital + "*" + small + "+" + end + "|" + before + capital + "+" + small + "*" + end + "|"
                + digits + "| ?[^" + SPACE + "\\p{L}\\p{N}]+[\\r\\n/]*|" + SPACE + "*[\\r\\n]+|" + END_OF_SPACES;
    }

    /**
     * Returns a division.
     *
     * @param name its name in the file
     * @return the division; nothing if it is not known
     */
    public static Optional<WordDivision> named(String name) {
        return Optional.ofNullable(KNOWN.get(name));
    }

    /** The names, sorted. */
    static List<String> names() {
        return KNOWN.keySet().stream().sorted().toList();
    }

    /** Whether a word that is a token is taken as a whole, and texts begin with a token. */
    boolean takesWords() {
        return takesWords;
    }

    /**
     * Divides a text.
     *
     * @param text the text
     * @return its words, which are the text one after the other
     */
    public List<String> words(String text) {
        List<String> words = List.of(text);
        for (Pattern pattern : patterns) {
            List<String> divided = new ArrayList<>();
            words.forEach(word -> divide(word, pattern, divided));
            words = divided;
        }
        return words;
    }

    /** Adds what a pattern finds, and what is between. */
    private static void divide(String text, Pattern pattern, List<String> to) {
        Matcher found = pattern.matcher(text);
        int end = 0;
        while (found.find()) {
            if (found.start() > end) {
                to.add(text.substring(end, found.start()));
            }
            to.add(found.group());
            end = found.end();
        }
        if (end < text.length()) {
            to.add(text.substring(end));
        }
    }
}
