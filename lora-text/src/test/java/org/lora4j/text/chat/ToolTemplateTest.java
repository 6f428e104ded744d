package org.lora4j.text.chat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.text.tokens.TokenStream;
import org.lora4j.text.tokens.Tokenizer;
import org.lora4j.text.tokens.Tokenizers;
import org.lora4j.text.tools.AnswerForm;
import org.lora4j.text.tools.AnswerPart;
import org.lora4j.text.tools.ThoughtFormat;
import org.lora4j.text.tools.Tool;
import org.lora4j.text.tools.ToolAnswer;
import org.lora4j.text.tools.ToolCall;
import org.lora4j.text.tools.ToolFormat;
import org.lora4j.text.tools.ToolReader;

/** Calls of tools that a family's template writes are read back from the tokens of the model. */
class ToolTemplateTest {
    private static final Map<String, String> SPECIAL = Map.of("bos_token", "<s>", "eos_token", "</s>");
    private static final Tool WEATHER = Tool.of(
            "weather",
            "The weather of a city.",
            "{\"type\": \"object\", \"properties\": {\"city\": {\"type\": \"string\"}}, \"required\": [\"city\"]}");
    private static final ChatMessage QUESTION = ChatMessage.of("user", "Is it warm in Köln?");
    private static final ChatMessage ANSWER = ChatMessage.of("assistant", "It is warm.");
    private static final ToolCall KOELN =
            call("abcdefghi", "{\"city\": \"Köln \\\"🚀\\\" }{\", \"n\": [1, 2.5, null]}");
    private static final ToolCall BONN = call("abcdefghj", "{\"city\": \"Bonn\"}");

    private static ToolCall call(String id, String arguments) {
        return ToolCall.of("weather", arguments).withId(id);
    }

    private static ChatTemplate template(String name) throws IOException {
        try (var in =
                Objects.requireNonNull(ToolTemplateTest.class.getResourceAsStream("/templates/" + name + ".jinja"))) {
            return ChatTemplate.of(new String(in.readAllBytes(), StandardCharsets.UTF_8), SPECIAL);
        }
    }

    private static Conversation chat(ChatMessage... messages) {
        return Conversation.of(messages).withTools(List.of(WEATHER));
    }

    /** The marks of the format, and the ends of turns, are special tokens, as in the tokenizers of the models. */
    private static Tokenizer tokenizer(ToolFormat format) throws IOException {
        String[] special = Stream.concat(
                        format.marks().stream(),
                        Stream.of(
                                "</s>",
                                "<|im_end|>",
                                "<|eot_id|>",
                                "<|eot|>",
                                "<|end|>",
                                "<｜end▁of▁sentence｜>",
                                "<end_of_sentence>",
                                "<|end_of_text|>",
                                "<turn|>",
                                "[e~["))
                .toArray(String[]::new);
        return Tokenizer.read(new ByteArrayInputStream(Tokenizers.bytes(special).getBytes(StandardCharsets.UTF_8)));
    }

    /** The answer of a model that writes what the template writes, token by token. */
    private static ToolAnswer answer(ChatTemplate template, ChatMessage message) throws IOException {
        ToolFormat format = template.toolFormat().orElseThrow();
        String before = template.render(chat(QUESTION), true);
        String with = template.render(chat(QUESTION, message), false);
        // DeepSeek's template begins the thoughts.
        String prompt = with.startsWith(before) ? before : before.replace("<think>\n", "");
        assertThat(with).startsWith(prompt);
        try (Tokenizer tokenizer = tokenizer(format)) {
            TokenStream stream = tokenizer.stream(format.marks());
            ToolReader reader = format.reader();
            List<AnswerPart> parts = new ArrayList<>();
            for (int id :
                    tokenizer.encodeRendered(with.substring(prompt.length())).ids()) {
                parts.addAll(reader.add(stream.add(id)));
            }
            parts.addAll(reader.add(stream.end()));
            parts.addAll(reader.end());
            return ToolAnswer.of(parts);
        }
    }

    /** A model without ids in its calls gets them from the program, if it wants them. */
    private static List<ToolCall> calls(List<ToolCall> calls, boolean hasIds) {
        return hasIds
                ? calls
                : calls.stream()
                        .map(call -> ToolCall.of(call.name(), call.arguments()))
                        .toList();
    }

