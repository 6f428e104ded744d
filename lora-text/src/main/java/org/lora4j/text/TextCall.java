package org.lora4j.text;

import java.util.List;
import java.util.Objects;
import org.lora4j.adapter.UsedAdapter;
import org.lora4j.internal.MessageText;
import org.lora4j.nn.input.Sequences;
import org.lora4j.serve.Prediction;
import org.lora4j.serve.RequestOptions;
import org.lora4j.serve.ServingException;
import org.lora4j.serve.ServingException.Reason;
import org.lora4j.text.KnownTasks.KnownTask;
import org.lora4j.text.internal.TextCheck;
import org.lora4j.text.task.RowModel;
import org.lora4j.text.task.RowTask;
import org.lora4j.text.task.Task;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A request to an adapter: first its tokens, then the answers. If the adapter is replaced meanwhile by one of another task, the tokens
 * are made again, so the answers are always those of one adapter.
 *
 * @param <Q> what is asked
 * @param <R> an answer
 */
public final class TextCall<Q, R> {
    /** An adapter that is replaced so often while one request is answered is written without pause. */
    private static final int MOST_TRIES = 8;

    private final TextService service;
    private final Class<? extends RowTask<Q, R>> kind;
    private final String adapter;
    private KnownTask known;

    TextCall(TextService service, Class<? extends RowTask<Q, R>> kind, String adapter, KnownTask known) {
        this.service = service;
        this.kind = kind;
        this.adapter = adapter;
        this.known = require(known);
    }

    private KnownTask require(KnownTask found) {
        if (!kind.isInstance(found.task())) {
            throw new ServingException(
                    Reason.INVALID_INPUT,
                    "the model " + MessageText.quote(adapter) + " "
                            + found.task().does() + "; it was asked for something else",
                    null);
        }
        return found;
    }

    /** The kind was checked, and each task makes rows of its own kind. */
    @SuppressWarnings("unchecked")
    private RowModel<Q, R> rows() {
        return (RowModel<Q, R>) Objects.requireNonNull(known.rows());
    }

    /**
     * Returns what the adapter is for.
     *
     * @return the task by which the tokens are made
     */
    public Task task() {
        return known.task();
    }

    /**
     * Returns the tokens of a request, in this thread and without a limit for how many threads do so.
     *
     * @param asked what is asked
     * @return a sequence for each answer
     * @throws IllegalArgumentException if there is nothing to ask, or a text has no tokens
     * @throws IllegalStateException if the model was closed
     */
    public Sequences tokens(Q asked) {
        return rows().tokens(asked);
    }

    /** Returns the tokens of a request within {@link TextModel#textLimiter}. */
    Sequences limitedTokens(Q asked, RequestOptions options) {
        RowModel<Q, R> rows = rows();
        return service.model().textLimiter().run(adapter, rows.characters(asked), options, () -> {
            try {
                return rows.tokens(asked);
            } catch (IllegalArgumentException e) {
                throw new ServingException(Reason.INVALID_INPUT, TextCheck.line(e.getMessage()), e);
            } catch (IllegalStateException e) {
                throw new ServingException(Reason.CLOSED, "the model was closed", e);
            }
        });
    }

    /**
     * Returns the answers.
     *
     * @param asked what is asked
     * @param tokens its tokens
     * @param options how urgent it is
     * @return the answers, and which adapter gave them
     * @throws ServingException as {@link org.lora4j.serve.BatchingPredictor#prediction}; or if an output is not finite, or the adapter is
     *     replaced again and again
     */
    public Answer<R> answer(Q asked, Sequences tokens, RequestOptions options) {
        Sequences made = tokens;
        for (int tries = 0; tries < MOST_TRIES; tries++) {
            Prediction prediction = service.predictor().prediction(made, adapter, options);
            KnownTask now = service.known(known, prediction.adapter());
            if (now != null && now.task().equals(known.task())) {
                return new Answer<>(read(asked, prediction), made.tokens(), known.task(), prediction.adapter());
            }
            known = require(now == null ? service.known(adapter) : now);
            made = limitedTokens(asked, options);
        }
        throw TextService.unavailable(adapter, null);
    }

    private List<R> read(Q asked, Prediction prediction) {
        INDArray output = prediction.output();
        for (float value : output.ravel().toFloatVector()) {
            if (!Float.isFinite(value)) {
                UsedAdapter used = prediction.adapter();
                throw new ArithmeticException((used == null ? "the model" : "adapter " + MessageText.quote(used.name()))
                        + ": the output must be finite, found " + value
                        + "; the adapter or the model may hold numbers that are too large");
            }
        }
        try {
            return rows().read(asked, output);
        } catch (IllegalArgumentException e) {
            throw new ServingException(Reason.INVALID_INPUT, TextCheck.line(e.getMessage()), e);
        }
    }
}
