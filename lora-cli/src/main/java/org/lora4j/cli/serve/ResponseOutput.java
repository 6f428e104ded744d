package org.lora4j.cli.serve;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.lora4j.text.tools.AnswerPart;
import org.lora4j.text.tools.ToolCall;

/** The items of the output of a response, as they come part by part: what is thought, messages and calls of functions. */
final class ResponseOutput {
    private static final String COMPLETED = "completed";
    private static final String INCOMPLETE = "incomplete";
    private static final String IN_PROGRESS = "in_progress";

    /** Receives what happens to the items. */
    @FunctionalInterface
    interface Listener {
        /**
         * An event, which must be written before this returns.
         *
         * @param event its fields, to which those that all events have can be added
         */
        void event(String type, ObjectNode event) throws IOException;
    }

    private final LogProbabilityJson logProbabilities;
    private final @Nullable Listener listener;
    private final ArrayNode items = JsonBody.MAPPER.createArrayNode();

    /** The item that grows; null if none does. */
    private @Nullable ObjectNode item;

    /** The text, or the arguments, of that item. */
    private final StringBuilder content = new StringBuilder();

    /** The tokens of that text with their log probabilities. */
    private List<AnswerToken> tokens = new ArrayList<>();

    /** Those that came after it: of a text that is not certain, or of a call. If the call fails, they are those of the text that follows. */
    private List<AnswerToken> waiting = new ArrayList<>();

    /**
     * Creates an output without items.
     *
     * @param listener is told what happens; null for an answer that is sent as a whole
     */
    ResponseOutput(LogProbabilityJson logProbabilities, @Nullable Listener listener) {
        this.logProbabilities = logProbabilities;
        this.listener = listener;
    }

    /** The items that are complete. */
    ArrayNode items() {
        return items;
    }

    /** Adds what a token has made certain. */
    void add(TextPiece piece) throws IOException {
        waiting.addAll(piece.tokens());
        for (AnswerPart part : piece.parts()) {
            add(part);
        }
    }

    private void add(AnswerPart part) throws IOException {
        if (part instanceof AnswerPart.Thoughts some) {
            waiting.clear();
            if (item == null || !isReasoning(item)) {
                end(true);
                beginReasoning();
            }
            grow("response.reasoning_text.delta", some.text(), List.of());
        } else if (part instanceof AnswerPart.Text some) {
            if (item != null && isReasoning(item)) {
                end(true);
            }
            if (item == null) {
                beginMessage();
            }
            List<AnswerToken> ofPart = takeWaiting();
            tokens.addAll(ofPart);
            grow("response.output_text.delta", some.text(), ofPart);
        } else if (part instanceof AnswerPart.CallBegins call) {
            end(true);
            beginCall(call.name());
        } else if (part instanceof AnswerPart.Arguments some) {
            grow("response.function_call_arguments.delta", some.json(), List.of());
        } else if (part instanceof AnswerPart.CallEnds) {
            waiting.clear();
            end(true);
        } else if (part instanceof AnswerPart.CallFails) {
            fail();
        }
    }

    private List<AnswerToken> takeWaiting() {
        List<AnswerToken> taken = waiting;
        waiting = new ArrayList<>();
        return taken;
    }

    /**
     * Ends the output. There is at least one item.
     *
     * @param isComplete whether the last item is complete
     */
    void close(boolean isComplete) throws IOException {
        if (items.isEmpty() && item == null) {
            beginMessage();
        }
        tokens.addAll(takeWaiting());
        end(isComplete);
    }

    private static String newId(String prefix) {
        return prefix + UUID.randomUUID().toString().replace("-", "");
    }

    private void beginMessage() throws IOException {
        ObjectNode message = JsonBody.MAPPER
                .createObjectNode()
                .put("id", newId("msg_"))
                .put("type", "message")
                .put("status", IN_PROGRESS)
                .put("role", "assistant");
        message.putArray("content");
        begin(message);
        ObjectNode event = event(message).put("content_index", 0);
        event.set("part", text("", List.of()));
        tell("response.content_part.added", event);
    }

