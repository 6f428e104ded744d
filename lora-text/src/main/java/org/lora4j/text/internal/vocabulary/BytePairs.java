package org.lora4j.text.internal.vocabulary;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.lora4j.internal.MessageText;
import org.lora4j.io.gguf.model.GgufException;

/**
 * Byte-pair encoding, as GPT-2 has it: patterns divide a text into words, and pairs of pieces of a word are joined in the order of
 * the file.
 */
final class BytePairs implements TokenModel {
    private static final String MERGES = Vocabulary.PREFIX + "merges";
    private static final String PATTERN = Vocabulary.PREFIX + "pre";

    // \s is that of Unicode, and the letters after an apostrophe are those of ASCII, as llama.cpp has it.
    private static final String SPACE = "\\p{IsWhite_Space}";
    private static final String NO_SPACE = "\\P{IsWhite_Space}";
    private static final String END_OF_SPACES = SPACE + "+(?!" + NO_SPACE + ")|" + SPACE + "+";
    private static final String GPT_2 =
            "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^" + SPACE + "\\p{L}\\p{N}]+|" + END_OF_SPACES;
    private static final String LLAMA_3 = "'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD]"
            + "|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^" + SPACE + "\\p{L}\\p{N}]+[\\r\\n]*|" + SPACE
            + "*[\\r\\n]+|" + END_OF_SPACES;
    private static final String QWEN_2 = LLAMA_3.replace("{1,3}", "");
    private static final String DIGIT = "\\p{N}";

    /** The patterns by the name in the file; each divides what the one before it has left. */
    private static final Map<String, List<String>> PATTERNS = Map.ofEntries(
            Map.entry("gpt-2", List.of(GPT_2)),
            Map.entry("modern-bert", List.of(GPT_2)),
            Map.entry("jina-es", List.of(GPT_2)),
            Map.entry("jina-de", List.of(GPT_2)),
            Map.entry("jina-v2-es", List.of(GPT_2)),
            Map.entry("jina-v2-de", List.of(GPT_2)),
            Map.entry("llama3", List.of(LLAMA_3)),
            Map.entry("llama-v3", List.of(LLAMA_3)),
            Map.entry("llama-bpe", List.of(LLAMA_3)),
            Map.entry("qwen2", List.of(QWEN_2)),
            Map.entry("deepseek-r1-qwen", List.of(QWEN_2)),
            Map.entry("smollm", List.of(DIGIT, GPT_2)),
            Map.entry("starcoder", List.of(DIGIT, GPT_2)),
            Map.entry("command-r", List.of(DIGIT, GPT_2)));

    private final Vocabulary vocabulary;
    private final List<Pattern> patterns;
    private final Map<Pair, Integer> ranks;

    /** Whether a word that is a token is taken as a whole, and texts begin with a token. */
    private final boolean isLlama3;

    /** Two pieces that are joined. */
    private record Pair(String left, String right) {}

    private BytePairs(Vocabulary vocabulary, List<Pattern> patterns, Map<Pair, Integer> ranks, boolean isLlama3) {
        this.vocabulary = vocabulary;
        this.patterns = patterns;
        this.ranks = ranks;
        this.isLlama3 = isLlama3;
    }

    static BytePairs of(Vocabulary vocabulary) throws GgufException {
        String name = vocabulary
                .keys()
                .text(PATTERN)
                .orElseThrow(() -> vocabulary.keys().refuse(PATTERN, "must be there for texts", "no such key"));
        List<String> patterns = PATTERNS.get(name);
        if (patterns == null) {
            throw vocabulary
                    .keys()
                    .refuse(
                            PATTERN,
                            "must be one whose words this library knows: "
                                    + String.join(
                                            ", ",
                                            PATTERNS.keySet().stream().sorted().toList()),
                            MessageText.quote(name));
        }
        List<String> merges = vocabulary
                .keys()
                .texts(MERGES)
                .orElseThrow(() -> vocabulary.keys().refuse(MERGES, "must be there for texts", "no such key"));
        Map<Pair, Integer> ranks = new HashMap<>();
        for (String merge : merges) {
            int space = merge.indexOf(' ', 1);
            if (space < 0) {
                throw vocabulary.keys().refuse(MERGES, "must be pairs with a space between", MessageText.quote(merge));
            }
            ranks.putIfAbsent(new Pair(merge.substring(0, space), merge.substring(space + 1)), ranks.size());
        }
        boolean isLlama3 = patterns.get(0).equals(LLAMA_3);
        return new BytePairs(vocabulary, patterns.stream().map(Pattern::compile).toList(), ranks, isLlama3);
    }

    @Override
    public boolean begins() {
        return isLlama3;
    }

    @Override
    public boolean addsSpace() {
        return false;
    }

    @Override
    public void encode(String text, boolean afterSpecial, TokenList to) {
        for (String word : words(text)) {
            encodeWord(ByteLetters.of(word), to);
        }
    }

    private List<String> words(String text) {
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

    private void encodeWord(String word, TokenList to) {
        if (isLlama3) {
            int whole = vocabulary.id(word);
            if (whole != Vocabulary.NONE) {
                to.add(whole);
                return;
            }
        }
        for (String piece : Symbols.join(word, this::rank)) {
            int id = vocabulary.id(piece);
            if (id != Vocabulary.NONE) {
                to.add(id);
                continue;
            }
            for (int i = 0; i < piece.length(); i++) {
                int letter = vocabulary.id(piece.substring(i, i + 1));
                if (letter != Vocabulary.NONE) {
                    to.add(letter);
                }
            }
        }
    }

    private double rank(String left, String right) {
        Integer rank = ranks.get(new Pair(left, right));
        return rank == null ? Double.POSITIVE_INFINITY : rank;
    }

    @Override
    public byte[] bytes(int id) {
        return ByteLetters.bytes(vocabulary.text(id));
    }
}
