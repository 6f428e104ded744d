package org.lora4j.nn.layer;

import java.util.List;
import java.util.Objects;

/**
 * Makes one row of the rows of each sequence: from {@code [tokens, dim]} to {@code [sequences, dim]}, or
 * {@code [sequences, k·dim]} if k methods are computed, whose results stand one after the other.
 *
 * <p>With the rows {@code hᵢ} of the t tokens that count, at the positions {@code pᵢ} from 1 on, the methods are those of
 * sentence-transformers. All tokens count but those that are masked, and with {@code includesPrompt} false those of
 * {@link org.lora4j.nn.input.Sequences#prompt prompts}, unless there is nothing else.
 *
 * @param path the name of the layer, for messages
 * @param methods how, at least one
 * @param includesPrompt whether the tokens of a prompt count; {@link Method#FIRST} always reads the first row
 */
public record Pooling(String path, List<Method> methods, boolean includesPrompt) implements Layer {
    /** How one row is made. */
    public enum Method {
        /** The row of the first token, even if it is masked, as BERT's pooler uses it. */
        FIRST,
        /** {@code h₁}, the row of the first token that counts. */
        CLS,
        /** {@code hₜ}, the row of the last token, the only one of a causal attention that has seen all others. */
        LAST,
        /** {@code 1/t·Σhᵢ}, the mean. */
        MEAN,
        /** {@code 1/√t·Σhᵢ}, the mean times the square root of the length. */
        MEAN_SQRT_LENGTH,
        /** {@code Σpᵢ·hᵢ/Σpᵢ}, the mean in which later tokens weigh more (<a href="https://arxiv.org/abs/2202.08904">SGPT</a>). */
        WEIGHTED_MEAN,
        /** {@code maxᵢ hᵢ}, the maximum of each column. If several rows have it, the first one gets the gradient. */
        MAX
    }

    /**
     * Checks that there is a method.
     *
     * @param path the name of the layer, for messages
     * @param methods how, at least one
     * @param includesPrompt whether the tokens of a prompt count
     * @throws IllegalArgumentException if there is no method
     */
    public Pooling {
        Objects.requireNonNull(path, "path must not be null");
        Objects.requireNonNull(methods, "methods must not be null");
        methods = List.copyOf(methods);
        if (methods.isEmpty()) {
            throw new IllegalArgumentException(path + ": a pooling must have at least one method, found none");
        }
    }

    /**
     * Creates a pooling of one method, for which the tokens of prompts count.
     *
     * @param path the name of the layer, for messages
     * @param method how
     */
    public Pooling(String path, Method method) {
        this(path, List.of(Objects.requireNonNull(method, "method must not be null")), true);
    }

    @Override
    public long outputSize(long inputSize) {
        return methods.size() * inputSize;
    }

    @Override
    public Layer.RowKind outputRows(Layer.RowKind inputRows) {
        if (inputRows != Layer.RowKind.TOKEN) {
            throw new IllegalArgumentException(path
                    + ": a pooling takes the tokens of sequences, found rows that are examples; a network has one pooling,"
                    + " after TokenEmbeddings");
        }
        return Layer.RowKind.EXAMPLE;
    }
}
