package org.lora4j.text.grammar.internal;

import java.util.BitSet;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.lora4j.generate.TokenConstraint;

/** The tokens of a vocabulary that a grammar allows. Any number of threads can use it. */
public final class GrammarConstraint implements TokenConstraint {
    private final GrammarSource grammar;
    private final TokenTrie trie;
    private final boolean dropsFirstSpace;
    private final Function<String, int[]> tokenizer;

    /** Who computes with an engine has it. */
    private final ReentrantLock lock = new ReentrantLock();

    private volatile Engine engine;

    /** A grammar whose expressions live together, with their masks. */
    private record Engine(Expressions all, Expression root, Masks masks, FixedText fixed, long fewest) {}

    /** Lets other threads compute tokens if that takes long. */
    public interface Workers {
        /**
         * Lets work be done.
         *
         * @return ends with the work
         */
        CompletableFuture<?> submit(Runnable work);

        /** Returns how many steps may be computed at once although others wait for them. */
        long fewSteps();

        /** Counts steps that were computed at once. */
        void computed(long steps);
    }

    /**
     * Computes the expressions of a grammar.
     *
     * @param grammar the grammar
     * @param trie the tokens
     * @param dropsFirstSpace whether the space before the first word of a text is not printed
     * @param tokenizer divides a text into tokens; where the grammar fixes the text, only these are allowed. It may return none
     * @throws IllegalArgumentException if these tokens cannot end a text of the grammar
     */
    public GrammarConstraint(
            GrammarSource grammar, TokenTrie trie, boolean dropsFirstSpace, Function<String, int[]> tokenizer) {
        this.tokenizer = tokenizer;
        this.grammar = grammar;
        this.trie = trie;
        this.dropsFirstSpace = dropsFirstSpace;
        engine = newEngine();
        if (engine.root().shortest() >= Expression.NO_END) {
            throw new IllegalArgumentException(
                    "grammar: the vocabulary must have a token for each byte of a text of the"
                            + " grammar, found " + trie.typed().cardinality()
                            + " such bytes, which are too few; use another tokenizer or a grammar with other characters");
        }
    }

    private Engine newEngine() {
        Expressions all = new Expressions(trie);
        Expression root = grammar.compile(all);
        return new Engine(all, root, new Masks(trie, all), new FixedText(trie, tokenizer), root.fewestTokens());
    }

    /** Replaces expressions of which there are too many; those who use them follow. */
    private Engine engine(long steps) {
        if (engine.all().weight().isHalfFull()) {
            if (steps < Effort.MOST) {
                throw new Effort.Exhausted();
            }
            engine = ExpressionWeight.within(engine.all().weight().mostBytes(), this::newEngine);
        }
        return engine;
    }

    /**
     * Returns about how much memory the grammar takes, with what was computed for it. Any thread may ask, and does not wait.
     *
     * @return the bytes; they grow while it is used
     */
    public long bytes() {
        Engine now = engine;
        return grammar.bytes() + now.all().weight().bytes() + now.masks().bytes();
    }

    /** The keywords and formats of its schemas that have no effect, each once. */
    public List<String> annotations() {
        return grammar.annotations();
    }

    @Override
    public State begin(int maxTokens) {
        return begin(maxTokens, null, UnaryOperator.identity());
    }

    /**
     * Returns the same constraint for a service, in which no text waits for the tokens of another one: if they take long they are
     * computed by other threads.
     *
     * @param workers the threads
     * @param refusal turns the exception of a text whose tokens cannot be computed into one for the client
     * @return the constraint
     */
    public TokenConstraint using(Workers workers, UnaryOperator<RuntimeException> refusal) {
        return maxTokens -> begin(maxTokens, workers, refusal);
    }

    private State begin(int maxTokens, @Nullable Workers workers, UnaryOperator<RuntimeException> refusal) {
        Engine now = engine;
        if (now.fewest() > maxTokens) {
            throw new IllegalArgumentException("grammar: maxTokens must be at least " + now.fewest()
                    + ", the tokens of a shortest text of the grammar, found " + maxTokens + "; allow more tokens");
        }
        return new Running(maxTokens, now, workers, refusal);
    }

    @Override
    public String toString() {
        return "GrammarConstraint(" + trie.size() + " tokens)";
    }

    /** One text. Its fields belong to the thread that has it, or to the worker that computes for it. */
    private final class Running implements State {
        /** The bytes so far, and the symbols of tokens that are no text. */
        private final StringBuilder text = new StringBuilder();

        private final @Nullable Workers workers;
        private final UnaryOperator<RuntimeException> refusal;
        private Engine used;

