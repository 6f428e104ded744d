package org.lora4j.text.grammar;

import java.lang.ref.SoftReference;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.lora4j.generate.TokenConstraint;
import org.lora4j.internal.MessageText;
import org.lora4j.serve.FairLimiter;
import org.lora4j.serve.RequestOptions;
import org.lora4j.serve.ServingException;
import org.lora4j.serve.ServingException.Reason;
import org.lora4j.text.grammar.internal.BegunConstraint;
import org.lora4j.text.grammar.internal.ExpressionWeight;
import org.lora4j.text.grammar.internal.GrammarConstraint;

/**
 * The constraints of the grammars that were used last with a model, with what they have computed. So a schema that comes with many
 * requests is compiled once. At most 16 are kept that nobody uses, an eighth of the heap for all, and none of them if memory is short.
 * Any number of threads can use a cache.
 *
 * <pre>{@code
 * TokenConstraint constraint = decoder.grammars().jsonSchema("{\"type\": \"integer\"}");
 * GenerationOptions options = GenerationOptions.greedy().withConstraint(constraint);
 * }</pre>
 *
 * <p>A service that takes schemas of clients uses {@link #lease}, so that a client with a large schema fills neither the memory nor
 * the time of the others.
 */
public final class GrammarCache {
    private static final int MOST_UNUSED = 16;
    private static final int PART_OF_HEAP = 8;

    /**
     * The part of the heap that a grammar of a client takes at most. What a compilation keeps is copied by the garbage collector, and all
     * others wait for that: 8 MB take it some 10 ms.
     */
    private static final int PART_OF_CLIENT = 64;

    /** With two threads, of which one adapter has one, the schemas of an adapter do not wait for those of another one. */
    private static final int THREADS = 2;

    /** An adapter with much work leaves seven eighths of the time of its thread to others, and makes garbage so much more slowly. */
    private static final int PAUSES = 7;

    private final GrammarVocabulary vocabulary;
    private final long mostBytes;
    private final FairLimiter limiter;
    private final StepBudget atOnce = new StepBudget(System::nanoTime);

    /** By their keys, those that were used last at the end. It guards its entries. */
    private final Map<Object, Entry> known = new LinkedHashMap<>(MOST_UNUSED, 0.75f, true);

    /** A constraint that is kept. */
    static final class Entry {
        private final SoftReference<GrammarConstraint> kept;

        /** The same while somebody uses it. */
        private @Nullable GrammarConstraint used;

        private int users;

        private Entry(GrammarConstraint constraint) {
            kept = new SoftReference<>(constraint);
        }

        private long bytes() {
            GrammarConstraint constraint = kept.get();
            return constraint == null ? 0 : constraint.bytes();
        }
    }

    /**
     * Creates an empty cache.
     *
     * @param vocabulary the tokens of the model
     */
    public GrammarCache(GrammarVocabulary vocabulary) {
        this(vocabulary, Runtime.getRuntime().maxMemory() / PART_OF_HEAP);
    }

    /** Creates an empty cache with a bound for the memory of the constraints. */
    GrammarCache(GrammarVocabulary vocabulary, long mostBytes) {
        this.vocabulary = Objects.requireNonNull(vocabulary, "vocabulary must not be null");
        this.mostBytes = mostBytes;
        limiter = new FairLimiter(Integer.MAX_VALUE, THREADS, 0, 1, PAUSES);
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
        return constraint(schema, () -> Grammar.jsonSchema(schema, SchemaOptions.WRITING));
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
        GrammarConstraint kept = get(key);
        if (kept != null) {
            return kept;
        }
        // Others need not wait for it.
        GrammarConstraint created = compile(grammar);
        synchronized (known) {
            GrammarConstraint other = get(key);
            if (other != null) {
                return other;
            }
            known.put(key, new Entry(created));
            evict();
            return created;
        }
    }

