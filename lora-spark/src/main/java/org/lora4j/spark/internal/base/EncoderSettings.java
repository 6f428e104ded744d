package org.lora4j.spark.internal.base;

import java.io.Serializable;
import org.lora4j.spark.internal.param.EncoderHead;

/** How an encoder becomes a network. Spark's Kryo cannot send records, so it is none. */
public final class EncoderSettings implements Serializable {
    private static final long serialVersionUID = 1L;

    private final EncoderHead head;
    private final int labels;
    private final int maxTokens;

    /**
     * Holds the settings.
     *
     * @param head what the encoder ends with
     * @param labels the number of classes of a new classifier; 0 for the classifier of the file
     * @param maxTokens the most tokens of a text; 0 for the most that tokenizer and encoder allow
     */
    public EncoderSettings(EncoderHead head, int labels, int maxTokens) {
        this.head = head;
        this.labels = labels;
        this.maxTokens = maxTokens;
    }

    EncoderHead head() {
        return head;
    }

    int labels() {
        return labels;
    }

    int maxTokens() {
        return maxTokens;
    }

    /** Names all settings. */
    @Override
    public String toString() {
        return "head " + head.text() + ", " + labels + " labels, " + maxTokens + " tokens";
    }
}
