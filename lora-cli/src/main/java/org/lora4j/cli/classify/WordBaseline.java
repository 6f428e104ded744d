package org.lora4j.cli.classify;

import de.bwaldvogel.liblinear.Feature;
import de.bwaldvogel.liblinear.Linear;
import de.bwaldvogel.liblinear.Model;
import de.bwaldvogel.liblinear.Parameter;
import de.bwaldvogel.liblinear.Problem;
import de.bwaldvogel.liblinear.SolverType;
import java.util.List;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import java.util.function.ToIntFunction;
import java.util.stream.IntStream;
import org.lora4j.cli.train.Examples;
import org.lora4j.text.data.LabelledText;
import org.lora4j.text.data.Labels;
import org.lora4j.text.data.TextInput;
import org.lora4j.text.data.TextLabels;
import org.lora4j.text.data.TextNumber;

/**
 * What the words alone can do, without any model: linear models of LIBLINEAR on {@link WordFeatures}. Of many texts for training
 * they use 20,000, at equal distances in the file.
 *
 * @param <E> a text for training
 */
final class WordBaseline<E extends TextInput> {
    private static final int MOST_TEXTS = 20_000;

    /** Logistic regression with C = 10. */
    private static final Parameter LOGISTIC = new Parameter(SolverType.L2R_LR, 10, 0.01);

    /** Support vector regression of squared errors with C = 1; with ε = 0 it is ridge regression, so numbers of all sizes do. */
    private static final Parameter RIDGE = new Parameter(SolverType.L2R_L2LOSS_SVR, 1, 0.0001, 0.0);

    private final List<E> texts;
    private final WordFeatures features;
    private final Feature[][] rows;

    private WordBaseline(List<E> train) {
        texts = Examples.sample(train, MOST_TEXTS);
        features = new WordFeatures(texts);
        rows = texts.stream().map(features::of).toArray(Feature[][]::new);
    }

    /** Returns the class of a text by logistic regression of one class against the others. */
    static ToIntFunction<TextInput> classes(List<LabelledText> train, Labels labels) {
        WordBaseline<LabelledText> words = new WordBaseline<>(train);
        Model model = words.fit(LOGISTIC, text -> labels.id(text.label()));
        return text -> (int) Linear.predict(model, words.features.of(text));
    }

    /** Returns the probability of each label of a text by logistic regression of the label. */
    static Function<TextInput, List<Double>> labels(List<TextLabels> train, Labels labels) {
        WordBaseline<TextLabels> words = new WordBaseline<>(train);
        List<Model> models = labels.names().stream()
                .map(label -> words.fit(LOGISTIC, text -> text.labels().contains(label) ? 1 : 0))
                .toList();
        return text -> {
            Feature[] row = words.features.of(text);
            return models.stream().map(model -> probability(model, row)).toList();
        };
    }

    /** Returns the number of a text by ridge regression. A text without known words has about the mean. */
    static ToDoubleFunction<TextInput> number(List<TextNumber> train) {
        WordBaseline<TextNumber> words = new WordBaseline<>(train);
        double mean =
                words.texts.stream().mapToDouble(TextNumber::number).average().orElseThrow();
        Model model = words.fit(RIDGE, text -> text.number() - mean);
        return text -> mean + Linear.predict(model, words.features.of(text));
    }

    private Model fit(Parameter parameter, ToDoubleFunction<E> target) {
        Problem problem = new Problem();
        problem.l = rows.length;
        problem.n = features.count();
        problem.x = rows;
        problem.y = texts.stream().mapToDouble(target).toArray();
        Linear.disableDebugOutput();
        return Linear.train(problem, parameter);
    }

    /** If all texts for training have a label, or none, the model knows 1 alone, or 0. */
    private static double probability(Model model, Feature... row) {
        double[] probabilities = new double[model.getNrClass()];
        Linear.predictProbability(model, row, probabilities);
        int[] known = model.getLabels();
        return IntStream.range(0, known.length)
                .filter(i -> known[i] == 1)
                .mapToDouble(i -> probabilities[i])
                .sum();
    }
}
