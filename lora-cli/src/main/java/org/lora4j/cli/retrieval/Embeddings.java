package org.lora4j.cli.retrieval;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.lora4j.nn.Model;
import org.lora4j.nn.input.Sequences;
import org.lora4j.text.EncoderFolder;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Sentence embeddings as a way to find texts. */
final class Embeddings {
    /** Enough that the products of matrices are large; more would not be faster. */
    private static final int BATCH = 32;

    private Embeddings() {}

    /** Returns the embedding of each sequence, {@code [n, dim]}. */
    static INDArray of(Model model, Sequences texts) {
        List<INDArray> parts = new ArrayList<>();
        for (int from = 0; from < texts.count(); from += BATCH) {
            parts.add(model.predict(texts.part(from, Math.min(texts.count(), from + BATCH))));
        }
        return Nd4j.concat(0, parts.toArray(INDArray[]::new));
    }

    /** Sorts all texts for each query by the similarity of the model. */
    static RankMetrics.Queries rank(Model model, EncoderFolder encoder, FoundTexts.Collection texts) {
        INDArray documents = of(model, encoder.documents(texts.texts()));
        List<Map.Entry<String, Set<Integer>>> queries =
                List.copyOf(texts.right().entrySet());
        RankMetrics.Sum sum = new RankMetrics.Sum();
        for (int from = 0; from < queries.size(); from += BATCH) {
            List<Map.Entry<String, Set<Integer>>> some = queries.subList(from, Math.min(queries.size(), from + BATCH));
            INDArray embedded = of(
                    model, encoder.queries(some.stream().map(Map.Entry::getKey).toList()));
            double[][] scores = encoder.similarity().all(embedded, documents);
            for (int i = 0; i < scores.length; i++) {
                sum.add(scores[i], some.get(i).getValue());
            }
        }
        return sum.metrics(texts.texts().size());
    }

    /** Sorts all texts for each query in any order. */
    static RankMetrics.Queries chance(FoundTexts.Collection texts) {
        RankMetrics.Sum sum = new RankMetrics.Sum();
        double[] equal = new double[texts.texts().size()];
        texts.right().values().forEach(right -> sum.add(equal, right));
        return sum.metrics(equal.length);
    }
}
