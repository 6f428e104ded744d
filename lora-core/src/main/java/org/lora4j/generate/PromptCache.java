package org.lora4j.generate;

import java.util.concurrent.atomic.AtomicBoolean;

/**
 * The keys and values of the last text of a conversation in a {@link BatchGenerator}. If the next prompt begins with the same
 * tokens, only the other ones are computed. It is never used for others than the layers that computed it: after the adapter was
 * replaced or trained, or if another adapter generates, the whole prompt is computed. So the result is the same as without it, except
 * for rounding.
 *
 * <pre>{@code
 * PromptCache conversation = batch.newPromptCache();
 * RunningGeneration reply = batch.add(view, prompt, options, token -> true, conversation);
 * }</pre>
 *
 * <p>One generation at a time can use it, and until that has ended, nobody else.
 */
public final class PromptCache {
    private final CachedSequence text;
    private final AtomicBoolean isInUse = new AtomicBoolean();

    PromptCache(CachedSequence text) {
        this.text = text;
    }

    /** The text, for one generation. */
    CachedSequence take() {
        if (isInUse.getAndSet(true)) {
            throw new IllegalStateException(
                    "generation: a prompt cache must be of one generation at a time, found one that is in use; wait for"
                            + " its end, or use another one");
        }
        return text;
    }

    CachedSequence text() {
        return text;
    }

    void giveBack() {
        isInUse.set(false);
    }

    /**
     * Returns the memory that its keys and values take now.
     *
     * @return the bytes
     */
    public long bytes() {
        return text.cache().bytes();
    }

    @Override
    public String toString() {
        return "PromptCache(" + text.length() + " tokens)";
    }
}