    private void beginReasoning() throws IOException {
        ObjectNode reasoning = JsonBody.MAPPER
                .createObjectNode()
                .put("id", newId("rs_"))
                .put("type", "reasoning")
                .put("status", IN_PROGRESS);
        reasoning.putArray("summary");
        reasoning.putArray("content");
        begin(reasoning);
    }

    private void beginCall(String name) throws IOException {
        begin(JsonBody.MAPPER
                .createObjectNode()
                .put("id", newId("fc_"))
                .put("type", "function_call")
                .put("status", IN_PROGRESS)
                .put("call_id", ToolCall.newId())
                .put("name", name)
                .put("arguments", ""));
    }

    private void begin(ObjectNode next) throws IOException {
        item = next;
        content.setLength(0);
        tokens = new ArrayList<>();
        tellItem("response.output_item.added", next);
    }

    private static boolean isMessage(ObjectNode one) {
        return one.path("type").asText().equals("message");
    }

    private static boolean isReasoning(ObjectNode one) {
        return one.path("type").asText().equals("reasoning");
    }

    private ObjectNode text(String text, List<AnswerToken> ofText) {
        ObjectNode part =
                JsonBody.MAPPER.createObjectNode().put("type", "output_text").put("text", text);
        part.putArray("annotations");
        return putTokens(part, ofText);
    }

    private ObjectNode putTokens(ObjectNode node, List<AnswerToken> all) {
        return node.putPOJO("logprobs", new LaterJson(json -> logProbabilities.list(all, json)));
    }

    private void grow(String event, String more, List<AnswerToken> ofPart) throws IOException {
        ObjectNode growing = item;
        if (growing == null) {
            throw new IllegalStateException("a part of arguments must follow on the beginning of a call, found none");
        }
        content.append(more);
        ObjectNode fields = event(growing).put("delta", more);
        if (isMessage(growing)) {
            putTokens(fields.put("content_index", 0), ofPart);
        } else if (isReasoning(growing)) {
            fields.put("content_index", 0);
        }
        tell(event, fields);
    }

    /** Ends the item that grows, if there is one. */
    private void end(boolean isComplete) throws IOException {
        ObjectNode ended = item;
        if (ended == null) {
            return;
        }
        String whole = content.toString();
        ObjectNode done = event(ended);
        if (isMessage(ended)) {
            List<AnswerToken> ofText = tokens;
            ended.withArray("content").add(text(whole, ofText));
            putTokens(done.put("content_index", 0).put("text", whole), ofText);
            tell("response.output_text.done", done);
            ObjectNode part = event(ended).put("content_index", 0);
            part.set("part", text(whole, ofText));
            tell("response.content_part.done", part);
        } else if (isReasoning(ended)) {
            ended.withArray("content").addObject().put("type", "reasoning_text").put("text", whole);
            tell("response.reasoning_text.done", done.put("content_index", 0).put("text", whole));
        } else {
            ended.put("arguments", whole);
            done.put("name", ended.path("name").asText()).put("arguments", whole);
            tell("response.function_call_arguments.done", done);
        }
        close(ended, isComplete ? COMPLETED : INCOMPLETE);
    }

    private void close(ObjectNode ended, String status) throws IOException {
        ended.put("status", status);
        tellItem("response.output_item.done", ended);
        items.add(ended);
        item = null;
    }

    /** What began is no call, and comes as text. A client that was told of it is told that it is incomplete. */
    private void fail() throws IOException {
        ObjectNode failed = item;
        if (failed != null && listener != null) {
            close(failed.put("arguments", content.toString()), INCOMPLETE);
        }
        item = null;
    }

    private ObjectNode event(ObjectNode of) {
        return JsonBody.MAPPER
                .createObjectNode()
                .put("item_id", of.path("id").asText())
                .put("output_index", items.size());
    }

    private void tellItem(String type, ObjectNode of) throws IOException {
        ObjectNode event = JsonBody.MAPPER.createObjectNode().put("output_index", items.size());
        event.set("item", of);
        tell(type, event);
    }

    private void tell(String type, ObjectNode event) throws IOException {
        if (listener != null) {
            listener.event(type, event);
        }
    }
}
