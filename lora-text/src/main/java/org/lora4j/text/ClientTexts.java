package org.lora4j.text;

import java.util.List;
import java.util.Objects;
import java.util.function.Supplier;
import org.lora4j.nn.input.Sequences;
import org.lora4j.serve.RequestOptions;
import org.lora4j.serve.ServingException;
import org.lora4j.serve.ServingException.Reason;

/**
 * Turns the texts of a service's clients into tokens for an encoder: within {@link EncoderFolder#textLimiter}, and what is wrong with a
 * text is a {@link ServingException} for the client.
 *
 * <pre>{@code
 * ClientTexts texts = new ClientTexts(encoder);
 * INDArray embedding = predictor.predict(texts.tokens("support", List.of(text), RequestOptions.defaults()), "support");
 * }</pre>
 *
 * <p>Any number of threads can use it.
 */
public final class ClientTexts {
    private final EncoderFolder encoder;

    /**
     * Creates an instance.
     *
     * @param encoder the encoder, which must stay open
     */
    public ClientTexts(EncoderFolder encoder) {
        this.encoder = Objects.requireNonNull(encoder, "encoder must not be null");
    }

    /**
     * Returns the tokens of texts, as {@link EncoderFolder#tokens} does.
     *
     * @param adapter the adapter of the request, for the fair order
     * @param texts the texts, at least one
     * @param options the priority, and the time in which it must begin
     * @return a sequence for each text
     * @throws ServingException if there is no text, one has no tokens, the time is over, or the encoder was closed
     */
    public Sequences tokens(String adapter, List<String> texts, RequestOptions options) {
        return limited(adapter, texts, options, () -> encoder.tokens(texts));
    }

    /**
     * Returns the tokens of queries, as {@link EncoderFolder#queries} does.
     *
     * @param adapter the adapter of the request, for the fair order
     * @param texts the queries, at least one
     * @param options the priority, and the time in which it must begin
     * @return a sequence for each
     * @throws ServingException as {@link #tokens}
     */
    public Sequences queries(String adapter, List<String> texts, RequestOptions options) {
        return limited(adapter, texts, options, () -> encoder.queries(texts));
    }

    /**
     * Returns the tokens of documents, as {@link EncoderFolder#documents} does.
     *
     * @param adapter the adapter of the request, for the fair order
     * @param texts the documents, at least one
     * @param options the priority, and the time in which it must begin
     * @return a sequence for each
     * @throws ServingException as {@link #tokens}
     */
    public Sequences documents(String adapter, List<String> texts, RequestOptions options) {
        return limited(adapter, texts, options, () -> encoder.documents(texts));
    }

    private Sequences limited(String adapter, List<String> texts, RequestOptions options, Supplier<Sequences> tokens) {
        TextCheck.requireAll("texts", texts);
        long characters = texts.stream().mapToLong(String::length).sum();
        return encoder.textLimiter().run(adapter, characters, options, () -> {
            try {
                return tokens.get();
            } catch (IllegalArgumentException e) {
                throw new ServingException(Reason.INVALID_INPUT, TextCheck.line(e.getMessage()), e);
            } catch (IllegalStateException e) {
                throw new ServingException(Reason.CLOSED, "the model was closed", e);
            }
        });
    }
}
