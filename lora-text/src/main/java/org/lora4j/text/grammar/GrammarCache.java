package org.lora4j.text.grammar;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.function.Supplier;
import org.lora4j.generate.TokenConstraint;
import org.lora4j.internal.MessageText;
import org.lora4j.text.internal.grammar.BegunConstraint;

/**
 * The constraints of the last 16 grammars that were used with a model, with what they have computed. So a schema that comes with many
 * requests is compiled once. Any number of threads can use a cache.
 *
 * <pre>{@code
 * TokenConstraint constraint = decoder.grammars().jsonSchema("{\"type\": \"integer\"}");
 * GenerationOptions options = GenerationOptions.greedy().withConstraint(constraint);
 * }</pre>
 */
public final class GrammarCache {
    private static final int MOST = 16;

    private final GrammarVocabulary vocabulary;
    private final Map<Object, TokenConstraint> known = new LinkedHashMap<>(MOST, 0.75f, true);

    /**
     * Creates an empty cache.
     *
     * @param vocabulary the tokens of the model
     */
    public GrammarCache(GrammarVocabulary vocabulary) {
        this.vocabulary = Objects.requireNonNull(vocabulary, "vocabulary must not be null");
    }

    /**
     * Returns the constraint of a schema.
     *
     * @param schema the text of a JSON Schema; one with other white space is another one
     * @return the constraint
     * @throws IllegalArgumentException as {@link Grammar#jsonSchema(String)} and {@link Grammar#constraint}
     */
    public TokenConstraint jsonSchema(String schema) {
        Objects.requireNonNull(schema, "schema must not be null");
        return constraint(schema, () -> Grammar.jsonSchema(schema));
    }

    /**
     * Returns the constraint of a grammar.
     *
     * @param key what the grammar is made of; equal keys must have the same grammar
     * @param grammar creates the grammar if it is not known
     * @return the constraint
     * @throws IllegalArgumentException as {@link Grammar#constraint}, or if the grammar cannot be created
     */
    public TokenConstraint constraint(Object key, Supplier<Grammar> grammar) {
        Objects.requireNonNull(key, "key must not be null");
        Objects.requireNonNull(grammar, "grammar must not be null");
        synchronized (known) {
            TokenConstraint kept = known.get(key);
            if (kept != null) {
                return kept;
            }
        }
        // Others need not wait for it.
        TokenConstraint created = grammar.get().constraint(vocabulary);
        synchronized (known) {
            TokenConstraint other = known.putIfAbsent(key, created);
            if (known.size() > MOST) {
                known.remove(known.keySet().iterator().next());
            }
            return other == null ? created : other;
        }
    }

    /**
     * Returns a constraint for answers of any text, in which a token begins a text of a grammar: what the model chooses to begin, it
     * must write as the grammar says. The answer ends with it. If too few tokens are left for a whole text, it is cut, as an answer without a constraint is.
     *
     * @param key what the grammar is made of, as in {@link #constraint}
     * @param grammar creates the grammar if it is not known; all its texts begin with the token
     * @param token the text of a special or added token
     * @param tokens how many tokens the model has
     * @return the constraint
     * @throws IllegalArgumentException as {@link #constraint}, or if the vocabulary has no such token
     */
    public TokenConstraint begunBy(String token, Object key, Supplier<Grammar> grammar, int tokens) {
        Objects.requireNonNull(token, "token must not be null");
        int id = vocabulary
                .token(token)
                .orElseThrow(() ->
                        new IllegalArgumentException("grammar: the vocabulary must have the special or added token "
                                + MessageText.quote(token) + ", found none"));
        return new BegunConstraint(id, constraint(key, grammar), tokens);
    }
}
