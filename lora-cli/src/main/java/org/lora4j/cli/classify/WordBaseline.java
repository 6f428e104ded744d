package org.lora4j.cli.classify;

import de.bwaldvogel.liblinear.Feature;
import de.bwaldvogel.liblinear.FeatureNode;
import de.bwaldvogel.liblinear.Linear;
import de.bwaldvogel.liblinear.Model;
import de.bwaldvogel.liblinear.Parameter;
import de.bwaldvogel.liblinear.Problem;
import de.bwaldvogel.liblinear.SolverType;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.lora4j.cli.measure.WordCounts;
import org.lora4j.cli.train.Examples;
import org.lora4j.text.data.LabelledText;
import org.lora4j.text.data.Labels;
import org.lora4j.text.data.TextInput;

/**
 * What the words alone can do, without any model: logistic regression (LIBLINEAR, one class against the others, C = 10) on the
 * counts of the words, weighted as scikit-learn's {@code TfidfVectorizer(sublinear_tf=True)} does. With t, how often a word is in
 * a text, d, how many texts have it, and n texts, its weight is
 *
 * <pre>(1 + ln t) · (1 + ln((1 + n)/(1 + d)))</pre>
 *
 * and the weights of a text have the length 1. Words that no text for training has do not count. Of many texts for training it
 * uses 20,000, at equal distances in the file.
 */
final class WordBaseline {
    private static final int MOST_TEXTS = 20_000;
    private static final double COST = 10;
    private static final double TOLERANCE = 0.01;

    /** No word has a space. */
    private static final String SECOND = " ";

    private final Map<String, Integer> ids = new HashMap<>();
    private final double[] rarity;
    private final Model model;

    private WordBaseline(List<LabelledText> sample, Labels labels) {
        Map<String, Integer> textsOfWord = new HashMap<>();
        for (LabelledText text : sample) {
            words(text).keySet().forEach(word -> textsOfWord.merge(word, 1, Integer::sum));
        }
        rarity = new double[textsOfWord.size()];
        new TreeMap<>(textsOfWord).forEach((word, count) -> {
            rarity[ids.size()] = 1 + Math.log((1.0 + sample.size()) / (1 + count));
            ids.put(word, ids.size());
        });
        Problem problem = new Problem();
        problem.l = sample.size();
        problem.n = rarity.length + 1;
        problem.x = new Feature[sample.size()][];
        problem.y = new double[sample.size()];
        for (int i = 0; i < sample.size(); i++) {
            LabelledText text = sample.get(i);
            problem.x[i] = features(text);
            problem.y[i] = labels.id(text.label());
        }
        Linear.disableDebugOutput();
        model = Linear.train(problem, new Parameter(SolverType.L2R_LR, COST, TOLERANCE));
    }

    /** Trains a classifier. */
    static WordBaseline train(List<LabelledText> texts, Labels labels) {
        return new WordBaseline(Examples.sample(texts, MOST_TEXTS), labels);
    }

    /** Returns the class of a text. */
    int predict(TextInput text) {
        return (int) Linear.predict(model, features(text));
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

    /** The weights of the words in the order of their numbers, which begin with 1, and a constant. */
    private Feature[] features(TextInput text) {
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
        features[next] = new FeatureNode(rarity.length + 1, 1);
        return features;
    }
}
