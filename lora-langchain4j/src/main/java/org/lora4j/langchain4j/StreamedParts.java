package org.lora4j.langchain4j;

import dev.langchain4j.agent.tool.ToolExecutionRequest;
import dev.langchain4j.model.chat.response.CompleteToolCall;
import dev.langchain4j.model.chat.response.PartialResponse;
import dev.langchain4j.model.chat.response.PartialResponseContext;
import dev.langchain4j.model.chat.response.PartialThinking;
import dev.langchain4j.model.chat.response.PartialThinkingContext;
import dev.langchain4j.model.chat.response.PartialToolCall;
import dev.langchain4j.model.chat.response.PartialToolCallContext;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.langchain4j.model.chat.response.StreamingHandle;
import java.util.ArrayList;
import java.util.List;
import org.lora4j.text.tools.AnswerPart;
import org.lora4j.text.tools.ToolCall;

/** Gives the parts of an answer to a handler. The pieces of a call have the id of the whole call. Not thread-safe. */
final class StreamedParts {
    private final StreamingChatResponseHandler handler;
    private final PartialResponseContext text;
    private final PartialThinkingContext thoughts;
    private final PartialToolCallContext calls;
    private final List<ToolExecutionRequest> requests = new ArrayList<>();
    private String id = "";
    private String name = "";

    StreamedParts(StreamingChatResponseHandler handler, StreamingHandle handle) {
        this.handler = handler;
        text = new PartialResponseContext(handle);
        thoughts = new PartialThinkingContext(handle);
        calls = new PartialToolCallContext(handle);
    }

    void accept(AnswerPart part) {
        if (part instanceof AnswerPart.Text some) {
            handler.onPartialResponse(new PartialResponse(some.text()), text);
        } else if (part instanceof AnswerPart.Thoughts some) {
            handler.onPartialThinking(new PartialThinking(some.text()), thoughts);
        } else if (part instanceof AnswerPart.CallBegins begin) {
            // The model writes its own id after the arguments, if at all.
            id = ToolCall.newId();
            name = begin.name();
        } else if (part instanceof AnswerPart.Arguments some) {
            handler.onPartialToolCall(
                    PartialToolCall.builder()
                            .index(some.index())
                            .id(id)
                            .name(name)
                            .partialArguments(some.json())
                            .build(),
                    calls);
        } else if (part instanceof AnswerPart.CallEnds end) {
            ToolExecutionRequest request = ToolInput.request(end.call().withId(id));
            // Also for the answer, if the handler fails.
            requests.add(request);
            handler.onCompleteToolCall(new CompleteToolCall(end.index(), request));
        }
        // What fails is no call, and comes as text.
    }

    /** The calls that are complete. */
    List<ToolExecutionRequest> requests() {
        return List.copyOf(requests);
    }
}