    /**
     * Returns the constraint of a grammar of a client for as long as a request needs it. It is compiled by threads of this cache, in a
     * fair order of the adapters, and counts against the memory of all grammars until it is closed.
     *
     * @param adapter the name of the adapter for which it is compiled
     * @param options until when it must be compiled
     * @param key as in {@link #constraint}
     * @param grammar as in {@link #constraint}
     * @param maxTokens the most tokens of the answer. A grammar all of whose texts need more is refused, and not kept
     * @return the constraint
     * @throws IllegalArgumentException as {@link #constraint}, or if so many tokens cannot complete a text
     * @throws ServingException if the time is over, or the grammars of the requests that are served now fill the memory for
     *     grammars
     * @throws java.util.concurrent.CancellationException if the thread is interrupted
     */
    public GrammarLease lease(
            String adapter, RequestOptions options, Object key, Supplier<Grammar> grammar, int maxTokens) {
        Objects.requireNonNull(adapter, "adapter must not be null");
        Objects.requireNonNull(options, "options must not be null");
        Objects.requireNonNull(key, "key must not be null");
        Objects.requireNonNull(grammar, "grammar must not be null");
        GrammarConstraint constraint = get(key);
        if (constraint == null) {
            constraint = limiter.run(adapter, 1, options, () -> {
                // Another request with the same may have come before.
                GrammarConstraint other = get(key);
                return other == null
                        ? ExpressionWeight.within(
                                Runtime.getRuntime().maxMemory() / PART_OF_CLIENT, () -> compile(grammar))
                        : other;
            });
        }
        // What cannot begin is not kept.
        TokenConstraint.State unused = constraint.begin(maxTokens);
        Entry entry = use(key, constraint);
        return new GrammarLease(
                this, entry, Objects.requireNonNull(entry.used, "an entry that is used has a constraint"), adapter);
    }

    private GrammarConstraint compile(Supplier<Grammar> grammar) {
        return grammar.get().compile(vocabulary);
    }

    private @Nullable GrammarConstraint get(Object key) {
        synchronized (known) {
            Entry entry = known.get(key);
            return entry == null ? null : entry.kept.get();
        }
    }

    /** Uses a constraint: the one that is kept, or else this one, if there is memory for it. */
    private Entry use(Object key, GrammarConstraint constraint) {
        synchronized (known) {
            Entry entry = known.get(key);
            GrammarConstraint kept = entry == null ? null : entry.kept.get();
            if (entry == null || kept == null) {
                kept = constraint;
                entry = new Entry(kept);
                known.put(key, entry);
            }
            entry.used = kept;
            entry.users++;
            evict();
            if (known.size() > 1 && entry.users == 1 && bytes() > mostBytes) {
                entry.users = 0;
                known.remove(key);
                throw new ServingException(
                        Reason.SERVICE_BUSY,
                        "the grammars of the requests that are served now fill the memory for grammars; try again later, or use"
                                + " a smaller one",
                        null);
            }
            return entry;
        }
    }

    /** Ends a use. */
    void release(Entry entry) {
        synchronized (known) {
            entry.users--;
            if (entry.users == 0) {
                entry.used = null;
                evict();
            }
        }
    }

    /**
     * Returns about how much memory the constraints take.
     *
     * @return the bytes of those that are used or kept
     */
    public long bytes() {
        synchronized (known) {
            return known.values().stream().mapToLong(Entry::bytes).sum();
        }
    }

    /** Drops constraints that nobody uses, those that were used last at the end, until the bounds are kept. */
    private void evict() {
        long bytes = bytes();
        long unused = known.values().stream().filter(entry -> entry.users == 0).count();
        Iterator<Entry> oldest = known.values().iterator();
        while (oldest.hasNext() && (bytes > mostBytes || unused > MOST_UNUSED)) {
            Entry entry = oldest.next();
            if (entry.users == 0) {
                bytes -= entry.bytes();
                unused--;
                oldest.remove();
            }
        }
    }

    /** Lets a thread of this cache compute tokens for an adapter. */
    GrammarConstraint.Workers workers(String adapter) {
        return new GrammarConstraint.Workers() {
            @Override
            public CompletableFuture<?> submit(Runnable work) {
                return limiter.submit(adapter, 1, () -> {
                    work.run();
                    return true;
                });
            }

            @Override
            public long fewSteps() {
                return atOnce.left();
            }

            @Override
            public void computed(long steps) {
                atOnce.spend(steps);
            }
        };
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
        int id = id(token);
        return new BegunConstraint(id, constraint(key, grammar), tokens);
    }

    /** The id of a special or added token. */
    int id(String token) {
        Objects.requireNonNull(token, "token must not be null");
        return vocabulary
                .token(token)
                .orElseThrow(() ->
                        new IllegalArgumentException("grammar: the vocabulary must have the special or added token "
                                + MessageText.quote(token) + ", found none"));
    }
}
