package org.lora4j.cli.tag;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.lora4j.cli.train.Examples;
import org.lora4j.text.data.TaggedText;
import org.lora4j.text.tokens.TagScheme;
import org.lora4j.text.train.TaggedTexts;

/**
 * What a list of words can do without any model: each word has the tag that it has most often in the texts for training, in small letters,
 * and an unknown one has none. Of many texts it knows 20,000, at equal distances in the file.
 */
final class WordTags {
    private static final int MOST_TEXTS = 20_000;

    private final Map<String, String> tags = new HashMap<>();
    private final TagScheme scheme;

    private WordTags(TagScheme scheme) {
        this.scheme = scheme;
    }

    /** Learns the tags of words. */
    static WordTags learn(List<TaggedText> texts, TagScheme scheme) {
        Map<String, Map<String, Integer>> counts = new HashMap<>();
        WordTags learned = new WordTags(scheme);
        for (TaggedText text : Examples.sample(texts, MOST_TEXTS)) {
            List<String> found = learned.actual(text);
            for (int i = 0; i < found.size(); i++) {
                counts.computeIfAbsent(word(text, i), word -> new HashMap<>()).merge(found.get(i), 1, Integer::sum);
            }
        }
        Comparator<Map.Entry<String, Integer>> byCount = Map.Entry.comparingByValue();
        counts.forEach((word, ofWord) -> learned.tags.put(
                word,
                ofWord.entrySet().stream()
                        .max(byCount.thenComparing(Map.Entry.comparingByKey()))
                        .orElseThrow()
                        .getKey()));
        return learned;
    }

    private static String word(TaggedText text, int word) {
        return text.words().word(word).toLowerCase(Locale.ROOT);
    }

    private List<String> actual(TaggedText text) {
        return scheme.tags(text.words().words().size(), text.tagged());
    }

    /** Returns the tags of texts, and those of the list. */
    TaggedTexts measure(List<TaggedText> texts) {
        List<List<String>> actual = new ArrayList<>();
        List<List<String>> predicted = new ArrayList<>();
        for (TaggedText text : texts) {
            actual.add(actual(text));
            List<String> found = new ArrayList<>();
            for (int i = 0; i < text.words().words().size(); i++) {
                found.add(tags.getOrDefault(word(text, i), TagScheme.OUTSIDE));
            }
            predicted.add(found);
        }
        return new TaggedTexts(actual, predicted);
    }
}
