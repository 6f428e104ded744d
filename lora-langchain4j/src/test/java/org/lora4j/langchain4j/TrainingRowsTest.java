package org.lora4j.langchain4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.langchain4j.agent.tool.ToolExecutionRequest;
import dev.langchain4j.agent.tool.ToolSpecification;
import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.data.message.ChatMessage;
import dev.langchain4j.data.message.ImageContent;
import dev.langchain4j.data.message.SystemMessage;
import dev.langchain4j.data.message.ToolExecutionResultMessage;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.exception.UnsupportedFeatureException;
import dev.langchain4j.memory.ChatMemory;
import dev.langchain4j.memory.chat.MessageWindowChatMemory;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import dev.langchain4j.model.chat.request.json.JsonObjectSchema;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.text.chat.Conversation;
import org.lora4j.text.chat.Preference;
import org.lora4j.text.data.TextFiles;
import org.lora4j.text.data.TextRow;

/** Rows of chats are read as what the chat model reads of the same messages. */
class TrainingRowsTest {
    private static final SystemMessage SYSTEM = SystemMessage.from("You help.");
    private static final UserMessage QUESTION = UserMessage.from("Where is my \"parcel\"?\nIt is late.");
    private static final AiMessage CALL = AiMessage.from(ToolExecutionRequest.builder()
            .id("call00001")
            .name("find")
            .arguments("{\"number\": 12, \"deep\": {\"x\": [1.5, null, \"\u00e9\"]}}")
            .build());
    private static final ToolExecutionResultMessage RESULT =
            ToolExecutionResultMessage.from("call00001", "find", "{\"at\": \"Bern\"}");
    private static final AiMessage ANSWER = AiMessage.from("It is in Bern.");
    private static final List<ToolSpecification> TOOLS = List.of(ToolSpecification.builder()
            .name("find")
            .description("Finds a parcel.")
            .parameters(JsonObjectSchema.builder()
                    .addIntegerProperty("number")
                    .required("number")
                    .build())
            .build());

    @TempDir
    private Path folder;

    private static Conversation asked(List<ToolSpecification> tools, ChatMessage... messages) {
        return ChatInput.conversation(
                List.of(messages),
                ChatRequestParameters.builder().toolSpecifications(tools).build());
    }

    private static List<TextRow> rows(Path file) {
        return StreamSupport.stream(TextFiles.read(file).spliterator(), false).toList();
    }

    @Test
    void aMemoryWithCallsOfToolsIsReadAgain() throws IOException {
        ChatMemory memory = MessageWindowChatMemory.withMaxMessages(10);
        ChatMessage[] messages = {SYSTEM, QUESTION, CALL, RESULT, ANSWER};
        List.of(messages).forEach(memory::add);
        Path file = folder.resolve("chats.jsonl");
        TrainingRows rows = TrainingRows.of(file);
        rows.withTools(TOOLS).addConversation(memory.messages());
        rows.addConversation(List.of(QUESTION, ANSWER));
        List<TextRow> read = rows(file);
        assertThat(read).hasSize(2);
        assertThat(Conversation.of(read.get(0))).isEqualTo(asked(TOOLS, messages));
        assertThat(Conversation.of(read.get(0))
                        .messages()
                        .get(2)
                        .toolCalls()
                        .get(0)
                        .argumentMap())
                .containsEntry("number", 12);
        assertThat(Conversation.of(read.get(1))).isEqualTo(asked(List.of(), QUESTION, ANSWER));
    }

    @Test
    void ofARatedAnswerNothingElseIsLearned() throws IOException {
        Path file = folder.resolve("liked.jsonl");
        TrainingRows.of(file).withTools(TOOLS).addAnswer(List.of(QUESTION, CALL, RESULT, ANSWER, QUESTION), ANSWER);
        Conversation read = Conversation.of(rows(file).get(0));
        assertThat(read.messages())
                .extracting(org.lora4j.text.chat.ChatMessage::isLearned)
                .containsExactly(false, false, false, false, false, true);
        assertThat(read.messages().get(1).toolCalls()).hasSize(1);
        assertThat(read.messages().get(5).content()).isEqualTo("It is in Bern.");
    }

    @Test
    void twoAnswersAreAPreference() throws IOException {
        Path file = folder.resolve("rated.jsonl");
        TrainingRows.of(file).withTools(TOOLS).addPreference(List.of(SYSTEM, QUESTION), CALL, ANSWER);
        assertThat(Preference.of(rows(file).get(0)))
                .isEqualTo(new Preference(
                        asked(TOOLS, SYSTEM, QUESTION),
                        asked(List.of(), CALL).messages(),
                        asked(List.of(), ANSWER).messages()));
    }

    @Test
    void whatNoTrainingCouldReadIsRefusedAndTheFileStays() throws IOException {
        Path file = folder.resolve("chats.jsonl");
        TrainingRows rows = TrainingRows.of(file);
        rows.addConversation(List.of(QUESTION, ANSWER));
        String before = Files.readString(file);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> rows.addConversation(List.of(SYSTEM, QUESTION)))
                .withMessageContaining("a message of the assistant to learn, found 2 messages of others");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> rows.addConversation(List.of(QUESTION, AiMessage.from(" "))))
                .withMessageContaining("messages[1].content");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> rows.addPreference(List.of(QUESTION), ANSWER, ANSWER))
                .withMessageContaining("must differ");
        assertThatIllegalArgumentException().isThrownBy(() -> rows.addPreference(List.of(), ANSWER, CALL));
        UserMessage image = UserMessage.from(ImageContent.from("https://example.com/a.png"));
        assertThatExceptionOfType(UnsupportedFeatureException.class)
                .isThrownBy(() -> rows.addAnswer(List.of(image), ANSWER));
        assertThat(Files.readString(file)).isEqualTo(before);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> TrainingRows.of(folder.resolve("a.csv")).addConversation(List.of(QUESTION, ANSWER)))
                .withMessageContaining("must end with .jsonl");
    }

    /** The block of the guide's page. */
    @Test
    void ratedAnswersBecomeFiles() throws IOException {
        Path rated = folder;
        AiMessage answer = ANSWER;
        AiMessage better = AiMessage.from("It is in Bern, and comes today.");
        ChatMemory memory = MessageWindowChatMemory.withMaxMessages(10);
        memory.add(QUESTION);
        // spotless:off
        TrainingRows liked = TrainingRows.of(rated.resolve("liked.jsonl"));
        liked.addAnswer(memory.messages(), answer); // a thumb up
        TrainingRows corrected = TrainingRows.of(rated.resolve("corrected.jsonl"));
        corrected.addPreference(memory.messages(), better, answer);
        // spotless:on
        assertThat(rows(folder.resolve("liked.jsonl"))).hasSize(1);
        assertThat(rows(folder.resolve("corrected.jsonl"))).hasSize(1);
    }
}