        /** What may follow on the first {@code known} bytes. */
        private Expression rest;

        private int known;
        private int tokensLeft;

        /** What may come next; null if it is not computed. */
        private @Nullable BitSet allowed;

        private boolean isComplete;
        private @Nullable CompletableFuture<?> computation;

        Running(int tokensLeft, Engine used, @Nullable Workers workers, UnaryOperator<RuntimeException> refusal) {
            this.tokensLeft = tokensLeft;
            this.used = used;
            this.workers = workers;
            this.refusal = refusal;
            rest = used.root();
        }

        @Override
        public @Nullable CompletableFuture<?> pending() {
            if (computation != null && !computation.isDone()) {
                return computation;
            }
            if (workers == null || allowed != null || computation != null || computeSoon(workers)) {
                return null;
            }
            computation = workers.submit(() -> compute(Effort.MOST));
            return computation;
        }

        /** Computes what may come next if that takes few steps, and nobody else computes. Returns whether it is known. */
        private boolean computeSoon(Workers others) {
            if (!lock.tryLock()) {
                return false;
            }
            try {
                compute(others.fewSteps());
                return true;
            } catch (Effort.Exhausted e) {
                return false;
            } finally {
                others.computed(used.all().effort().steps());
                lock.unlock();
            }
        }

        /** What may come next. A failure of a worker comes again here. */
        private BitSet computed() {
            if (computation != null) {
                await(computation);
            }
            BitSet now = allowed;
            return now == null ? compute(Effort.MOST) : now;
        }

        private void await(CompletableFuture<?> work) {
            try {
                work.join();
            } catch (CompletionException e) {
                if (e.getCause() instanceof RuntimeException failure) {
                    throw failure;
                }
                if (e.getCause() instanceof Error failure) {
                    throw failure;
                }
                throw e;
            } finally {
                computation = null;
            }
        }

        private BitSet compute(long steps) {
            lock.lock();
            try {
                BitSet tokens = next(steps);
                allowed = tokens;
                return tokens;
            } catch (IllegalArgumentException e) {
                throw refusal.apply(e);
            } finally {
                lock.unlock();
            }
        }

        @SuppressWarnings("ReferenceEquality") // An engine that is compiled again has other expressions.
        private BitSet next(long steps) {
            Engine now = tokensLeft == 0 ? used : engine(steps);
            if (now != used) {
                used = now;
                known = 0;
                rest = now.root();
            }
            now.all().effort().begin(steps);
            while (known < text.length()) {
                rest = rest.after(text.charAt(known));
                known++;
            }
            isComplete = rest.isNullable();
            return tokensLeft == 0 ? new BitSet() : fixed(fitting());
        }

        /** Of tokens that begin the same fixed text, the one of the tokenizer. */
        private BitSet fixed(BitSet tokens) {
            int id = used.fixed().next(rest);
            if (id == FixedText.NONE || !tokens.get(id)) {
                return tokens;
            }
            BitSet one = new BitSet();
            one.set(id);
            return one;
        }

        private BitSet fitting() {
            boolean isAtStart = text.isEmpty() && dropsFirstSpace;
            if (!isAtStart) {
                Mask mask = used.masks().of(rest);
                if (rest.fewestTokens() + mask.tokenGrowth() <= tokensLeft - 1) {
                    return mask.tokens();
                }
            }
            return used.masks().within(rest, Math.min(tokensLeft - 1, Expression.NO_END - 1), isAtStart);
        }

        @Override
        public void allowed(BitSet tokens) {
            BitSet now = computed();
            tokens.clear();
            tokens.or(now);
        }

        @Override
        public void accept(int id) {
            if (id < 0 || !computed().get(id)) {
                throw new IllegalArgumentException("grammar: each token must be one that is allowed here, found " + id
                        + "; ask for those allowed");
            }
            append(id);
            tokensLeft--;
            allowed = null;
        }

        private void append(int id) {
            Integer symbol = used.all().symbols().get(id);
            if (symbol != null) {
                text.append((char) symbol.intValue());
                return;
            }
            byte[] bytes = trie.bytes(id);
            for (int i = text.isEmpty() && dropsFirstSpace && bytes[0] == ' ' ? 1 : 0; i < bytes.length; i++) {
                text.append((char) Byte.toUnsignedInt(bytes[i]));
            }
        }

        @Override
        public boolean isComplete() {
            computed();
            return isComplete;
        }

        @Override
        public boolean canContinue() {
            return !computed().isEmpty();
        }
    }
}
