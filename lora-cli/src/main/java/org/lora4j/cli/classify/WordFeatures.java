package org.lora4j.cli.classify;

import de.bwaldvogel.liblinear.Feature;
import de.bwaldvogel.liblinear.FeatureNode;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.lora4j.cli.measure.WordCounts;
import org.lora4j.text.data.TextInput;

/**
 * The counts of the words of a text, weighted as scikit-learn's {@code TfidfVectorizer(sublinear_tf=True)} does. With t, how often
 * a word is in a text, d, how many texts have it, and n texts, its weight is
 *
 * <pre>(1 + ln t) · (1 + ln((1 + n)/(1 + d)))</pre>
 *
 * and the weights of a text have the length 1. Words that none of the n texts has do not count.
 */
final class WordFeatures {
    /** No word has a space. */
    private static final String SECOND = " ";

    private final Map<String, Integer> ids = new HashMap<>();
    private final double[] rarity;

    /** Counts how many of the texts have each word. */
    WordFeatures(List<? extends TextInput> texts) {
        Map<String, Integer> textsOfWord = new HashMap<>();
        for (TextInput text : texts) {
            words(text).keySet().forEach(word -> textsOfWord.merge(word, 1, Integer::sum));
        }
        rarity = new double[textsOfWord.size()];
        new TreeMap<>(textsOfWord).forEach((word, count) -> {
            rarity[ids.size()] = 1 + Math.log((1.0 + texts.size()) / (1 + count));
            ids.put(word, ids.size());
        });
    }

    /** Returns the number of features of a text: the words, and a constant. */
    int count() {
        return rarity.length + 1;
    }

    /** A word of the second text of a pair is another one than in the first. */
    private static Map<String, Long> words(TextInput text) {
        Map<String, Long> words = new HashMap<>(WordCounts.of(text.text()));
        String other = text.textPair();
        if (other != null) {
            WordCounts.of(other).forEach((word, count) -> words.put(SECOND + word, count));
        }
        return words;
    }

    /** Returns the weights of the words in the order of their numbers, which begin with 1, and a constant. */
    Feature[] of(TextInput text) {
        Map<Integer, Double> weights = new TreeMap<>();
        words(text).forEach((word, count) -> {
            Integer id = ids.get(word);
            if (id != null) {
                weights.put(id, (1 + Math.log(count)) * rarity[id]);
            }
        });
        double length = Math.sqrt(
                weights.values().stream().mapToDouble(weight -> weight * weight).sum());
        Feature[] features = new Feature[weights.size() + 1];
        int next = 0;
        for (Map.Entry<Integer, Double> weight : weights.entrySet()) {
            features[next++] = new FeatureNode(weight.getKey() + 1, weight.getValue() / length);
        }
        features[next] = new FeatureNode(count(), 1);
        return features;
    }
}
