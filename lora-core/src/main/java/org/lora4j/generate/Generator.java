package org.lora4j.generate;

import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.function.IntPredicate;
import org.lora4j.internal.events.FlightEvents;
import org.lora4j.internal.events.GenerationEvent;
import org.lora4j.nn.Model;
import org.lora4j.nn.batch.internal.EffectiveLayers;

/**
 * Generates text with a decoder, one text at a time.
 *
 * <pre>{@code
 * Generator generator = Generator.of(model.using("support"));
 * GenerationOptions options = GenerationOptions.greedy().withMaxTokens(200).withStopIds(end);
 * Generation reply = generator.generate(prompt, options);
 * }</pre>
 *
 * <p><b>Cache.</b> The keys and values of the last text are kept on the heap. If the next prompt begins with the same tokens, as
 * the next turn of a conversation does, only the other ones are computed. The result is the same as without the cache, except
 * for rounding. A cache is never used for others than the layers that computed it: after the adapter was replaced, trained or
 * unfrozen, the whole prompt is computed. {@link #forget} drops it.
 *
 * <p><b>Changes of the model.</b> A generation computes with the adapters that the model has when it starts. If they are
 * replaced or deleted meanwhile, it uses the old ones to its end. If a training of this library writes to arrays that it uses,
 * it computes the whole text with the new numbers before the next token. Writes of your own to arrays of trainable parameters
 * are found when the next generation starts. To find them, it reads these arrays; freeze the model to save this time.
 *
 * <p>A generator belongs to one thread at a time. Any number of them can share a model. {@link BatchGenerator} computes many
 * texts together.
 */
public final class Generator {
    private final Model model;
    private final Decoder decoder;
    private final int room;
    private final DecoderPass lastTokens;
    private final DecoderPass allTokens;
    private CachedSequence text;

    private Generator(Model model, Decoder decoder, int room) {
        this.model = model;
        this.decoder = decoder;
        this.room = room;
        lastTokens = new DecoderPass(decoder.ofLastTokens());
        allTokens = new DecoderPass(decoder.stack());
        text = newText();
    }

    private CachedSequence newText() {
        return new CachedSequence(decoder, model.effectiveLayers(), room);
    }

    /**
     * Creates a generator whose cache may take half of the memory of the JVM.
     *
     * @param model a network that predicts the next token, or such a network with adapters
     * @return the generator
     * @throws IllegalArgumentException if the model is no decoder, or an adapter was deleted
     */
    public static Generator of(Model model) {
        return of(model, Runtime.getRuntime().maxMemory() / 2);
    }

    /**
     * Creates a generator.
     *
     * @param model a network that predicts the next token, or such a network with adapters
     * @param cacheLimit the most bytes that keys and values may take; see {@link #cacheBytesPerToken}
     * @return the generator
     * @throws IllegalArgumentException if the model is no decoder, an adapter was deleted, or the limit is negative
     */
    public static Generator of(Model model, long cacheLimit) {
        Objects.requireNonNull(model, "model must not be null");
        Decoder decoder = Decoder.of(model);
        return new Generator(model, decoder, room(decoder, cacheLimit));
    }

    private static int room(Decoder decoder, long cacheLimit) {
        if (cacheLimit < 0) {
            throw new IllegalArgumentException(
                    "generation: the limit of the cache must not be negative, found " + cacheLimit);
        }
        return (int) Math.min(decoder.positions(), cacheLimit / decoder.bytesPerToken());
    }

    /**
     * Generates tokens.
     *
     * @param prompt the tokens before, at least one
     * @param options how tokens are chosen, and when the generation ends
     * @return the new tokens
     * @throws IllegalArgumentException if the prompt is empty or too long, a token is outside the vocabulary, there are not
     *     enough positions, an adapter was deleted, or so few tokens cannot complete a text of the constraint; nothing is
     *     computed then
     * @throws IllegalStateException if the cache would exceed its limit; nothing is computed then. Or if the constraint allows
     *     no token
     * @throws ArithmeticException if logits are not finite
     */
    public Generation generate(int[] prompt, GenerationOptions options) {
        return generate(prompt, options, id -> true);
    }

