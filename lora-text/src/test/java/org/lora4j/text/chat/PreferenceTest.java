package org.lora4j.text.chat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.nn.input.Sequences;
import org.lora4j.text.DecoderFolder;
import org.lora4j.text.EncoderFolderTest;
import org.lora4j.text.GoldenDecoder;
import org.lora4j.text.data.PreferenceExample;
import org.lora4j.text.data.TextFiles;
import org.lora4j.text.data.TextFormatException;
import org.lora4j.text.data.TextRow;
import org.lora4j.text.tools.ToolCall;
import org.lora4j.train.Batch;
import org.lora4j.train.PreferenceLoss;

/** Prompts with two answers: the forms of a file, and their tokens. */
class PreferenceTest {
    private static final ChatMessage QUESTION = ChatMessage.of("user", "a b");
    private static final ChatMessage GOOD = ChatMessage.of("assistant", "c");
    private static final ChatMessage BAD = ChatMessage.of("assistant", "d");
    private static final Preference PREFERENCE = new Preference(Conversation.of(QUESTION), List.of(GOOD), List.of(BAD));

    @TempDir
    private Path folder;

    private TextRow row(String json) throws IOException {
        Path file = Files.writeString(folder.resolve("pairs.jsonl"), json + "\n");
        return TextFiles.jsonl(file).iterator().next();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{'prompt': 'a b', 'chosen': 'c', 'rejected': 'd'}",
                "{'prompt': [{'role': 'user', 'content': 'a b'}], 'chosen': [{'role': 'assistant', 'content': 'c'}],"
                        + " 'rejected': [{'role': 'assistant', 'content': 'd'}], 'score': 3}",
                "{'chosen': [{'role': 'user', 'content': 'a b'}, {'role': 'assistant', 'content': 'c'}],"
                        + " 'rejected': [{'role': 'user', 'content': 'a b'}, {'role': 'assistant', 'content': 'd'}]}",
                "{'input': {'messages': [{'role': 'user', 'content': 'a b'}], 'tools': [], 'parallel_tool_calls': true},"
                        + " 'preferred_output': [{'role': 'assistant', 'content': 'c'}],"
                        + " 'non_preferred_output': [{'role': 'assistant', 'content': 'd'}]}",
            })
    void allFormsOfARowAreTheSamePreference(String json) throws IOException {
        assertThat(Preference.of(row(json.replace('\'', '"')))).isEqualTo(PREFERENCE);
    }

    @Test
    void aRowIsReadAgainAsThePreference() {
        assertThat(Preference.of(TextRow.of(PREFERENCE.toRow()))).isEqualTo(PREFERENCE);
        Conversation prompt = new Conversation(List.of(QUESTION, GOOD, QUESTION), List.of(Map.of("name", "f")));
        ChatMessage call = ChatMessage.ofToolCalls(null, List.of(ToolCall.of("f", "{\"x\": [1, null]}")));
        Preference preference = new Preference(prompt, List.of(call), List.of(BAD));
        assertThat(Preference.of(TextRow.of(preference.toRow()))).isEqualTo(preference);
        assertThat(Conversation.of(TextRow.of(prompt.toRow()))).isEqualTo(prompt);
    }

    @Test
    void theCommonBeginningIsTheLongestOneAndKeepsTheTools() throws IOException {
        Preference found = Preference.of(row("""
                        {"chosen": [{"role": "user", "content": "a b"}, {"role": "assistant", "content": "c"},
                         {"role": "user", "content": "a"}, {"role": "assistant", "content": "d"}],
                         "rejected": [{"role": "user", "content": "a b"}, {"role": "assistant", "content": "c"},
                         {"role": "user", "content": "a"}, {"role": "assistant", "content": "c"}],
                         "tools": [{"name": "f"}]}""".replace("\n", " ")));
        assertThat(found)
                .isEqualTo(new Preference(
                        new Conversation(
                                List.of(QUESTION, GOOD, ChatMessage.of("user", "a")), List.of(Map.of("name", "f"))),
                        List.of(BAD),
                        List.of(GOOD)));
    }

    @Test
    void theInputOfOpenAiHasTools() throws IOException {
        Preference found = Preference.of(row("""
                        {"input": {"messages": [{"role": "user", "content": "a b"}], "tools": [{"name": "f"}]},
                         "preferred_output": [{"role": "assistant", "content": "c"}],
                         "non_preferred_output": [{"role": "assistant", "content": "d"}]}""".replace("\n", " ")));
        assertThat(found)
                .isEqualTo(new Preference(
                        new Conversation(List.of(QUESTION), List.of(Map.of("name", "f"))),
                        List.of(GOOD),
                        List.of(BAD)));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{'prompt': 'a', 'chosen': 'c'} | must have chosen and rejected, and mostly prompt, or input, preferred_output and non_preferred_output, found [prompt, chosen]",
                "{'chosen': 'c', 'rejected': 'd'} | must have a prompt beside the texts chosen and rejected, found [chosen, rejected]",
                "{'prompt': 'a', 'chosen': 'c', 'rejected': 'c'} | chosen and rejected must differ, found the same answer twice",
                "{'prompt': 'a', 'chosen': 'c', 'rejected': ' '} | rejected must have a character that is neither white space",
                "{'prompt': 'a', 'chosen': [], 'rejected': 'c'} | chosen must have at least one message, found none",
                "{'prompt': 'a', 'chosen': [{'role': 'user', 'content': 'a'}, {'role': 'assistant', 'content': 'b'}], 'rejected': 'c'}"
                        + " | chosen must begin and end with a message of the assistant after the prompt, found user and assistant; leave out prompt",
                "{'chosen': [{'role': 'user', 'content': 'a'}], 'rejected': [{'role': 'user', 'content': 'b'}]}"
                        + " | chosen and rejected must begin with the same messages, the prompt, found different first messages",
                "{'chosen': [{'role': 'user', 'content': 'a'}], 'rejected': [{'role': 'user', 'content': 'a'}, {'role': 'assistant', 'content': 'b'}]}"
                        + " | chosen must have at least one message after the prompt, found none",
                "{'input': 'a', 'preferred_output': [], 'non_preferred_output': []} | must have an object input, preferred_output and",
                "{'input': {}, 'preferred_output': [], 'non_preferred_output': []} | input must have messages, found []",
                "{'input': {'messages': [{'role': 'user', 'content': 'a'}]}, 'preferred_output': []} | must have an object input, preferred_output and",
                "{'input': {'messages': [{'role': 'user', 'content': 'a'}]}, 'preferred_output': [], 'non_preferred_output': [], 'chosen': []}"
                        + " | and neither chosen nor rejected",
                "{'input': {'messages': [{'role': 'user', 'content': 'a'}], 'functions': [{}]}, 'preferred_output': [{'role': 'assistant', 'content': 'b'}],"
                        + " 'non_preferred_output': [{'role': 'assistant', 'content': 'c'}]} | functions must be left out",
                "{'prompt': 'a', 'chosen': [{'role': 'assistant', 'content': 'b', 'weight': 0}], 'rejected': 'c'}"
                        + " | chosen must count as a whole, found a message of the assistant with weight 0",
            })
    void refusesOtherRows(String json, String message) throws IOException {
        TextRow row = row(json.strip().replace('\'', '"'));
        assertThatExceptionOfType(TextFormatException.class)
                .isThrownBy(() -> Preference.of(row))
                .withMessageStartingWith(folder.resolve("pairs.jsonl") + ":1: ")
                .withMessageContaining(message);
    }

    private void writeModel() throws IOException, URISyntaxException {
        GoldenDecoder.write(folder, EncoderFolderTest.TOKENIZER);
    }

    @Test
    void textsAreTakenAsTheyStandWithTheirEnd() throws Exception {
        writeModel();
        try (DecoderFolder decoder = DecoderFolder.open(folder)) {
            DecoderTokens tokens = decoder.tokens();
            PreferenceExample example = tokens.preference("a b", "c", "d e");
            assertThat(example.chosen()).isEqualTo(tokens.completion("a b", "c"));
            assertThat(example.rejected()).isEqualTo(tokens.completion("a b", "d e"));
            assertThat(example.length())
                    .isEqualTo(example.chosen().length() + example.rejected().length());
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> tokens.preference("a b", "c", "c "))
                    .withMessage("chosen and rejected must differ, found the same tokens twice");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> tokens.preference(PREFERENCE))
                    .withMessageContaining("must have a chat template for conversations, found none");
            PreferenceLoss.AnswerLogProbabilities reference =
                    new PreferenceLoss.AnswerLogProbabilities(decoder.network());
            Batch batch = PreferenceExample.batch(List.of(example), reference);
            Sequences both = (Sequences) batch.input();
            int prompt = example.chosen().prompt().length;
            assertThat(both.count()).isEqualTo(2);
            assertThat(both.prompt(0)).isEqualTo(prompt);
            assertThat(both.prompt(1)).isEqualTo(prompt);
            assertThat(Objects.requireNonNull(batch.labels()).toDoubleVector())
                    .containsExactly(
                            reference.compute(PreferenceExample.chosen(List.of(example)))[0],
                            reference.compute(PreferenceExample.rejected(List.of(example)))[0]);
        }
    }

    @Test
    void theAnswerIsAllThatTheTemplateWritesAfterThePrompt() throws Exception {
        writeModel();
        Files.writeString(
                folder.resolve("chat_template.jinja"),
                "{% for m in messages %}{{ 'query:' if m.role == 'user' else 'passage:' }} {{ m.content }} plain: {% endfor %}"
                        + "{% if add_generation_prompt %}passage: {% endif %}");
        Files.writeString(folder.resolve("tokenizer_config.json"), "{}");
        try (DecoderFolder decoder = DecoderFolder.open(folder)) {
            PreferenceExample example = decoder.tokens()
                    .preference(new Preference(
                            Conversation.of(QUESTION),
                            List.of(ChatMessage.of("assistant", "a")),
                            List.of(ChatMessage.of("assistant", "b"), QUESTION, ChatMessage.of("assistant", "a a"))));
            assertThat(example.chosen().prompt())
                    .isEqualTo(decoder.tokenizer()
                            .encodeRendered("query: a b plain: passage: ")
                            .ids());
            assertThat(example.chosen().answer())
                    .isEqualTo(decoder.tokenizer().encodeRendered("a plain: ").ids());
            assertThat(example.rejected().answer())
                    .isEqualTo(decoder.tokenizer()
                            .encodeRendered("b plain: query: a b plain: passage: a a plain: ")
                            .ids());
        }
        Files.writeString(
                folder.resolve("chat_template.jinja"),
                "{{ messages | length }}{% for m in messages %}{{ m.content }}{% endfor %}");
        try (DecoderFolder decoder = DecoderFolder.open(folder)) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> decoder.tokens().preference(PREFERENCE))
                    .withMessageStartingWith(
                            "the chat template must write the prompt in the same way when an answer follows");
        }
    }
}
