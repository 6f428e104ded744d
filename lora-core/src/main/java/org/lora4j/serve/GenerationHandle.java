package org.lora4j.serve;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.Spliterator;
import java.util.Spliterators;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Supplier;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;
import org.lora4j.adapter.UsedAdapter;
import org.lora4j.generate.Generation;
import org.lora4j.generate.LogProbabilities;

/**
 * A generation that a {@link GenerationService} computes: its tokens as they come, its result, and how to cancel it.
 *
 * <pre>{@code
 * GenerationHandle reply = service.generate(request);
 * reply.stream().forEach(tokens::add);                    // waits for each token
 * Generation.Finish finish = reply.join().finish();
 * }</pre>
 *
 * <p>Any number of threads can use it.
 */
public final class GenerationHandle {
    private final CompletableFuture<Generation> result = new CompletableFuture<>();
    private final Runnable canceller;
    private final Object lock = new Object();
    private final List<Integer> tokens = new ArrayList<>();
    private final List<LogProbabilities.OfToken> logProbabilities = new ArrayList<>();
    private boolean ended;
    private volatile @Nullable Supplier<UsedAdapter> used;
    private @Nullable ServingException failure;

    GenerationHandle(Runnable canceller) {
        this.canceller = canceller;
    }

    /** Sets the adapter with which the generation starts, or null for the base alone. */
    void use(@Nullable Supplier<UsedAdapter> adapter) {
        used = adapter;
    }

    /** Adds a token, with its log probabilities if the request asks for them. */
    void accept(int token, LogProbabilities.@Nullable OfToken ofToken) {
        synchronized (lock) {
            tokens.add(token);
            if (ofToken != null) {
                logProbabilities.add(ofToken);
            }
            lock.notifyAll();
        }
    }

    /** Ends the streams. */
    void end(@Nullable ServingException cause) {
        synchronized (lock) {
            ended = true;
            failure = cause;
            lock.notifyAll();
        }
    }

    /**
     * Returns the result.
     *
     * @return the tokens and why the generation ended. It fails with a {@link ServingException} if the request was late, its
     *     adapter cannot be loaded, or the computation fails; its tokens so far are those of {@link #tokens}. To cancel the future
     *     cancels the generation
     */
    public CompletableFuture<Generation> result() {
        return result;
    }

    /**
     * Returns the adapter that computes the generation. It stays the same to the end, also if the model gets another one of its name.
     *
     * @return its name and its fingerprint, from the first token on; nothing before, while the request waits, and for the base alone. The
     *     fingerprint of an adapter that can train is computed by this call
     */
    public Optional<UsedAdapter> adapter() {
        Supplier<UsedAdapter> now = used;
        return now == null ? Optional.empty() : Optional.of(now.get());
    }

    /**
     * Waits for the result.
     *
     * @return the tokens and why the generation ended
     * @throws ServingException if {@link #result} fails with it
     * @throws CancellationException if the program cancelled that future
     */
    public Generation join() {
        try {
            return result.join();
        } catch (CompletionException e) {
            if (e.getCause() instanceof ServingException known) {
                throw known;
            }
            throw e;
        }
    }

    /**
     * Ends the generation: at once if it waits, else before its next token. Its result then has the tokens so far. Has no effect if
     * it has ended.
     */
    public void cancel() {
        canceller.run();
    }

    /**
     * Returns the new tokens so far.
     *
     * @return a copy
     */
    public List<Integer> tokens() {
        synchronized (lock) {
            return List.copyOf(tokens);
        }
    }

    /**
     * Returns the log probabilities of a new token. They are there before {@link #stream} and the consumer of the request have the
     * token.
     *
     * @param index the number of the token among the new ones, from 0
     * @return its log probabilities
     * @throws IndexOutOfBoundsException if the token has not come, or {@link
     *     org.lora4j.generate.GenerationOptions#withLogProbabilities} did not ask for them
     */
    public LogProbabilities.OfToken logProbabilities(int index) {
        synchronized (lock) {
            return logProbabilities.get(index);
        }
    }

    /**
     * Returns all new tokens from the first one on. Each call returns a stream of its own, which waits for each token. At the end
     * it throws the {@link ServingException} of {@link #result}, if that fails.
     *
     * @return the tokens in their order; they end with the generation. If the thread is interrupted while it waits, the stream
     *     throws a {@link CancellationException}, and the thread stays interrupted
     */
    public Stream<Integer> stream() {
        int characteristics = Spliterator.ORDERED | Spliterator.NONNULL;
        return StreamSupport.stream(Spliterators.spliteratorUnknownSize(new Tokens(), characteristics), false);
    }

    private final class Tokens implements Iterator<Integer> {
        private int next;

        @Override
        public boolean hasNext() {
            synchronized (lock) {
                while (next == tokens.size() && !ended) {
                    try {
                        lock.wait();
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                        throw new CancellationException("the thread was interrupted while it waited for a token");
                    }
                }
                if (next < tokens.size()) {
                    return true;
                }
                if (failure != null) {
                    throw failure;
                }
                return false;
            }
        }

        @Override
        public Integer next() {
            if (!hasNext()) {
                throw new NoSuchElementException("the generation has ended");
            }
            synchronized (lock) {
                return tokens.get(next++);
            }
        }
    }

    @Override
    public String toString() {
        return "GenerationHandle(" + tokens().size() + " tokens" + (result.isDone() ? ", ended)" : ")");
    }
}
