package org.lora4j.spark.internal.base;

import java.io.Serializable;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import org.lora4j.spark.internal.param.EncoderHead;

/** What the parameters of a stage say of an encoder and of its texts. Spark's Kryo cannot send records, so it is none. */
public final class EncoderSettings implements Serializable {
    private static final long serialVersionUID = 1L;

    private final EncoderHead head;
    private final boolean isHeadSet;
    private final int labels;
    private final int dimensions;
    private final int maxTokens;
    private final @Nullable String promptName;
    private final @Nullable String prompt;
    private final @Nullable String pairs;

    /**
     * Holds the settings.
     *
     * @param head what the encoder ends with
     * @param isHeadSet whether a parameter says it, and not its default
     * @param labels the number of classes of a new classifier; 0 for that of the file or of an adapter
     * @param dimensions the length of an embedding; 0 for what the adapter says, or the whole one
     * @param maxTokens the most tokens of a text; 0 for what the adapter says, or the files of the model
     * @param promptName the name of the prompt of texts, or null
     * @param prompt the prompt of texts, or null
     * @param pairs the column of the second texts of pairs, or null
     */
    public EncoderSettings(
            EncoderHead head,
            boolean isHeadSet,
            int labels,
            int dimensions,
            int maxTokens,
            @Nullable String promptName,
            @Nullable String prompt,
            @Nullable String pairs) {
        this.head = head;
        this.isHeadSet = isHeadSet;
        this.labels = labels;
        this.dimensions = dimensions;
        this.maxTokens = maxTokens;
        this.promptName = promptName;
        this.prompt = prompt;
        this.pairs = pairs;
    }

    /** The same settings with the head that an adapter says. */
    EncoderSettings with(EncoderHead other) {
        return new EncoderSettings(other, true, labels, dimensions, maxTokens, promptName, prompt, pairs);
    }

    /**
     * Checks that the settings fit each other.
     *
     * @throws IllegalArgumentException if they do not
     */
    EncoderSettings require() {
        if (promptName != null && prompt != null) {
            throw new IllegalArgumentException("promptName and prompt must not both be set, found '" + promptName
                    + "' and '" + prompt + "'; clear one of them");
        }
        if (dimensions != 0 && head != EncoderHead.EMBEDDING) {
            throw new IllegalArgumentException("dimensions must not be set unless encoderHead is embedding, found "
                    + dimensions + " and encoderHead " + head.text() + "; clear it, or set the head");
        }
        if (pairs != null && hasPrompt()) {
            throw new IllegalArgumentException("promptName and prompt must not be set if pairCol is, found '"
                    + (prompt == null ? promptName : prompt)
                    + "'; clear it, because pairs have no prompt of their own");
        }
        if (pairs != null && head == EncoderHead.EMBEDDING) {
            throw new IllegalArgumentException("pairCol must not be set if encoderHead is embedding, found both; an"
                    + " embedding is that of one text");
        }
        if (head == EncoderHead.YES_NO && pairs == null) {
            throw new IllegalArgumentException(
                    "pairCol must be set if encoderHead is yesNo, found none; set the column of the documents");
        }
        if (head == EncoderHead.YES_NO && labels > 1) {
            throw new IllegalArgumentException("numLabels must be 1 or not set if encoderHead is yesNo, found " + labels
                    + "; a decoder that answers yes or no gives a pair one score");
        }
        return this;
    }

    public EncoderHead head() {
        return head;
    }

    boolean isHeadSet() {
        return isHeadSet;
    }

    int labels() {
        return labels;
    }

    int dimensions() {
        return dimensions;
    }

    OptionalInt maxTokens() {
        return maxTokens == 0 ? OptionalInt.empty() : OptionalInt.of(maxTokens);
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

    /** The column of the second texts of pairs; null if an input is one text. */
    @Nullable
    String pairs() {
        return pairs;
    }

    /** Names all settings. */
    @Override
    public String toString() {
        return "head " + head.text() + ", " + labels + " labels, " + maxTokens + " tokens"
                + (dimensions == 0 ? "" : ", " + dimensions + " dimensions")
                + (promptName == null ? "" : ", the prompt '" + promptName + "'")
                + (prompt == null ? "" : ", the prompt \"" + prompt + "\"")
                + (pairs == null ? "" : ", pairs");
    }
}
