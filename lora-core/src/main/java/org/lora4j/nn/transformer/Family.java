package org.lora4j.nn.transformer;

import java.util.List;
import java.util.Optional;
import org.lora4j.io.gguf.GgufModel;
import org.lora4j.nn.layer.Layer;
import org.lora4j.nn.layer.Pooling;

/**
 * A model of one architecture of {@code transformers}: what its {@code config.json} says, which its constructor reads and checks;
 * its layers; and what its files call them. {@link Families} lists them.
 *
 * <p>The layers state all shapes. The constructor must read fields without throwing: problems are collected.
 */
interface Family {
    /** What transformers calls its classes, without the end, such as {@code Bert} of {@code BertModel}. */
    String architecture();

    /** The width of the last hidden state. */
    int hiddenSize();

    /** The longest sequence that is computed rightly. */
    int maxLength();

    /** The modules that PEFT adapts if none are named. */
    List<String> defaultTargets();

    /** What stands before all modules but the ends in a model with a head. */
    String prefix();

    /** The name without a prefix, and in the form of today, of a tensor in a file. */
    default String plainName(String stored) {
        return withoutStart(prefix(), stored);
    }

    /** A name without a start, if it has it. */
    static String withoutStart(String start, String name) {
        return name.startsWith(start) ? name.substring(start.length()) : name;
    }

    /**
     * Whether files can hold a tensor of a plain name that is not needed. One of a layer of the model is read all the same if
     * it is there.
     */
    default boolean isOfNoUse(String plain) {
        return false;
    }

    /**
     * The standard deviation of a matrix before the training.
     *
     * @param plain the plain name of the matrix
     * @param range that of most matrices
     */
    default double initialDeviation(String plain, double range) {
        return range;
    }

    /** What the weights of normalizations are before the training. */
    default double initialNorm() {
        return 1;
    }

    /** The layers up to the last hidden state. The first one is a {@link org.lora4j.nn.layer.TokenEmbeddings}. */
    List<Layer> layers(ModelParts parts);

    /** What makes one vector of the last hidden state; nothing if the family has no such end. */
    default List<Layer> pooler(ModelParts parts) {
        return List.of();
    }

    /** The end of a classifier. */
    List<Layer> classifier(ModelParts parts);

    /** The end of a classifier on the mean over the tokens. */
    default List<Layer> meanClassifier(ModelParts parts) {
        ModelParts end = parts.end();
        return List.of(
                parts.pooling("mean", Pooling.Method.MEAN),
                end.dropout("dropout", classifierDropout()),
                end.labels("classifier", hiddenSize(), true));
    }

    /**
     * The end of a classifier of tokens, which has an output for each label and token; nothing if {@code transformers} has no such class
     * for the family.
     */
    default List<Layer> tokenClassifier(ModelParts parts) {
        return parts.tokenClassifier("classifier", hiddenSize(), classifierDropout(), true);
    }

    /** The dropout before a new classifier. */
    default double classifierDropout() {
        return 0;
    }

    /** How llama.cpp names the model, if this library writes adapters of it as GGUF files. */
    default Optional<GgufModel> gguf() {
        return Optional.empty();
    }
}
