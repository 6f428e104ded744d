package org.lora4j.generate;

import java.util.ArrayList;
import java.util.List;
import org.lora4j.nn.Model;
import org.lora4j.nn.batch.internal.KeyValueCache;
import org.lora4j.nn.batch.internal.LayerStack;
import org.lora4j.nn.layer.Layer;
import org.lora4j.nn.layer.Pooling;
import org.lora4j.nn.layer.SelfAttention;
import org.lora4j.nn.layer.TokenEmbeddings;

/** The layers of a language model, checked. */
final class Decoder {
    private final LayerStack stack;
    private final LayerStack ofLastTokens;
    private final int positions;

    private Decoder(LayerStack stack) {
        this.stack = stack;
        List<Layer> layers = new ArrayList<>(stack.layers());
        layers.add(stack.headPlace(), new Pooling("last_token", Pooling.Method.LAST));
        ofLastTokens = new LayerStack(layers);
        positions = ((TokenEmbeddings) layers.get(0)).maxLength();
    }

    /**
     * Returns the decoder of a model.
     *
     * @throws IllegalArgumentException if it does not predict the next token of a text
     */
    static Decoder of(Model model) {
        LayerStack stack = model.stack();
        if (!stack.takesSequences()) {
            throw refused("a network that takes rows of features");
        }
        List<Layer> all = new ArrayList<>();
        stack.layers().forEach(layer -> collect(layer, all));
        for (Layer layer : all) {
            if ((layer instanceof SelfAttention attention && !attention.isCausal()) || layer instanceof Pooling) {
                throw refused("an encoder with " + layer.getClass().getSimpleName() + " at " + layer.path());
            }
        }
        if (all.stream().noneMatch(SelfAttention.class::isInstance)) {
            throw refused("a network without causal attention");
        }
        Layer last = stack.layers().get(stack.layers().size() - 1);
        if (stack.head() == null || stack.outputSize() != stack.inputSize()) {
            throw refused("one that ends with " + last.path() + " and " + stack.outputSize()
                    + " outputs for a vocabulary of " + stack.inputSize());
        }
        return new Decoder(stack);
    }

    private static void collect(Layer layer, List<Layer> all) {
        all.add(layer);
        layer.children().forEach(child -> collect(child, all));
    }

    private static IllegalArgumentException refused(String found) {
        return new IllegalArgumentException(
                "generation: the model must be a decoder that predicts the next token, such as"
                        + " causal() of a PretrainedModel, found " + found);
    }

    LayerStack stack() {
        return stack;
    }

    /** The layers with an output for the last token of each sequence only. */
    LayerStack ofLastTokens() {
        return ofLastTokens;
    }

    int vocabulary() {
        return Math.toIntExact(stack.outputSize());
    }

    int positions() {
        return positions;
    }

    long bytesPerToken() {
        return KeyValueCache.bytesPerToken(stack);
    }

    /** Checks tokens that the model is given. */
    void requireTokens(String what, int[] ids) {
        if (ids.length == 0) {
            throw new IllegalArgumentException("generation: the " + what
                    + " must have at least one token, found none; begin with the token that begins a text");
        }
        for (int i = 0; i < ids.length; i++) {
            if (ids[i] < 0 || ids[i] >= vocabulary()) {
                throw new IllegalArgumentException("generation: each token of the " + what
                        + " must be from 0 to " + (vocabulary() - 1) + ", found " + ids[i] + " at " + i
                        + "; use the tokenizer of this model");
            }
        }
        if (ids.length > positions) {
            throw new IllegalArgumentException("generation: the " + what + " must have at most the " + positions
                    + " tokens that the model has positions for, found " + ids.length + "; shorten it");
        }
    }

    /**
     * Returns the most new tokens after a prompt.
     *
     * @param room the tokens that the cache has room for
     * @throws IllegalArgumentException if a stop id is no token, or the model has too few positions
     * @throws IllegalStateException if the cache has too little room
     */
    int maxTokens(int[] prompt, GenerationOptions options, long room) {
        for (int id : options.stopIds()) {
            if (id >= vocabulary()) {
                throw new IllegalArgumentException("generation: each stop id must be a token below the vocabulary of "
                        + vocabulary() + ", found " + id + "; use the ids of this model");
            }
        }
        for (int id : options.logitBias().keySet()) {
            if (id >= vocabulary()) {
                throw new IllegalArgumentException(
                        "generation: each token of logitBias must be below the vocabulary of " + vocabulary()
                                + ", found " + id + "; use the ids of this model");
            }
        }
        // The last token is only chosen; no further one is computed from it.
        long wanted = Math.max(1, options.maxTokens());
        long needed = prompt.length + wanted - 1;
        if (needed > positions) {
            throw new IllegalArgumentException("generation: the prompt and the new tokens but the last must fit in the "
                    + positions + " positions of the model, found " + prompt.length + " and " + wanted
                    + " tokens; ask for at most " + (positions - prompt.length + 1) + " or shorten the prompt");
        }
        requireRoom(needed, room);
        return Math.toIntExact(options.maxTokens() > 0 ? wanted : Math.min(positions, room) - prompt.length + 1);
    }

    /**
     * Checks that tokens fit in a cache.
     *
     * @throws IllegalStateException if they do not
     */
    void requireRoom(long tokens, long room) {
        if (tokens > room) {
            throw new IllegalStateException(
                    "generation: the keys and values of " + tokens + " tokens take "
                            + tokens * bytesPerToken() + " bytes, and must fit in the " + room * bytesPerToken()
                            + " bytes that are left of the limit; use a higher limit, fewer tokens or fewer generations at a time");
        }
    }
}
