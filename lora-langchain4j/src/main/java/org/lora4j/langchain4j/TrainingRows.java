package org.lora4j.langchain4j;

import dev.langchain4j.agent.tool.ToolSpecification;
import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.data.message.ChatMessage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.lora4j.text.chat.Conversation;
import org.lora4j.text.chat.Preference;
import org.lora4j.text.data.TextFiles;
import org.lora4j.text.data.TextRow;

/**
 * Writes chats of LangChain4j and answers that people rated as rows of a JSONL file, with their calls of tools. {@code lora sft} and {@code
 * lora dpo}, and jobs of a {@link org.lora4j.text.job.TrainingService}, train on such files.
 *
 * <pre>{@code
 * TrainingRows liked = TrainingRows.of(folder.resolve("liked.jsonl"));
 * liked.addAnswer(memory.messages(), answer);
 * }</pre>
 *
 * <p>A file has either conversations and answers ({@link org.lora4j.text.job.JobMethod#SUPERVISED}), or preferences ({@link
 * org.lora4j.text.job.JobMethod#DPO}). A row that no training could read is refused, and the file stays as it was. Thread-safe; one process
 * at a time may write a file.
 */
public final class TrainingRows {
    private final Path file;
    private final List<ToolSpecification> tools;

    private TrainingRows(Path file, List<ToolSpecification> tools) {
        this.file = file;
        this.tools = tools;
    }

    /**
     * Names the file.
     *
     * @param file a file whose name ends with {@code .jsonl}; rows are added to those that it has
     * @return what writes rows of chats without tools
     */
    public static TrainingRows of(Path file) {
        return new TrainingRows(Objects.requireNonNull(file, "file must not be null"), List.of());
    }

    /**
     * Sets the tools that the model could call.
     *
     * @param specifications the tools of the requests
     * @return what writes rows of chats with these tools into the same file
     */
    public TrainingRows withTools(List<ToolSpecification> specifications) {
        return new TrainingRows(
                file, List.copyOf(Objects.requireNonNull(specifications, "specifications must not be null")));
    }

    /**
     * Adds a conversation, of which all messages of the assistant are learned.
     *
     * @param messages the messages, such as those of a {@code ChatMemory}
     * @throws IllegalArgumentException if there is no message of the assistant, or a message without text or calls
     * @throws dev.langchain4j.exception.UnsupportedFeatureException if a message has images or anything else but text
     * @throws dev.langchain4j.exception.InvalidRequestException if a tool or a call of one is not what it must be
     * @throws IOException if the file cannot be written
     */
    public void addConversation(List<ChatMessage> messages) throws IOException {
        Objects.requireNonNull(messages, "messages must not be null");
        requireAnswer(messages);
        add(conversation(messages).toRow());
    }

    /**
     * Adds an answer that is good. The messages of the assistant before it are read only.
     *
     * @param before the messages before it
     * @param answer the answer, which is learned
     * @throws IllegalArgumentException if the answer or a message has neither text nor calls
     * @throws dev.langchain4j.exception.LangChain4jException as {@link #addConversation}
     * @throws IOException if the file cannot be written
     */
    public void addAnswer(List<ChatMessage> before, AiMessage answer) throws IOException {
        Objects.requireNonNull(before, "before must not be null");
        Objects.requireNonNull(answer, "answer must not be null");
        List<ChatMessage> all = new ArrayList<>(before);
        all.add(answer);
        Conversation conversation = conversation(all);
        List<org.lora4j.text.chat.ChatMessage> messages = new ArrayList<>();
        for (org.lora4j.text.chat.ChatMessage message : conversation.messages().subList(0, before.size())) {
            messages.add(readOnly(message));
        }
        messages.add(conversation.messages().get(before.size()));
        add(new Conversation(messages, conversation.tools()).toRow());
    }

    private static org.lora4j.text.chat.ChatMessage readOnly(org.lora4j.text.chat.ChatMessage message) {
        if (!message.role().equals(org.lora4j.text.chat.ChatMessage.ASSISTANT)) {
            return message;
        }
        Map<String, Object> more = new LinkedHashMap<>(message.more());
        more.put("weight", 0);
        return new org.lora4j.text.chat.ChatMessage(message.role(), message.content(), more);
    }

    /**
     * Adds a preference between two answers.
     *
     * @param before the messages before both
     * @param chosen the better answer
     * @param rejected the other one
     * @throws IllegalArgumentException if both are the same, there is no message before them, or a message has neither text nor calls
     * @throws dev.langchain4j.exception.LangChain4jException as {@link #addConversation}
     * @throws IOException if the file cannot be written
     */
    public void addPreference(List<ChatMessage> before, AiMessage chosen, AiMessage rejected) throws IOException {
        Objects.requireNonNull(before, "before must not be null");
        Objects.requireNonNull(chosen, "chosen must not be null");
        Objects.requireNonNull(rejected, "rejected must not be null");
        Preference preference = new Preference(
                conversation(before),
                conversation(List.of(chosen)).messages(),
                conversation(List.of(rejected)).messages());
        TextRow row = TextRow.of(preference.toRow());
        Preference unused = Preference.of(row);
        TextFiles.append(file, row);
    }

    private Conversation conversation(List<ChatMessage> messages) {
        return ChatInput.conversation(messages, tools);
    }

    private void add(Map<String, Object> values) throws IOException {
        TextRow row = TextRow.of(values);
        Conversation unused = Conversation.of(row);
        TextFiles.append(file, row);
    }

    private static void requireAnswer(List<ChatMessage> messages) {
        if (messages.stream().noneMatch(AiMessage.class::isInstance)) {
            throw new IllegalArgumentException("a conversation must have a message of the assistant to learn, found "
                    + messages.size() + " messages of others");
        }
    }
}