    /**
     * Generates tokens and hands each over as it is chosen.
     *
     * @param prompt the tokens before, at least one
     * @param options how tokens are chosen, and when the generation ends
     * @param consumer is given each new token; false cancels the generation. What it throws ends the generation
     * @return the new tokens
     * @throws IllegalArgumentException as {@link #generate(int[], GenerationOptions)}
     * @throws IllegalStateException as {@link #generate(int[], GenerationOptions)}
     * @throws ArithmeticException as {@link #generate(int[], GenerationOptions)}
     */
    public Generation generate(int[] prompt, GenerationOptions options, IntPredicate consumer) {
        Objects.requireNonNull(prompt, "prompt must not be null");
        Objects.requireNonNull(options, "options must not be null");
        Objects.requireNonNull(consumer, "consumer must not be null");
        if (!FlightEvents.areOn()) {
            return generateNow(prompt, options, consumer);
        }
        GenerationEvent event = new GenerationEvent();
        event.begin();
        try {
            Generation found = generateNow(prompt, options, consumer);
            event.end(
                    model.toString(),
                    prompt.length,
                    found.reusedTokens(),
                    found.newTokens().size(),
                    found.finish().name());
            return found;
        } catch (RuntimeException | Error e) {
            event.end(model.toString(), prompt.length, 0, 0, "FAILED");
            throw e;
        }
    }

    private Generation generateNow(int[] prompt, GenerationOptions options, IntPredicate consumer) {
        decoder.requireTokens("prompt", prompt);
        int maxTokens = decoder.maxTokens(prompt, options, room);
        ConstrainedChoice constrained = ConstrainedChoice.begin(options, maxTokens, decoder.vocabulary());
        EffectiveLayers layers = model.effectiveLayers();
        int reused = text.start(layers, prompt, options.promptLogProbabilities().isPresent() ? 0 : prompt.length - 1);
        RunningGeneration running =
                new RunningGeneration(text, prompt, reused, options, maxTokens, consumer, null, null, constrained);
        List<CachedSequence> texts = List.of(text);
        while (!running.isFinished()) {
            running.awaitPending();
            running.takeForced();
            if (running.pending() == null && !running.isFinished()) {
                if (running.isScoring()) {
                    running.score(allTokens, prompt.length);
                } else {
                    lastTokens.compute(texts, (row, logits) -> running.advance(logits));
                }
            }
        }
        return running.result();
    }

    /**
     * Computes how probable a text is after a prompt, to rank texts or to measure perplexity. Texts after the same prompt reuse
     * its keys and values.
     *
     * @param prompt the tokens before, at least one
     * @param completion the tokens whose probabilities are computed, at least one
     * @return {@code log p} of each token of the completion
     * @throws IllegalArgumentException if one of them is empty, a token is outside the vocabulary, there are not enough
     *     positions, or an adapter was deleted; nothing is computed then
     * @throws IllegalStateException if the cache would exceed its limit; nothing is computed then
     */
    public LogProbabilities score(int[] prompt, int[] completion) {
        Objects.requireNonNull(prompt, "prompt must not be null");
        Objects.requireNonNull(completion, "completion must not be null");
        decoder.requireTokens("prompt", prompt);
        decoder.requireTokens("completion", completion);
        // No token follows the last one.
        int[] ids = new int[prompt.length + completion.length - 1];
        System.arraycopy(prompt, 0, ids, 0, prompt.length);
        System.arraycopy(completion, 0, ids, prompt.length, completion.length - 1);
        decoder.requireTokens("prompt with the completion but its last token", ids);
        decoder.requireRoom(ids.length, room);
        int before = prompt.length - 1;
        text.start(model.effectiveLayers(), ids, before);
        double[] logProbabilities = new double[completion.length];
        while (text.from() < ids.length) {
            if (text.from() < before) {
                lastTokens.compute(text, before, (token, logits) -> {});
            }
            allTokens.compute(text, text.from() + RunningGeneration.SCORED_ROWS, (token, logits) -> {
                // A change of the model makes all tokens be computed again.
                if (token >= before) {
                    logProbabilities[token - before] = LogProbabilities.ofToken(logits, completion[token - before]);
                }
            });
        }
        return new LogProbabilities(Arrays.stream(logProbabilities).boxed().toList());
    }

    /**
     * Returns the memory of the keys and values of one token, by which limits are divided. A layer with a window needs no more
     * than that of its window; this is not counted.
     *
     * @return {@code 2·g·d} numbers for each layer, in bytes
     */
    public long cacheBytesPerToken() {
        return decoder.bytesPerToken();
    }

    /**
     * Returns the memory that keys and values take now.
     *
     * @return the bytes
     */
    public long cacheBytes() {
        return text.cache().bytes();
    }

    /** Drops the keys and values of the last text. */
    public void forget() {
        text = newText();
    }

    @Override
    public String toString() {
        return "Generator(" + model + ")";
    }
}
