package org.lora4j.serve;

import java.util.Objects;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;
import org.lora4j.generate.GenerationOptions;

/**
 * What a {@link GenerationService} is to generate.
 *
 * <pre>{@code
 * GenerationRequest request = GenerationRequest.of("support", prompt, GenerationOptions.greedy().withMaxTokens(200))
 *         .withConversation("ticket-17")
 *         .withScope("customer-a")
 *         .withOptions(RequestOptions.defaults().withTimeout(Duration.ofSeconds(30)));
 * }</pre>
 *
 * <p>Immutable.
 */
public final class GenerationRequest {
    private final String adapter;
    private final int[] prompt;
    private final GenerationOptions generation;
    private final RequestOptions options;
    private final @Nullable String conversation;
    private final @Nullable String scope;
    private final IntConsumer consumer;

    private GenerationRequest(
            String adapter,
            int[] prompt,
            GenerationOptions generation,
            RequestOptions options,
            @Nullable String conversation,
            @Nullable String scope,
            IntConsumer consumer) {
        this.adapter = adapter;
        this.prompt = prompt;
        this.generation = generation;
        this.options = options;
        this.conversation = conversation;
        this.scope = scope;
        this.consumer = consumer;
    }

    /**
     * Creates a request.
     *
     * @param adapter the name of an adapter, or {@link org.lora4j.LoRAModel#BASE} if the service allows the base
     * @param prompt the tokens before, which are copied
     * @param generation how tokens are chosen, and when the generation ends. Set the most new tokens: the service keeps room for
     *     so many
     * @return the request, with the default options
     */
    public static GenerationRequest of(String adapter, int[] prompt, GenerationOptions generation) {
        Objects.requireNonNull(adapter, "adapter must not be null");
        Objects.requireNonNull(prompt, "prompt must not be null");
        Objects.requireNonNull(generation, "generation must not be null");
        return new GenerationRequest(
                adapter, prompt.clone(), generation, RequestOptions.defaults(), null, null, token -> {});
    }

    /**
     * Sets how urgent the request is.
     *
     * @param urgency the priority and the timeout. A generation whose time is over ends, also while it runs
     * @return another request
     */
    public GenerationRequest withOptions(RequestOptions urgency) {
        Objects.requireNonNull(urgency, "urgency must not be null");
        return new GenerationRequest(adapter, prompt, generation, urgency, conversation, scope, consumer);
    }

    /**
     * Names the conversation that the prompt belongs to. If the prompt begins as the last text of this conversation, adapter and scope
     * did, what is known of these tokens is used again, also of those that were generated. The tokens that are generated do not depend on
     * the name, except for rounding.
     *
     * @param id any text
     * @return another request
     */
    public GenerationRequest withConversation(String id) {
        Objects.requireNonNull(id, "id must not be null");
        return new GenerationRequest(adapter, prompt, generation, options, id, scope, consumer);
    }

    /**
     * Sets who shares what is known of prompts: only requests of the same scope and adapter do. Who is answered sooner than others learns
     * that somebody of the scope has sent the same beginning of a prompt, so requests of clients that must not know that need a scope for
     * each client. By default all requests that set none are of one scope.
     *
     * @param id any text, such as the name of a client
     * @return another request
     */
    public GenerationRequest withScope(String id) {
        Objects.requireNonNull(id, "id must not be null");
        return new GenerationRequest(adapter, prompt, generation, options, conversation, id, consumer);
    }

    /**
     * Hands each new token over as it is chosen.
     *
     * @param tokens is given each token by the thread that computes for all, so it must be fast. What it throws ends the
     *     generation
     * @return another request
     */
    public GenerationRequest withConsumer(IntConsumer tokens) {
        Objects.requireNonNull(tokens, "tokens must not be null");
        return new GenerationRequest(adapter, prompt, generation, options, conversation, scope, tokens);
    }

    String adapter() {
        return adapter;
    }

    /** The tokens themselves. */
    int[] prompt() {
        return prompt;
    }

    GenerationOptions generation() {
        return generation;
    }

    RequestOptions options() {
        return options;
    }

    @Nullable
    String conversation() {
        return conversation;
    }

    @Nullable
    String scope() {
        return scope;
    }

    IntConsumer consumer() {
        return consumer;
    }

    @Override
    public String toString() {
        return "GenerationRequest(" + adapter + ", " + prompt.length + " tokens)";
    }
}