    @ParameterizedTest
    @CsvSource({
        "qwen-like, HERMES, true, false",
        "qwen3-like, HERMES, true, false",
        "llama31-like, LLAMA3, false, false",
        "mistral-tools-like, MISTRAL, true, true",
        "mistral-args-like, MISTRAL_ARGS, true, true",
        "phi4-mini-like, PHI4_MINI, true, false",
        "deepseek-like, DEEPSEEK, true, false",
        "deepseek-text-like, DEEPSEEK, true, false",
        "deepseek31-like, DEEPSEEK_V31, true, false",
        "qwen3-coder-like, QWEN3_CODER, true, false",
        "seed-oss-like, SEED_OSS, true, false",
        "glm4-like, GLM4, true, false",
        "kimi-k2-like, KIMI_K2, true, false",
        "gpt-oss-like, HARMONY, true, false",
        "llama4-pythonic-like, PYTHONIC, true, false",
        "lfm2-like, LFM2, true, false",
        "gemma4-like, GEMMA4, true, false",
        "minimax-m1-like, MINIMAX_M1, true, false",
        "minimax-m2-like, MINIMAX_M2, true, false",
        "granite-like, GRANITE, true, false",
        "apriel-like, APRIEL, true, false",
        "functionary-like, FUNCTIONARY, true, false"
    })
    void readsTheCallsThatTheTemplateWrites(String name, ToolFormat format, boolean isParallel, boolean hasIds)
            throws IOException {
        ChatTemplate template = template(name);
        assertThat(template.toolFormat()).contains(format);
        for (List<ToolCall> calls :
                isParallel ? List.of(List.of(KOELN), List.of(KOELN, BONN)) : List.of(List.of(KOELN))) {
            ToolAnswer answer = answer(template, ChatMessage.ofToolCalls(null, calls));
            assertThat(calls(answer.calls(), hasIds)).isEqualTo(calls(calls, hasIds));
            assertThat(answer.text().replaceFirst("(<think>)?\\s*</think>", "")).isBlank();
        }
        ToolAnswer text = answer(template, ANSWER);
        assertThat(text.calls()).isEmpty();
        assertThat(text.text()).contains("It is warm.");
    }

    /** The whole exchange: the tools, the call, what it returned, and the answer. */
    @Test
    void anExchangeIsWrittenAsTheTemplateOfQwenHasIt() throws IOException {
        ToolCall call = ToolCall.of("weather", Map.of("city", "Köln"));
        Conversation chat = chat(
                QUESTION,
                ChatMessage.ofToolCalls("I look.", List.of(call)),
                ChatMessage.ofToolResult(call, "{\"celsius\": 22}"),
                ANSWER);
        assertThat(template("qwen-like").render(chat, false)).isEqualTo("""
                <|im_start|>system
                You are an assistant.

                <tools>
                {"type": "function", "function": {"name": "weather", "description": "The weather of a city.", \
                "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}}}
                </tools>
                {"name": <function-name>}<|im_end|>
                <|im_start|>user
                Is it warm in Köln?<|im_end|>
                <|im_start|>assistant
                I look.
                <tool_call>
                {"name": "weather", "arguments": {"city": "Köln"}}
                </tool_call><|im_end|>
                <|im_start|>user
                <tool_response>
                {"celsius": 22}
                </tool_response><|im_end|>
                <|im_start|>assistant
                It is warm.<|im_end|>
                """);
    }

