package org.lora4j.example.text.tea;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Makes a {@code tokenizer.json} of byte pairs: as long as there is room, the most frequent pair of neighbours within a word becomes a
 * token (<a href="https://arxiv.org/abs/1508.07909">Sennrich et al.</a>). Words are runs of letters with the space before them, single
 * digits, and runs of other characters, so that a number has the same tokens wherever it stands.
 */
final class BytePairs {
    private static final String WORDS = "\\n| ?[A-Za-z]+|[0-9]| ?[^A-Za-z0-9\\s]+|\\s+";
    private static final ObjectMapper MAPPER = new ObjectMapper();

    private final Map<List<String>, Integer> words = new HashMap<>();

    /** Counts the words of a text. */
    void add(String text) {
        Matcher word = Pattern.compile(WORDS).matcher(text);
        while (word.find()) {
            List<String> letters = new ArrayList<>();
            for (byte one : word.group().getBytes(StandardCharsets.UTF_8)) {
                letters.add(letter(one & 0xFF));
            }
            words.merge(letters, 1, Integer::sum);
        }
    }

    /** The letter that stands for a byte, as in GPT-2: printable ones for themselves, the others behind U+0100. */
    private static String letter(int one) {
        int others = 0;
        for (int b = 0; b < one; b++) {
            others += isPrintable(b) ? 0 : 1;
        }
        return Character.toString(isPrintable(one) ? one : 256 + others);
    }

    private static boolean isPrintable(int one) {
        return (one >= '!' && one <= '~') || (one >= 0xA1 && one <= 0xAC) || one >= 0xAE;
    }

    /**
     * Makes the tokenizer.
     *
     * @param size the number of tokens
     * @param added the last tokens, which stand for whole texts
     * @param marks those of them that belong to the text of an answer; the others are special
     */
    String json(int size, List<String> added, Set<String> marks) {
        Map<String, Integer> ids = new LinkedHashMap<>();
        for (int one = 0; one < 256; one++) {
            ids.put(letter(one), one);
        }
        ObjectNode json = MAPPER.createObjectNode();
        json.put("version", "1.0").putNull("truncation").putNull("padding");
        ArrayNode more = json.putArray("added_tokens");
        json.putNull("normalizer");
        ArrayNode steps =
                json.putObject("pre_tokenizer").put("type", "Sequence").putArray("pretokenizers");
        ObjectNode split = steps.addObject().put("type", "Split");
        split.putObject("pattern").put("Regex", WORDS);
        split.put("behavior", "Isolated").put("invert", false);
        byteLevel(steps.addObject());
        json.putNull("post_processor");
        byteLevel(json.putObject("decoder"));
        ObjectNode model = json.putObject("model").put("type", "BPE");
        model.putNull("dropout").putNull("unk_token").putNull("continuing_subword_prefix");
        model.putNull("end_of_word_suffix").put("fuse_unk", false).put("byte_fallback", false);
        ObjectNode vocabulary = model.putObject("vocab");
        ArrayNode merges = model.putArray("merges");
        int own = size - added.size();
        while (ids.size() < own) {
            List<String> pair = mostFrequent();
            merges.add(pair.get(0) + " " + pair.get(1));
            ids.putIfAbsent(pair.get(0) + pair.get(1), ids.size());
            join(pair);
        }
        ids.forEach(vocabulary::put);
        for (int i = 0; i < added.size(); i++) {
            add(more.addObject(), own + i, added.get(i), !marks.contains(added.get(i)));
        }
        return json.toString();
    }

    private static void byteLevel(ObjectNode step) {
        step.put("type", "ByteLevel").put("add_prefix_space", false);
        step.put("trim_offsets", false).put("use_regex", false);
    }

    private static void add(ObjectNode token, int id, String text, boolean isSpecial) {
        token.put("id", id).put("content", text).put("single_word", false).put("lstrip", false);
        token.put("rstrip", false).put("normalized", false).put("special", isSpecial);
    }

    /** The most frequent pair; of equal ones the first in the order of letters. */
    private List<String> mostFrequent() {
        Map<List<String>, Integer> pairs = new HashMap<>();
        words.forEach((word, count) -> {
            for (int i = 1; i < word.size(); i++) {
                pairs.merge(List.of(word.get(i - 1), word.get(i)), count, Integer::sum);
            }
        });
        if (pairs.isEmpty()) {
            throw new IllegalStateException("the texts must have pairs for all tokens, found fewer; use more texts");
        }
        Comparator<Map.Entry<List<String>, Integer>> byCount = Map.Entry.comparingByValue();
        return Collections.max(
                        pairs.entrySet(),
                        byCount.thenComparing(entry -> String.join(" ", entry.getKey()), Comparator.reverseOrder()))
                .getKey();
    }

    private void join(List<String> pair) {
        Map<List<String>, Integer> joined = new HashMap<>();
        words.forEach((word, count) -> joined.merge(join(word, pair), count, Integer::sum));
        words.clear();
        words.putAll(joined);
    }

    private static List<String> join(List<String> word, List<String> pair) {
        List<String> joined = new ArrayList<>();
        for (int i = 0; i < word.size(); i++) {
            if (i + 1 < word.size()
                    && word.get(i).equals(pair.get(0))
                    && word.get(i + 1).equals(pair.get(1))) {
                joined.add(pair.get(0) + pair.get(1));
                i++;
            } else {
                joined.add(word.get(i));
            }
        }
        return joined;
    }
}
