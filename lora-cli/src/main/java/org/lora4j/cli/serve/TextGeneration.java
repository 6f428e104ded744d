package org.lora4j.cli.serve;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.lora4j.adapter.UsedAdapter;
import org.lora4j.generate.Generation;
import org.lora4j.generate.LogProbabilities;
import org.lora4j.serve.GenerationHandle;
import org.lora4j.serve.ServingException;
import org.lora4j.text.chat.StopTexts;
import org.lora4j.text.tokens.TokenStream;
import org.lora4j.text.tools.AnswerPart;
import org.lora4j.text.tools.AnswerReader;

/** One of the generations of a request, as text, until its end or a stop text. */
final class TextGeneration {
    private final GenerationHandle handle;
    private final AtomicBoolean stopped = new AtomicBoolean();
    private final TokenStream stream;
    private final StopTexts stops;
    private final TextRequest request;
    private final AnswerTokens tokens;

    /** How much of the text is certain, in characters. */
    private long certain;

    /** The log probabilities of all tokens so far. */
    private double logProbability;

    /** Finds thoughts and calls of tools. */
    private final AnswerReader reader;

    /** Whether the answer has ended after its only call. */
    private boolean hasCalled;

    private int count;

    /**
     * Starts a generation.
     *
     * @param use whose request it is
     * @param receiver is given each token, and nothing at the end, in the threads of the model
     * @throws ServingException if it is refused
     */
    TextGeneration(
            ServedDecoder decoder,
            TextRequest request,
            Deadline deadline,
            RequestUse use,
            Consumer<OptionalInt> receiver) {
        this.request = request;
        tokens = new AnswerTokens(decoder.tokenizer(), request.echoed().orElse(0));
        reader = request.form().reader();
        stream = decoder.tokenizer().stream(request.form().marks());
        stops = new StopTexts(request.stops());
        handle = decoder.generate(
                request.withStopWhen((List<Integer> ids) -> stopped.get()),
                deadline,
                use,
                id -> receiver.accept(OptionalInt.of(id)));
        // The result of the action is that of the handle.
        CompletableFuture<Generation> unused =
                handle.result().whenComplete((result, failure) -> receiver.accept(OptionalInt.empty()));
    }

    /** The adapter that computes the text, from its first token on; nothing before, and for the model alone. */
    Optional<UsedAdapter> adapter() {
        return handle.adapter();
    }

    void cancel() {
        handle.cancel();
    }

    /** The new tokens so far. */
    int count() {
        return count;
    }

    /** Whether the text has ended before a stop text. What follows is no part of it. */
    boolean isStopped() {
        return stopped.get();
    }

    /** Takes a token, and returns what it makes certain. */
    TextPiece add(int id) {
        if (request.isPromptOnly()) {
            return new TextPiece(List.of(), List.of());
        }
        String text = stream.add(id);
        if (request.options().logProbabilities().isPresent()) {
            LogProbabilities.OfToken ofToken = handle.logProbabilities(count);
            logProbability += ofToken.chosen().logProbability();
            // What ends a text is no part of it. Behind a prompt, clients count on each token.
            if (request.echoed().isPresent() || !request.options().stopIds().contains(id)) {
                tokens.add(id, ofToken, text);
            }
        }
        count++;
        List<AnswerPart> parts = new ArrayList<>(parts(stops.add(text)));
        if (stops.isFound()) {
            parts.addAll(reader.end());
        }
        parts = upToTheOnlyCall(parts);
        stopped.set(stops.isFound() || hasCalled);
        return new TextPiece(parts, tokens.before(certain));
    }

    /**
     * Ends the text, and returns what was held back.
     *
     * @throws ServingException if the generation failed
     */
    TextPiece end() {
        if (handle.join().finish() == Generation.Finish.CANCELLED) {
            throw new ServingException(ServingException.Reason.CLOSED, "the server stops", null);
        }
        String text = stops.add(stream.end());
        List<AnswerPart> parts = new ArrayList<>(parts(stops.isFound() ? text : text + stops.end()));
        parts.addAll(reader.end());
        return new TextPiece(upToTheOnlyCall(parts), stops.isFound() ? tokens.before(certain) : tokens.rest());
    }

    private List<AnswerPart> parts(String text) {
        certain += text.length();
        return reader.add(text);
    }

    /** Leaves out what follows on a call, if the request wants no other. */
    private List<AnswerPart> upToTheOnlyCall(List<AnswerPart> parts) {
        if (request.isParallel()) {
            return parts;
        }
        List<AnswerPart> some = new ArrayList<>();
        for (AnswerPart part : parts) {
            if (!hasCalled) {
                some.add(part);
                hasCalled = part instanceof AnswerPart.CallEnds;
            }
        }
        return some;
    }

    /** The mean log probability of a token, if the request asks for log probabilities; the greater, the better is the text. */
    double meanLogProbability() {
        return count == 0 ? 0 : logProbability / count;
    }

    /** The log probabilities of the tokens of the prompt but the first, once all tokens have come; none if they are not asked for. */
    List<LogProbabilities.OfToken> promptLogProbabilities() {
        return handle.join().promptLogProbabilities();
    }

    /** How many tokens of the prompt were known, once all tokens have come. */
    int reusedTokens() {
        return handle.join().reusedTokens();
    }

    /** The word of OpenAI's API for why the text ended. */
    String finish() {
        boolean hasEnded = stops.isFound() || hasCalled || handle.join().finish() == Generation.Finish.STOP;
        return hasEnded && !request.isPromptOnly() ? "stop" : "length";
    }
}