    /** Both are what the model writes. */
    @Test
    void theCallAndTheAnswerAreLearned() throws IOException {
        Conversation chat = chat(
                QUESTION, ChatMessage.ofToolCalls(null, List.of(BONN)), ChatMessage.ofToolResult(BONN, "22"), ANSWER);
        ChatText text = template("qwen-like").write(chat);
        assertThat(text.assistant().stream().map(turn -> text.text().substring(turn.from(), turn.to())))
                .containsExactly(
                        "<tool_call>\n{\"name\": \"weather\", \"arguments\": {\"city\": \"Bonn\"}}\n</tool_call><|im_end|>\n",
                        "It is warm.<|im_end|>\n");
        // Qwen3 writes empty thoughts in the last message alone.
        assertThatIllegalArgumentException()
                .isThrownBy(() -> template("qwen3-like").write(chat))
                .withMessageContaining("found another beginning for message 1");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "deepseek31-like",
                "qwen3-coder-like",
                "seed-oss-like",
                "glm4-like",
                "kimi-k2-like",
                "gpt-oss-like",
                "llama4-pythonic-like",
                "lfm2-like",
                "gemma4-like",
                "minimax-m1-like",
                "minimax-m2-like",
                "granite-like",
                "apriel-like",
                "functionary-like"
            })
    void callsAndAnswersOfAllFormatsAreLearned(String name) throws IOException {
        ChatTemplate template = template(name);
        ToolFormat format = template.toolFormat().orElseThrow();
        Conversation chat = chat(
                QUESTION,
                ChatMessage.ofToolCalls(null, List.of(BONN)),
                ChatMessage.ofToolError(BONN, "no such \"city\""),
                ANSWER);
        List<String> turns = template.examples(chat).stream()
                .flatMap(text ->
                        text.assistant().stream().map(turn -> text.text().substring(turn.from(), turn.to())))
                .toList();
        assertThat(turns).hasSize(2);
        assertThat(format.read(turns.get(0), List.of(WEATHER)).calls())
                .singleElement()
                .matches(BONN::isSameAs);
        assertThat(turns.get(1)).contains("It is warm.").doesNotContain("city");
        assertThat(template.render(chat, false)).contains("no such");
    }

    /** As the templates of the larger Gemma 4 and of QwQ: what a prompt begins, they do not write for an answer. */
    @ParameterizedTest
    @CsvSource({"'<think>\n\n</think>\n\n','<think>\n\n</think>\n\n'", "'<think>\n','<think>\n\n</think>\n\n'"})
    void anAnswerIsLearnedAfterThePromptThatTheModelSees(String prompt, String expected) {
        ChatTemplate template = ChatTemplate.of(
                "{% for m in messages %}[{{ m.role }}]{{ m.content.split('</think>')[-1] }}{% endfor %}"
                        + "{% if add_generation_prompt %}[assistant]" + prompt + "{% endif %}",
                Map.of());
        for (String answer : List.of("It is warm.", "<b>warm</b>")) {
            List<ChatText> texts = template.examples(Conversation.of(QUESTION, ChatMessage.of("assistant", answer)));
            assertThat(texts).singleElement().satisfies(text -> {
                String end = expected + answer;
                assertThat(text.text()).endsWith("[assistant]" + end);
                ChatText.Turn turn = text.assistant().get(0);
                assertThat("[assistant]" + prompt + text.text().substring(turn.from(), turn.to()))
                        .isEqualTo("[assistant]" + end);
            });
        }
    }

    /** The template of Kimi-K2 writes ids for names. */
    @Test
    void idsHaveTheNamesOfTheFunctionsWhereTheTemplateWritesThem() throws IOException {
        String text = template("kimi-k2-like")
                .render(
                        chat(
                                QUESTION,
                                ChatMessage.ofToolCalls(null, List.of(KOELN, BONN)),
                                ChatMessage.ofToolResult(BONN, "20"),
                                ChatMessage.ofToolResult(KOELN, "22"),
                                ANSWER),
                        false);
        assertThat(text)
                .contains("<|tool_call_begin|>functions.weather:0<|tool_call_argument_begin|>{\"city\": \"Köln")
                .contains("<|tool_call_begin|>functions.weather:1<|tool_call_argument_begin|>{\"city\": \"Bonn")
                .contains("## Return of functions.weather:1\n20", "## Return of functions.weather:0\n22");
    }

    @ParameterizedTest
    @CsvSource(
            nullValues = "-",
            value = {
                "qwen3-like, THINK, false",
                "glm4-like, THINK, false",
                "minimax-m2-like, THINK, true",
                "gpt-oss-like, HARMONY, false",
                "gemma4-like, GEMMA4, false",
                "qwen-like, -, false"
            })
    void aTemplateHasThoughts(String name, @Nullable ThoughtFormat thoughts, boolean isOpen) throws IOException {
        AnswerForm form = template(name).answerForm();
        assertThat(form.thoughts()).isEqualTo(thoughts);
        assertThat(form.beginsWithThoughts()).isEqualTo(isOpen);
    }

    /** What the template writes as thoughts is read as such. */
    @ParameterizedTest
    @ValueSource(strings = {"qwen3-like", "glm4-like", "minimax-m2-like", "gpt-oss-like", "gemma4-like"})
    void readsTheThoughtsThatTheTemplateWrites(String name) throws IOException {
        ChatTemplate template = template(name);
        ChatMessage message = ChatMessage.ofToolCalls(null, List.of(BONN)).withThoughts("Which city?");
        String before = template.render(chat(QUESTION), true);
        String with = template.render(chat(QUESTION, message), false);
        assertThat(with).startsWith(before);
        ToolAnswer answer = template.answerForm()
                .withCalls(template.toolFormat().orElseThrow(), List.of(WEATHER))
                .read(with.substring(before.length()));
        assertThat(answer.thoughts()).isEqualTo("Which city?");
        assertThat(answer.calls()).singleElement().matches(BONN::isSameAs);
    }

    @Test
    void aTemplateThatLeavesOutToolsOrCallsIsRefused() throws IOException {
        ChatTemplate without = template("smollm2");
        assertThat(without.toolFormat()).isEmpty();
        String rule =
                "the template must write the tools and their calls, found a text without the function weather; use a"
                        + " model whose template knows tools";
        assertThatIllegalArgumentException()
                .isThrownBy(() -> without.write(chat(QUESTION, ANSWER)))
                .withMessage(rule);
        ChatMessage call = ChatMessage.ofToolCalls("I look.", List.of(BONN));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> without.write(Conversation.of(QUESTION, call)))
                .withMessage(rule);
    }

    /** Some templates read a content that is null, others one that is empty; some leave out the calls beside the other one. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                // As QwQ and Bielik: null is refused.
                "{{ message.content.split('</think>')[-1] }}{% for call in message.tool_calls %}[{{ call.function.name }}]{% endfor %}",
                // As Devstral, whose template wants a text.
                "{% if message.content is not string %}{{ raise_exception('no text') }}{% endif %}"
                        + "{% for call in message.tool_calls %}[{{ call.function.name }}]{% endfor %}",
                // As DeepSeek: an empty content is an answer without calls.
                "{% if message.content is none %}{% for call in message.tool_calls %}[{{ call.function.name }}]{% endfor %}"
                        + "{% else %}{{ message.content }}{% endif %}",
                // As Qwen3-0.6B, which refuses null, and reads arguments as texts here.
                "{{ message.content.lstrip() }}{% for call in message.tool_calls %}[{{ call.function.name }}]"
                        + "{{ '' + call.function.arguments }}{% endfor %}"
            })
    void aMessageThatHasOnlyCallsIsGivenInTheFormThatTheTemplateReads(String assistant) {
        String source =
                "{{ tools }}{% for message in messages %}{% if message.role == 'user' %}{{ message.content }}{% else %}"
                        + assistant + "{% endif %}{% endfor %}";
        ChatTemplate template = ChatTemplate.of(source, Map.of());
        for (@Nullable String content : Arrays.asList(null, "")) {
            Map<String, Object> calls =
                    ChatMessage.ofToolCalls(null, List.of(BONN)).more();
            Conversation chat = chat(QUESTION, new ChatMessage("assistant", content, calls));
            assertThat(template.render(chat, false)).as("content %s", content).contains("[weather]");
            assertThat(template.write(chat).text()).contains("[weather]");
        }
    }

    /** The name of a call is that of a tool, so it stands in the text of a template that leaves out all calls. */
    @Test
    void aCallThatIsLeftOutIsSeenBesideItsTool() {
        ChatTemplate tools = ChatTemplate.of(
                "{{ tools | tojson }}{% for m in messages %}{{ m.content or '' }}{% endfor %}", Map.of());
        Conversation calling = chat(QUESTION, ChatMessage.ofToolCalls("I look.", List.of(BONN)));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> tools.write(calling))
                .withMessageContaining("found a text without the function weather");
        // The same of a tool whose name is a word of the user.
        ChatTemplate none = ChatTemplate.of("{% for m in messages %}{{ m.content }}{% endfor %}", Map.of());
        Conversation asking = chat(ChatMessage.of("user", "How is the weather?"), ANSWER);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> none.write(asking))
                .withMessageContaining("found a text without the function weather");
    }

    @Test
    void argumentsAreGivenInTheFormThatTheTemplateReads() {
        ChatMessage call = ChatMessage.ofToolCalls(null, List.of(BONN));
        ChatMessage text = new ChatMessage(
                "assistant",
                null,
                Map.of(
                        "tool_calls",
                        List.of(Map.of("function", Map.of("name", "weather", "arguments", BONN.arguments())))));
        String concatenates = "{% for m in messages %}{{ '=' + m.tool_calls[0].function.arguments }}{% endfor %}";
        String dumps = "{% for m in messages %}{{ '=' + m.tool_calls[0].function.arguments | tojson }}{% endfor %}";
        for (ChatMessage message : List.of(call, text)) {
            for (String source : List.of(concatenates, dumps)) {
                assertThat(ChatTemplate.of(source, Map.of()).render(Conversation.of(message), false))
                        .isEqualTo("={\"city\": \"Bonn\"}");
            }
        }
        assertThatIllegalArgumentException()
                .isThrownBy(() ->
                        ChatTemplate.of("{{ raise_exception('no') }}", Map.of()).render(Conversation.of(call), false))
                .withMessageContaining("no");
        ChatMessage broken = new ChatMessage(
                "assistant",
                null,
                Map.of("tool_calls", List.of(Map.of("function", Map.of("name", "f", "arguments", "{")))));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ChatTemplate.of(dumps, Map.of()).render(Conversation.of(broken), false))
                .withMessageStartingWith("tool_calls[0]: the arguments of the call of f must be a JSON object, found");
    }

    @Test
    void messagesHaveTheirCalls() {
        ChatMessage message = ChatMessage.ofToolCalls("I look.", List.of(BONN, ToolCall.of("weather", "{}")));
        assertThat(message.toolCalls())
                .containsExactly(call("abcdefghj", "{\"city\":\"Bonn\"}"), ToolCall.of("weather", "{}"));
        assertThat(QUESTION.toolCalls()).isEmpty();
        assertThat(ChatMessage.ofToolResult(BONN, "22"))
                .isEqualTo(new ChatMessage("tool", "22", Map.of("name", "weather", "tool_call_id", "abcdefghj")));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ChatMessage.ofToolCalls("a", List.of()))
                .withMessage(
                        "calls must have at least one call, found none; use ChatMessage.of for a message without calls");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new ChatMessage("assistant", null, Map.of("tool_calls", List.of(Map.of("id", "7"))))
                        .toolCalls())
                .withMessageStartingWith(
                        "tool_calls[0]: a call of a tool must have a function with a text name, found");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new ChatMessage("assistant", null, Map.of("tool_calls", "f()")).toolCalls())
                .withMessage("tool_calls must be a list, found f()");
    }

    /** Their texts name the marks of a format, and their calls have another form. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "Do not write <tool_call>.{% for m in messages %}{{ m.content }}{% for c in m.tool_calls or [] %}<call>{\"name\": \"{{ c.function.name }}\", \"arguments\": {{ c.function.arguments | tojson }}}</call>{% endfor %}{% endfor %}",
                "{% for m in messages %}{{ m.content }}{% for c in m.tool_calls or [] %}[TOOL_CALLS]{{ c.function.name }}({{ c.function.arguments | tojson }}){% endfor %}{% endfor %}",
                "<|start_header_id|>{{ '\"parameters\": ' }}{% for m in messages %}{{ m.content }}{% for c in m.tool_calls or [] %}[{{ c.function.name }}({% for k in c.function.arguments %}{{ k }}={{ '%s' | format(c.function.arguments[k]) }}{% endfor %})]{% endfor %}{% endfor %}"
            })
    void aTemplateWhoseCallsTheFormatDoesNotReadHasNone(String source) {
        assertThat(ChatTemplate.of(source, SPECIAL).toolFormat()).isEmpty();
    }

    @Test
    void theTemplateForToolsHasTheFormat(@TempDir Path folder) throws IOException {
        Files.writeString(folder.resolve("tokenizer_config.json"), """
                {"chat_template": [{"name": "tool_use", "template": "{{ tools }}<tool_call>"},
                 {"name": "default", "template": "[TOOL_CALLS]"}]}""");
        assertThat(ChatTemplate.load(folder).toolFormat()).contains(ToolFormat.HERMES);
        Files.writeString(folder.resolve("chat_template.jinja"), "{{ messages }}");
        assertThat(ChatTemplate.load(folder).toolFormat()).isEmpty();
    }

    @Test
    void aConversationKnowsItsTools() {
        Conversation chat = chat(QUESTION);
        assertThat(chat.hasTool("weather")).isTrue();
        assertThat(chat.hasTool("time")).isFalse();
        assertThat(new Conversation(List.of(QUESTION), List.of(Map.of("name", "bare"))).hasTool("bare"))
                .isTrue();
    }

    @Test
    void aSpecialTokenStaysInTheTextIfItIsAskedFor() throws IOException {
        try (Tokenizer tokenizer = tokenizer(ToolFormat.MISTRAL)) {
            int[] ids = tokenizer.encodeRendered("é[TOOL_CALLS] [{}]é</s>").ids();
            for (boolean keeps : new boolean[] {true, false}) {
                TokenStream stream = keeps ? tokenizer.stream(List.of("[TOOL_CALLS]", "nothing")) : tokenizer.stream();
                StringBuilder text = new StringBuilder();
                for (int id : ids) {
                    text.append(stream.add(id));
                }
                assertThat(text.append(stream.end())).hasToString(keeps ? "é[TOOL_CALLS] [{}]é" : "é [{}]é");
            }
        }
    }
}
