package org.lora4j.adapter;

import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Tokens whose rows of an embedding an adapter replaces by rows of its own, which train: PEFT's
 * {@code trainable_token_indices}. It costs far less than training the whole table, for example for new special tokens.
 *
 * @param ofInput tokens of the model's input embedding; empty for none
 * @param ofModules tokens by module name: a path, or the end of one; empty for none
 */
public record TrainableTokens(List<Integer> ofInput, Map<String, List<Integer>> ofModules) {
    /** The most tokens of an embedding. */
    private static final int MOST = 1_000_000;

    private static final TrainableTokens NONE = new TrainableTokens(List.of(), Map.of());

    /**
     * Copies and checks the tokens.
     *
     * @param ofInput tokens of the model's input embedding
     * @param ofModules tokens by module name
     * @throws IllegalArgumentException if there are tokens of both kinds, a name is blank, or a list holds a token twice or a
     *     negative one
     */
    public TrainableTokens {
        Objects.requireNonNull(ofInput, "ofInput must not be null");
        Objects.requireNonNull(ofModules, "ofModules must not be null");
        ofInput = CheckedCopy.of("trainableTokens", ofInput);
        ofModules = CheckedCopy.of("trainableTokens", ofModules);
        if (!ofInput.isEmpty() && !ofModules.isEmpty()) {
            throw new IllegalArgumentException("trainableTokens must be those of the input embedding or those of named"
                    + " modules, found both; name the input embedding too");
        }
        requireTokens("the input embedding", ofInput);
        ofModules.forEach((name, tokens) -> {
            if (name.isBlank()) {
                throw new IllegalArgumentException("trainableTokens: a module name must not be blank, found one");
            }
            requireTokens("'" + name + "'", CheckedCopy.of("trainableTokens of '" + name + "'", tokens));
        });
    }

    private static void requireTokens(String where, List<Integer> tokens) {
        if (tokens.size() > MOST) {
            throw new IllegalArgumentException(
                    "trainableTokens of " + where + " must be at most " + MOST + ", found " + tokens.size());
        }
        HashSet<Integer> seen = new HashSet<>();
        for (int token : tokens) {
            if (token < 0 || !seen.add(token)) {
                throw new IllegalArgumentException("trainableTokens of " + where
                        + " must be different numbers from 0 on, found " + token + (token < 0 ? "" : " twice"));
            }
        }
    }

    /**
     * Returns no tokens.
     *
     * @return an adapter without token rows
     */
    public static TrainableTokens none() {
        return NONE;
    }

    /**
     * Chooses tokens of the model's input embedding.
     *
     * @param tokens rows of the table
     * @return these tokens
     * @throws IllegalArgumentException if one is negative or named twice
     */
    public static TrainableTokens of(int... tokens) {
        Objects.requireNonNull(tokens, "tokens must not be null");
        return new TrainableTokens(IntStream.of(tokens).boxed().toList(), Map.of());
    }

    /**
     * Chooses tokens of embeddings by name.
     *
     * @param tokens rows of the tables, by the path of the module or the end of it
     * @return these tokens
     * @throws IllegalArgumentException if a name is blank, or a token is negative or named twice for a module
     */
    public static TrainableTokens of(Map<String, List<Integer>> tokens) {
        return new TrainableTokens(List.of(), tokens);
    }

    /**
     * Returns whether there are none.
     *
     * @return true if no embedding has token rows
     */
    public boolean isEmpty() {
        return ofInput.isEmpty() && ofModules.values().stream().allMatch(List::isEmpty);
    }

    /**
     * Returns the tokens of a layer. As in PEFT, a name chooses each module whose path ends with it.
     *
     * @param path the module path of an embedding
     * @param isInput whether it is the model's input embedding
     * @return its tokens in the order of their rows; empty if the layer has none
     */
    public List<Integer> of(String path, boolean isInput) {
        Objects.requireNonNull(path, "path must not be null");
        if (isInput && !ofInput.isEmpty()) {
            return ofInput;
        }
        Optional<List<Integer>> named = ofModules.entrySet().stream()
                .filter(entry -> path.endsWith(entry.getKey()))
                .<List<Integer>>map(Map.Entry::getValue)
                .findFirst();
        return named.orElse(List.of());
    }
}
