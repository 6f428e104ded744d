package org.lora4j.text.task;

import java.util.List;
import java.util.Locale;
import java.util.Objects;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.TargetModules;
import org.lora4j.nn.Network;
import org.lora4j.nn.layer.WeightedLayer;
import org.lora4j.nn.transformer.ModelConfig;
import org.lora4j.nn.transformer.PretrainedModel;

/** What a network ends with. Tasks of all heads share the layers before it and their batches; those of equal heads share the head too. */
public enum Head {
    /** A sentence embedding, as the modules of the folder say. */
    EMBEDDING,
    /** A classifier of the mean over the tokens. It suits encoders for sentence embeddings. Hugging Face's classes have no such head. */
    MEAN,
    /** A classifier of the first token of an encoder, as Hugging Face's {@code BertForSequenceClassification} has it. */
    POOLER,
    /** A classifier of the last token of a decoder, as Hugging Face's {@code LlamaForSequenceClassification} has it. */
    LAST,
    /** A classifier of each token, as Hugging Face's {@code BertForTokenClassification} and {@code Qwen2ForTokenClassification} have it. */
    TOKENS,
    /**
     * How much likelier a decoder answers yes than no, as Qwen3-Reranker does. It has the prompt of the card of that model, and gives a
     * pair of texts a score without a trained classifier.
     */
    YES_NO,
    /** The logits of the next token of a decoder. */
    NEXT_TOKEN;

    /** The layer that compares the logits of yes and no. */
    private static final String SCORE = "score";

    /**
     * Returns what the classifier of an adapter of PEFT reads, whose files do not say it.
     *
     * @param model the model that the adapter is for
     * @return what Hugging Face's class for the model reads; the mean for an encoder for which there is none
     */
    public static Head ofPeft(PretrainedModel model) {
        Objects.requireNonNull(model, "model must not be null");
        return model.config().isDecoder() ? LAST : model.canClassify() ? POOLER : MEAN;
    }

    /**
     * Returns the head of a name.
     *
     * @param name the name in small letters, as {@link #text} returns it
     * @return the head of a classifier or of a score
     * @throws IllegalArgumentException if there is none of this name that classifies
     */
    public static Head ofClassifier(String name) {
        for (Head head : values()) {
            if (head.classifiesTexts() || head == YES_NO) {
                if (head.text().equals(name)) {
                    return head;
                }
            }
        }
        throw new IllegalArgumentException("head must be one of [mean, pooler, last, yes_no], found '" + name + "'");
    }

    /**
     * Returns the name that files and options have.
     *
     * @return in small letters
     */
    public String text() {
        return name().toLowerCase(Locale.ROOT);
    }

    /**
     * Returns whether the head has weights that an adapter brings: a classifier that trains in full.
     *
     * @return true for {@code MEAN}, {@code POOLER}, {@code LAST} and {@code TOKENS}
     */
    public boolean isTrained() {
        return classifiesTexts() || this == TOKENS;
    }

    /**
     * Returns whether the head is a trained classifier of whole texts.
     *
     * @return true for {@code MEAN}, {@code POOLER} and {@code LAST}
     */
    public boolean classifiesTexts() {
        return this == MEAN || this == POOLER || this == LAST;
    }

    /** Whether it needs a decoder. */
    private boolean needsDecoder() {
        return this == LAST || this == YES_NO || this == NEXT_TOKEN;
    }

    /**
     * Checks that a model can have this head, as far as its configuration says it.
     *
     * @param config the model
     * @throws IllegalArgumentException if it is for decoders and the model is an encoder, or the other way round; or {@code transformers}
     *     has no classifier of tokens for the model
     */
    public void requireFits(ModelConfig config) {
        Objects.requireNonNull(config, "config must not be null");
        if (this == TOKENS) {
            if (!config.canClassifyTokens()) {
                throw new IllegalArgumentException(
                        "head: the model must be one that transformers has a classifier of tokens" + " for, found "
                                + config.modelType());
            }
            return;
        }
        if (this == EMBEDDING || needsDecoder() == config.isDecoder()) {
            return;
        }
        throw new IllegalArgumentException(
                config.isDecoder()
                        ? "head: a decoder must have the head LAST, found " + this
                        : "head: an encoder must have the head MEAN or POOLER, found " + this
                                + ", which is for decoders");
    }

    /**
     * Puts the head on a model. That of yes and no needs the tokenizer of the model, and is made by {@code TextModel}.
     *
     * @param model the model
     * @param classes the number of classes of a new classifier; of no use to a head without one
     * @param seed the seed of the classifier
     * @return the network
     * @throws IllegalArgumentException if the model cannot have this head
     */
    public Network network(PretrainedModel model, int classes, long seed) {
        Objects.requireNonNull(model, "model must not be null");
        requireFits(model.config());
        return switch (this) {
            case EMBEDDING -> model.sentenceEmbeddings();
            case NEXT_TOKEN -> model.causal();
            case MEAN -> model.meanClassifier(classes, seed);
            case LAST -> model.classifier(classes, seed);
            case TOKENS -> model.tokenClassifier(classes, seed);
            case POOLER -> {
                if (!model.canClassify()) {
                    throw new IllegalArgumentException(
                            "head: the encoder must have a pooler for the head POOLER, found none; use the head MEAN");
                }
                yield model.classifier(classes, seed);
            }
            case YES_NO ->
                throw new IllegalArgumentException(
                        "head: YES_NO needs the tokenizer of the model, found its weights alone");
        };
    }

    /**
     * Returns the configuration of a new adapter for a network with this head: a classifier trains in full beside the factors. The score
     * of yes and no is no layer of the language model that such an adapter is for, so it is left out.
     *
     * @param asked what a program asks for
     * @param network the network with this head
     * @return the configuration with what the head needs
     * @throws IllegalArgumentException if {@code excludeModules} is set for the head {@code YES_NO}, which sets it itself
     */
    public LoRAConfig config(LoRAConfig asked, Network network) {
        Objects.requireNonNull(asked, "asked must not be null");
        Objects.requireNonNull(network, "network must not be null");
        if (isTrained()) {
            return asked.toBuilder()
                    .modulesToSave(endOf(network).toArray(String[]::new))
                    .build();
        }
        if (this != YES_NO) {
            return asked;
        }
        if (asked.excludeModules() != null) {
            throw new IllegalArgumentException("excludeModules must not be set for the head YES_NO, which excludes the"
                    + " score, found " + asked.excludeModules() + "; name the modules that are adapted");
        }
        return asked.toBuilder()
                .excludeModules(TargetModules.of(SCORE))
                .hubFields(asked.hubFields().withTaskType("CAUSAL_LM"))
                .build();
    }

    /**
     * The layers of a classifier, which have no prefix of the model below it. Files of a model need not hold those under the labels, and
     * who serves the adapter does not know the seed of its training.
     */
    private static List<String> endOf(Network network) {
        String input = network.inputEmbedding().orElseThrow();
        String prefix = input.substring(0, input.indexOf('.') + 1);
        return network.weightedLayers().stream()
                .map(WeightedLayer::path)
                .filter(path -> !path.startsWith(prefix))
                .toList();
    }
}
