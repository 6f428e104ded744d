package org.lora4j.cli.serve;

import java.util.List;
import java.util.function.Supplier;
import org.lora4j.text.chat.ChatMessage;
import org.lora4j.text.chat.ChatTemplate;
import org.lora4j.text.chat.Conversation;
import org.lora4j.text.tools.AnswerForm;

/** Makes the prompt of a conversation, in whatever form a request has written it. */
final class ChatPrompt {
    private ChatPrompt() {}

    /**
     * Makes a prompt.
     *
     * @param messages reads the messages
     * @throws ApiException if the model has no chat template, or the template does not take the conversation
     */
    static TextForm.Prompt of(
            ServedDecoder decoder, Supplier<List<ChatMessage>> messages, ChatTools tools, AnswerSchema schema) {
        ChatTemplate template = decoder.template()
                .orElseThrow(() -> ApiException.of(
                        400,
                        "no_chat_template",
                        "the model must have a chat template for chats, found none; use /v1/completions"));
        try {
            Conversation conversation = new Conversation(messages.get(), List.of()).withTools(tools.shown());
            ExpectedCalls calls = tools.expected(conversation, template);
            AskedGrammar grammar =
                    calls == null ? schema.grammar() : calls.grammar(schema.schema(), conversation, decoder);
            AnswerForm form = template.answerForm();
            // A grammar from the first token on does not know thoughts.
            if (grammar != null && grammar.mark() == null) {
                form = form.withoutOpenThoughts();
            }
            return new TextForm.Prompt(
                    decoder.tokens().prompt(conversation, template),
                    "",
                    calls == null ? form : calls.in(form, conversation),
                    calls == null || calls.isParallel(),
                    grammar);
        } catch (IllegalArgumentException e) {
            throw ApiException.of(400, "invalid_messages", String.valueOf(e.getMessage()));
        }
    }
}
