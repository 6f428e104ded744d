package org.lora4j.spark.internal.base;

import java.io.Serializable;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import org.lora4j.nn.Network;
import org.lora4j.nn.transformer.PretrainedModel;
import org.lora4j.spark.internal.param.EncoderHead;

/** How an encoder becomes a network, and which texts it gets. Spark's Kryo cannot send records, so it is none. */
public final class EncoderSettings implements Serializable {
    private static final long serialVersionUID = 1L;

    private final EncoderHead head;
    private final int labels;
    private final int dimensions;
    private final int maxTokens;
    private final @Nullable String promptName;
    private final @Nullable String prompt;
    private final boolean pairs;

    /**
     * Holds the settings.
     *
     * @param head what the encoder ends with
     * @param labels the number of classes of a new classifier; 0 for the classifier of the file
     * @param dimensions the length of an embedding; 0 for the whole one
     * @param maxTokens the most tokens of a text; 0 for the most that tokenizer and encoder allow
     * @param promptName the name of the prompt of texts, or null
     * @param prompt the prompt of texts, or null
     * @param pairs whether an input has two texts
     * @throws IllegalArgumentException if the settings do not fit each other
     */
    public EncoderSettings(
            EncoderHead head,
            int labels,
            int dimensions,
            int maxTokens,
            @Nullable String promptName,
            @Nullable String prompt,
            boolean pairs) {
        this.head = head;
        this.labels = labels;
        this.dimensions = dimensions;
        this.maxTokens = maxTokens;
        this.promptName = promptName;
        this.prompt = prompt;
        this.pairs = pairs;
        require();
    }

    private void require() {
        if (promptName != null && prompt != null) {
            throw new IllegalArgumentException("promptName and prompt must not both be set, found '" + promptName
                    + "' and '" + prompt + "'; clear one of them");
        }
        if (dimensions != 0 && head != EncoderHead.EMBEDDING) {
            throw new IllegalArgumentException("dimensions must not be set unless encoderHead is embedding, found "
                    + dimensions + " and encoderHead " + head.text() + "; clear it, or set the head");
        }
        if (pairs && hasPrompt()) {
            throw new IllegalArgumentException("promptName and prompt must not be set if pairCol is, found '"
                    + (prompt == null ? promptName : prompt)
                    + "'; clear it, because pairs have no prompt of their own");
        }
        if (pairs && head == EncoderHead.EMBEDDING) {
            throw new IllegalArgumentException("pairCol must not be set if encoderHead is embedding, found both; an"
                    + " embedding is that of one text");
        }
        if (head == EncoderHead.YES_NO && !pairs) {
            throw new IllegalArgumentException(
                    "pairCol must be set if encoderHead is yesNo, found none; set the column" + " of the documents");
        }
        if (head == EncoderHead.YES_NO && labels > 1) {
            throw new IllegalArgumentException("numLabels must be 1 or not set if encoderHead is yesNo, found " + labels
                    + "; a decoder that answers yes or no gives a pair one score");
        }
    }

    EncoderHead head() {
        return head;
    }

    /** Puts the head on an encoder or a decoder, unless that needs its tokenizer. */
    Network network(PretrainedModel model) {
        return head.network(model, labels, dimensions);
    }

    /** Whether inputs are pairs of texts. */
    boolean hasPairs() {
        return pairs;
    }

    OptionalInt maxTokens() {
        return maxTokens == 0 ? OptionalInt.empty() : OptionalInt.of(maxTokens);
    }

    int dimensions() {
        return dimensions;
    }

    boolean hasPrompt() {
        return promptName != null || prompt != null;
    }

    @Nullable
    String promptName() {
        return promptName;
    }

    @Nullable
    String prompt() {
        return prompt;
    }

    /** Names all settings. */
    @Override
    public String toString() {
        return "head " + head.text() + ", " + labels + " labels, " + maxTokens + " tokens"
                + (dimensions == 0 ? "" : ", " + dimensions + " dimensions")
                + (promptName == null ? "" : ", the prompt '" + promptName + "'")
                + (prompt == null ? "" : ", the prompt \"" + prompt + "\"")
                + (pairs ? ", pairs" : "");
    }
}
