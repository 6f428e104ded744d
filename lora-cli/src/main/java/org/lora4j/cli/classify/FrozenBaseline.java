package org.lora4j.cli.classify;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.lora4j.cli.model.TextClassifier;
import org.lora4j.example.support.train.SoftmaxRegression;
import org.lora4j.nn.Network;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** What the encoder can do as it is: softmax regression on the mean of the last hidden states. */
final class FrozenBaseline {
    private static final int BATCH = 32;

    private final Network encoder;
    private final long seed;

    FrozenBaseline(TextClassifier classifier, long seed) {
        encoder = classifier.features();
        this.seed = seed;
    }

    /** Trains on some texts, and predicts the classes of others. */
    List<Integer> predict(TokenizedTexts train, TokenizedTexts test) {
        Network head = SoftmaxRegression.train(features(train), train.classes(), train.count(), seed)
                .classifier();
        return Arrays.stream(head.predict(features(test)).argMax(1).toIntVector())
                .boxed()
                .toList();
    }

    private INDArray features(TokenizedTexts texts) {
        List<INDArray> parts = new ArrayList<>();
        for (int from = 0; from < texts.size(); from += BATCH) {
            parts.add(encoder.predict(texts.sequences().part(from, Math.min(texts.size(), from + BATCH))));
        }
        return Nd4j.concat(0, parts.toArray(INDArray[]::new));
    }
}
