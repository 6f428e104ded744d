package org.lora4j.text.chat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.text.DecoderFolder;
import org.lora4j.text.EncoderFolderTest;
import org.lora4j.text.GoldenDecoder;
import org.lora4j.text.data.TextFiles;
import org.lora4j.text.data.TextFormatException;
import org.lora4j.text.data.TextRow;
import org.lora4j.text.data.TokenExample;

/** What a decoder reads from a row to learn, with a chat template and without one. */
class LearnedTextTest {
    private static final String TEMPLATE = "{% for message in messages %}{{ message['content'] + ' ' }}{% endfor %}";

    @TempDir
    private Path folder;

    @BeforeEach
    void write() throws IOException, URISyntaxException {
        GoldenDecoder.write(folder, EncoderFolderTest.TOKENIZER);
    }

    private DecoderFolder withTemplate() throws IOException {
        Files.writeString(folder.resolve("tokenizer_config.json"), "{\"chat_template\": \"" + TEMPLATE + "\"}");
        return DecoderFolder.open(folder);
    }

    private TextRow row(String json) throws IOException {
        Path file = Files.writeString(folder.resolve("rows.jsonl"), json.replace('\'', '"') + "\n");
        return TextFiles.jsonl(file).iterator().next();
    }

    @Test
    void withoutATemplateTheCompletionIsLearned() throws IOException {
        try (DecoderFolder decoder = DecoderFolder.open(folder)) {
            DecoderTokens tokens = decoder.tokens();
            TextRow row = row("{'prompt': 'a b', 'completion': 'c'}");
            List<LearnedText> texts = tokens.learned(row);
            assertThat(texts).hasSize(1);
            TokenExample example = texts.get(0).tokens(tokens);
            assertThat(example.ids()).isEqualTo(tokens.completion("a b", "c").ids());
            assertThat(texts.get(0).prompt()).isEqualTo("a b");
            assertThat(tokens.content(row)).isEqualTo(tokens.content(row("{'completion': 'c', 'prompt': 'a b'}")));
            assertThat(tokens.content(row)).isNotEqualTo(tokens.content(row("{'prompt': 'a', 'completion': 'b c'}")));
            assertThatExceptionOfType(TextFormatException.class)
                    .isThrownBy(() -> tokens.learned(row("{'messages': [{'role': 'user', 'content': 'a'}]}")))
                    .withMessageContaining("rows.jsonl:1: must have the texts prompt, completion, because the model")
                    .withMessageContaining("has no chat template, found [messages]");
        }
    }

    @Test
    void aTextIsLearnableIfTheCutLeavesSomeOfItsAnswer() throws IOException {
        try (DecoderFolder decoder = DecoderFolder.open(folder)) {
            DecoderTokens tokens = decoder.tokens();
            LearnedText text = tokens.learned(row("{'prompt': 'a b', 'completion': 'c d'}"))
                    .get(0);
            int prompt = text.tokens(tokens).prompt().length;
            assertThat(text.isLearnable(tokens, prompt)).isFalse();
            assertThat(text.isLearnable(tokens, prompt + 1)).isTrue();
            assertThat(text.isLearnable(tokens, 1000)).isTrue();
            assertThat(text.tokens(tokens, prompt + 1).learnedTokens()).isEqualTo(1);
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> text.tokens(tokens, prompt))
                    .withMessage("the text must have an answer within %s tokens, found none; set more tokens", prompt);
        }
    }

    @Test
    void withATemplateTheAnswersOfAConversationAreLearned() throws IOException {
        try (DecoderFolder decoder = withTemplate()) {
            DecoderTokens tokens = decoder.tokens();
            TextRow row =
                    row("{'messages': [{'role': 'user', 'content': 'a b'}, {'role': 'assistant', 'content': 'c'}]}");
            LearnedText text = tokens.learned(row).get(0);
            assertThat(text.hasAnswer()).isTrue();
            assertThat(text.prompt()).isEqualTo("a b ");
            assertThat(text.tokens(tokens).ids())
                    .isEqualTo(tokens.conversation(Conversation.of(row)).ids());
            assertThat(text.isLearnable(tokens, 1000)).isTrue();
            assertThat(tokens.content(row)).isEqualTo(Conversation.of(row).toString());
            LearnedText question = tokens.learned(row("{'messages': [{'role': 'user', 'content': 'a b'}]}"))
                    .get(0);
            assertThat(question.hasAnswer()).isFalse();
            assertThat(question.isLearnable(tokens, 1000)).isFalse();
        }
    }

    @Test
    void preferencesAreReadInTheFormThatTheModelTakes() throws IOException {
        String json = "{'prompt': 'a b', 'chosen': 'a', 'rejected': 'b'}";
        try (DecoderFolder decoder = DecoderFolder.open(folder)) {
            DecoderTokens tokens = decoder.tokens();
            assertThat(tokens.preference(row(json))).isEqualTo(tokens.preference("a b", "a", "b"));
            assertThat(tokens.preferenceContent(row(json))).isEqualTo("a b\na\nb");
            assertThatExceptionOfType(TextFormatException.class)
                    .isThrownBy(() -> tokens.preference(row("{'prompt': 'a b', 'chosen': 'a', 'rejected': 'a'}")))
                    .withMessageContaining("rows.jsonl:1: ")
                    .withMessageContaining("chosen and rejected must differ");
        }
        try (DecoderFolder decoder = withTemplate()) {
            DecoderTokens tokens = decoder.tokens();
            assertThat(tokens.preference(row(json))).isEqualTo(tokens.preference(Preference.of(row(json))));
            assertThat(tokens.preferenceContent(row(json)))
                    .isEqualTo(Preference.of(row(json)).toString());
        }
    }
}
