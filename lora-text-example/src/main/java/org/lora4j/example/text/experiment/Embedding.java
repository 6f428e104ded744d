package org.lora4j.example.text.experiment;

import java.util.List;
import java.util.stream.IntStream;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.example.support.cli.ProgressDisplay;
import org.lora4j.example.support.report.TextOutput;
import org.lora4j.example.support.train.EpochBatches;
import org.lora4j.example.text.data.TextPairs;
import org.lora4j.example.text.report.BaseCheck;
import org.lora4j.example.text.report.Retrieval;
import org.lora4j.nn.Model;
import org.lora4j.nn.Network;
import org.lora4j.nn.input.Sequences;
import org.lora4j.nn.transformer.BertModel;
import org.lora4j.text.Tokenizer;
import org.lora4j.train.Batch;
import org.lora4j.train.Loss;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Tunes sentence embeddings so that a text finds the one that belongs to it. */
public final class Embedding {
    static final String ADAPTER = "adapter";

    /** The loss is the cross entropy of this many times the cosines, as in sentence-transformers. */
    private static final double SCALE = 20;

    private final BertModel bert;
    private final TextOutput out;
    private final Pairs train;
    private final Pairs test;

    /** The tokens of pairs. */
    private record Pairs(TokenizedTexts first, TokenizedTexts second) {
        static Pairs of(Tokenizer tokens, TextPairs pairs) {
            return new Pairs(TokenizedTexts.of(tokens, pairs.first()), TokenizedTexts.of(tokens, pairs.second()));
        }

        Batch batch(int... indices) {
            return new Batch(Sequences.concat(List.of(first.batch(indices), second.batch(indices))), null);
        }
    }

    /**
     * Creates an experiment.
     *
     * @param bert the model
     * @param tokens its tokenizer
     * @param train the pairs for training
     * @param test the pairs for testing
     * @param out where the steps are printed
     */
    public Embedding(BertModel bert, Tokenizer tokens, TextPairs train, TextPairs test, TextOutput out) {
        this.bert = bert;
        this.out = out;
        this.train = Pairs.of(tokens, train);
        this.test = Pairs.of(tokens, test);
    }

    /**
     * What a model reaches before and after the training.
     *
     * @param view the model with the adapter
     * @param training the training
     * @param before the rank of each test text before the training
     * @param after the rank of each test text after the training
     * @param base whether the base is unchanged
     */
    record Tuned(
            AdapterView view, FineTuning.Outcome training, List<Integer> before, List<Integer> after, BaseCheck base) {}

    Tuned run(LoRAConfig config, FineTuning fineTuning, long seed, ProgressDisplay progress) {
        Network base = bert.sentenceEmbeddings();
        FrozenCheck check = new FrozenCheck(base, test.first());
        out.section("The model as it is");
        List<Integer> before = ranks(base);
        print(Retrieval.of(before));

        out.section("LoRA: %s", fineTuning);
        LoRAModel model = LoRAModel.of(base);
        AdapterView view = model.add(ADAPTER, config);
        EpochBatches batches = new EpochBatches(train.first().size(), fineTuning.batchSize(), seed, train::batch);
        FineTuning.Outcome outcome = progress.show(
                "LoRA",
                fineTuning.steps(),
                listener -> fineTuning.run(view, Loss.inBatchNegatives(SCALE), batches, listener));
        out.training(outcome.result());
        List<Integer> after = ranks(view);
        print(Retrieval.of(after));
        return new Tuned(view, outcome, before, after, check.compare(model, out));
    }

    private void print(Retrieval result) {
        out.fact(
                "recall@1 %.3f, recall@10 %.3f, MRR %.3f",
                result.recallAt1(), result.recallAt10(), result.meanReciprocalRank());
    }

    /** Returns for each first text the rank of its second one among all second ones. */
    private List<Integer> ranks(Model model) {
        INDArray similarities = test.first()
                .map(model::predict)
                .mmul(test.second().map(model::predict).transpose());
        float[][] rows = similarities.toFloatMatrix();
        return IntStream.range(0, rows.length).mapToObj(i -> rank(rows[i], i)).toList();
    }

    /** Counts the candidates that are more similar than the right one, or as similar and before it. */
    private static int rank(float[] similarities, int right) {
        int rank = 1;
        for (int i = 0; i < similarities.length; i++) {
            if (similarities[i] > similarities[right] || (similarities[i] == similarities[right] && i < right)) {
                rank++;
            }
        }
        return rank;
    }
}
