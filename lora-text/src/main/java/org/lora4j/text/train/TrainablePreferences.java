package org.lora4j.text.train;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.lora4j.nn.Model;
import org.lora4j.nn.Network;
import org.lora4j.nn.input.Sequences;
import org.lora4j.text.data.PreferenceExample;
import org.lora4j.text.data.TokenExample;
import org.lora4j.text.internal.TextHash;
import org.lora4j.text.task.Generate;
import org.lora4j.train.Batch;
import org.lora4j.train.PreferenceLoss;

/**
 * Learns to prefer one of two answers (DPO). The reference does not change, so its log probabilities are computed when a pair is used for
 * the first time, and kept: about 100 bytes for each pair.
 */
public final class TrainablePreferences implements TrainableTask<PreferenceExample, List<PreferenceLoss.Metrics>> {
    private final Network network;
    private final PreferenceLoss loss;
    private final PreferenceLoss.AnswerLogProbabilities reference;
    private final TextHash hash = new TextHash();
    private final Map<Long, Answers> kept = new HashMap<>();

    /** The log probabilities of two answers under the reference. */
    private record Answers(double chosen, double rejected) {}

    /**
     * Creates the task on a model.
     *
     * @param network the language model
     * @param loss the loss
     * @param reference to what the adapter is held: the language model, or an adapter on it that does not train
     */
    public TrainablePreferences(Network network, PreferenceLoss loss, Model reference) {
        this.network = Objects.requireNonNull(network, "network must not be null");
        this.loss = Objects.requireNonNull(loss, "loss must not be null");
        this.reference = new PreferenceLoss.AnswerLogProbabilities(reference);
    }

    @Override
    public Generate task() {
        return new Generate();
    }

    @Override
    public Network network() {
        return network;
    }

    @Override
    public PreferenceLoss loss() {
        return loss;
    }

    @Override
    public Batch batch(List<PreferenceExample> examples) {
        List<Answers> answers = examples.stream()
                .map(pair -> kept.computeIfAbsent(key(pair), key -> ofReference(pair)))
                .toList();
        return Batch.ofPreferences(
                PreferenceExample.chosen(examples),
                PreferenceExample.rejected(examples),
                answers.stream().mapToDouble(Answers::chosen).toArray(),
                answers.stream().mapToDouble(Answers::rejected).toArray());
    }

    /** Computes a pair alone, so that its numbers do not depend on the batch that uses it first, and both answers as the model does. */
    private Answers ofReference(PreferenceExample pair) {
        List<PreferenceExample> alone = List.of(pair);
        double[] both = reference.compute(
                Sequences.concat(List.of(PreferenceExample.chosen(alone), PreferenceExample.rejected(alone))));
        return new Answers(both[0], both[1]);
    }

    /** Returns a hash of the tokens of both texts, and of where their answers begin. */
    private long key(PreferenceExample example) {
        ByteBuffer bytes = ByteBuffer.allocate(Integer.BYTES * (example.length() + 2));
        for (TokenExample text : List.of(example.chosen(), example.rejected())) {
            bytes.putInt(text.prompt().length);
            for (int id : text.ids()) {
                bytes.putInt(id);
            }
        }
        return hash.of(bytes.array());
    }

    /**
     * {@inheritDoc}
     *
     * @return the numbers of each pair, in their order
     */
    @Override
    public List<PreferenceLoss.Metrics> measure(Model model, Iterable<PreferenceExample> held) {
        List<PreferenceLoss.Metrics> each = new ArrayList<>();
        for (PreferenceExample pair : held) {
            each.add(loss.evaluate(model, List.of(batch(List.of(pair)))));
        }
        return each;
    }
}
