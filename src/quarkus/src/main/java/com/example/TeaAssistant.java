package com.example;

import dev.langchain4j.model.chat.request.ChatRequestParameters;
import dev.langchain4j.service.UserMessage;

/** Answers questions, and looks up orders. */
public interface TeaAssistant {
    /** The parameters name the adapter; without a name the model answers alone. */
    String ask(@UserMessage String question, ChatRequestParameters parameters);
}
