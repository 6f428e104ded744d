package org.lora4j.text.grammar;

import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.lora4j.generate.TokenConstraint;
import org.lora4j.serve.ServingException;
import org.lora4j.serve.ServingException.Reason;
import org.lora4j.text.grammar.internal.BegunConstraint;
import org.lora4j.text.grammar.internal.GrammarConstraint;

/**
 * The constraint of a grammar of a client, for one request; {@link GrammarCache#lease} creates it. Close it when the answer has ended.
 * Tokens that take long to compute are computed by threads of the cache while other answers go on.
 */
public final class GrammarLease implements AutoCloseable {
    private final GrammarCache cache;
    private final GrammarCache.Entry entry;
    private final TokenConstraint constraint;
    private final List<String> annotations;
    private final AtomicBoolean isClosed = new AtomicBoolean();

    GrammarLease(GrammarCache cache, GrammarCache.Entry entry, GrammarConstraint compiled, String adapter) {
        this.cache = cache;
        this.entry = entry;
        annotations = compiled.annotations();
        constraint = compiled.using(
                cache.workers(adapter),
                failure -> new ServingException(Reason.INVALID_INPUT, String.valueOf(failure.getMessage()), failure));
    }

    /**
     * Returns the constraint.
     *
     * @return which tokens an answer may have. If they cannot be computed, the generation fails with a {@link ServingException}
     */
    public TokenConstraint constraint() {
        return constraint;
    }

    /**
     * Returns the keywords and formats of the schemas of its grammar that have no effect, also if another request has compiled it.
     *
     * @return as {@link Grammar#annotations()}
     */
    public List<String> annotations() {
        return annotations;
    }

    /**
     * Returns a constraint for answers of any text, in which a token begins a text of the grammar, as {@link GrammarCache#begunBy} does.
     *
     * @param token the text of a special or added token, with which all texts of the grammar begin
     * @param tokens how many tokens the model has
     * @return the constraint
     * @throws IllegalArgumentException if the vocabulary has no such token
     */
    public TokenConstraint begunBy(String token, int tokens) {
        return new BegunConstraint(cache.id(token), constraint, tokens);
    }

    /** Ends the use. The constraint can be dropped from now on. A second call has no effect. */
    @Override
    public void close() {
        if (isClosed.compareAndSet(false, true)) {
            cache.release(entry);
        }
    }
}
