package org.lora4j.text.chat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayInputStream;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.text.tokens.Tokenizer;
import org.lora4j.text.tokens.Tokenizers;

/** The templates of chat models; what they write was derived by hand from their text, or by Jinja. */
class ChatTemplateTest {
    private static final ObjectMapper MAPPER = new ObjectMapper();
    private static final Map<String, String> NONE = Map.of();
    private static final ChatMessage SYSTEM = ChatMessage.of("system", "Be brief.");
    private static final ChatMessage HI = ChatMessage.of("user", " Hi 🚀 ");
    private static final ChatMessage HELLO = ChatMessage.of("assistant", "Hello!");
    private static final ChatMessage BYE = ChatMessage.of("user", "Bye");
    private static final ChatMessage SEE_YOU = ChatMessage.of("assistant", "See you.");

    private static ChatTemplate template(String name, Map<String, String> special) {
        return ChatTemplate.of(source(name), special);
    }

    private static String source(String name) {
        try (InputStream in =
                Objects.requireNonNull(ChatTemplateTest.class.getResourceAsStream("/templates/" + name + ".jinja"))) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String render(String source) {
        return ChatTemplate.of(source, NONE).render(Conversation.of(SYSTEM, HI), false);
    }

    /** Conversations with tools, images, thoughts, line feeds, quotes and no text at all; some models refuse some of them. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "llama3-like",
                "llama31-like",
                "mistral",
                "mistral-tools-like",
                "mistral-args-like",
                "smollm2",
                "smollm3-like",
                "qwen-like",
                "qwen3-like",
                "gemma2-like",
                "gemma3-like",
                "phi3-like",
                "phi4-like",
                "phi4-mini-like",
                "deepseek-like",
                "deepseek-text-like",
                "deepseek31-like",
                "qwen3-coder-like",
                "seed-oss-like",
                "glm4-like",
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
    void writesWhatJinjaWrites(String name) throws IOException {
        ChatTemplate template = template(name, Map.of("bos_token", "<s>", "eos_token", "</s>"));
        JsonNode chats = json("conversations.json");
        JsonNode expected = json("expected.json").get(name);
        assertThat(expected).hasSameSizeAs(chats).hasSizeGreaterThan(16);
        for (int i = 0; i < chats.size(); i++) {
            Conversation chat = conversation(chats.get(i));
            Map<String, Object> more = map(chats.get(i).path("more"));
            more.put("date_string", "26 Jul 2024");
            for (boolean prompt : new boolean[] {false, true}) {
                JsonNode text = expected.get(i).get(prompt ? 1 : 0);
                if (text.isNull()) {
                    assertThatIllegalArgumentException().isThrownBy(() -> template.render(chat, prompt, more));
                } else {
                    assertThat(template.render(chat, prompt, more))
                            .as("%s, %d", name, i)
                            .isEqualTo(text.textValue());
                }
            }
        }
    }

    private static JsonNode json(String name) throws IOException {
        try (InputStream in =
                Objects.requireNonNull(ChatTemplateTest.class.getResourceAsStream("/templates/" + name))) {
            return MAPPER.readTree(in);
        }
    }

    private static Conversation conversation(JsonNode chat) {
        List<ChatMessage> messages = new ArrayList<>();
        for (JsonNode message : chat.get("messages")) {
            Map<String, Object> more = map(message);
            more.remove("role");
            if (!message.get("content").isArray()) {
                more.remove("content");
            }
            messages.add(new ChatMessage(
                    message.get("role").textValue(), message.get("content").textValue(), more));
        }
        List<Map<String, Object>> tools = new ArrayList<>();
        chat.path("tools").forEach(tool -> tools.add(map(tool)));
        return new Conversation(messages, tools);
    }

    private static Map<String, Object> map(JsonNode object) {
        return object.isMissingNode()
                ? new LinkedHashMap<>()
                : MAPPER.convertValue(object, new TypeReference<LinkedHashMap<String, Object>>() {});
    }

    @Test
    void llama3() {
        ChatTemplate llama = template("llama3-like", Map.of("bos_token", "<|begin_of_text|>"));
        assertThat(llama.render(Conversation.of(SYSTEM, HI), true))
                .isEqualTo("<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\nBe brief.<|eot_id|>"
                        + "<|start_header_id|>user<|end_header_id|>\n\nHi 🚀<|eot_id|>"
                        + "<|start_header_id|>assistant<|end_header_id|>\n\n");
        assertThat(llama.render(Conversation.of(HI, HELLO), false))
                .isEqualTo("<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\nHi 🚀<|eot_id|>"
                        + "<|start_header_id|>assistant<|end_header_id|>\n\nHello!<|eot_id|>");
    }

    @Test
    void smolLm2() {
        ChatTemplate smol = template("smollm2", NONE);
        assertThat(smol.render(Conversation.of(HI), true))
                .isEqualTo("<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face"
                        + "<|im_end|>\n<|im_start|>user\n Hi 🚀 <|im_end|>\n<|im_start|>assistant\n");
        assertThat(smol.render(Conversation.of(SYSTEM, HI, HELLO), false)).isEqualTo("""
                        <|im_start|>system
                        Be brief.<|im_end|>
                        <|im_start|>user
                         Hi 🚀 <|im_end|>
                        <|im_start|>assistant
                        Hello!<|im_end|>
                        """);
    }

    @Test
    void mistral() {
        ChatTemplate mistral = template("mistral", Map.of("bos_token", "<s>", "eos_token", "</s>"));
        assertThat(mistral.render(Conversation.of(BYE, HELLO, BYE), true))
                .isEqualTo("<s>[INST] Bye [/INST]Hello!</s>[INST] Bye [/INST]");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> mistral.render(Conversation.of(BYE, BYE), true))
                .withMessage("the template refuses the conversation: Conversation roles must alternate"
                        + " user/assistant/user/assistant/...");
    }

    @Test
    void qwenWithTools() {
        ChatTemplate qwen = template("qwen-like", NONE);
        assertThat(qwen.render(Conversation.of(SYSTEM, BYE), true)).isEqualTo("""
                        <|im_start|>system
                        Be brief.<|im_end|>
                        <|im_start|>user
                        Bye<|im_end|>
                        <|im_start|>assistant
                        """);
        Map<String, Object> call = Map.of("function", Map.of("name", "f", "arguments", Map.of("city", "Köln")));
        Conversation chat = new Conversation(
                List.of(
                        BYE,
                        new ChatMessage("assistant", null, Map.of("tool_calls", List.of(call))),
                        ChatMessage.of("tool", "1"),
                        ChatMessage.of("tool", "2"),
                        HELLO),
                List.of(Map.of("type", "function")));
        assertThat(qwen.render(chat, false)).isEqualTo("""
                        <|im_start|>system
                        You are an assistant.

                        <tools>
                        {"type": "function"}
                        </tools>
                        {"name": <function-name>}<|im_end|>
                        <|im_start|>user
                        Bye<|im_end|>
                        <|im_start|>assistant
                        <tool_call>
                        {"name": "f", "arguments": {"city": "Köln"}}
                        </tool_call><|im_end|>
                        <|im_start|>user
                        <tool_response>
                        1
                        </tool_response>
                        <tool_response>
                        2
                        </tool_response><|im_end|>
                        <|im_start|>assistant
                        Hello!<|im_end|>
                        """);
    }

    /** Each line was worked out with the rules of Jinja and Python. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '§',
            quoteCharacter = '`',
            ignoreLeadingAndTrailingWhitespace = true,
            value = {
                "{{ 7 // 2 }} {{ 7 / 2 }} {{ -7 % 3 }} {{ 2 ** 3 }} {{ 1.5 + 1 }} {{ 'a' * 3 }} § 3 3.5 2 8 2.5 aaa",
                "{{ true }} {{ none }} {{ [1, 'a', {'b': 2.5}] }} {{ missing }}. § True None [1, 'a', {'b': 2.5}] .",
                "{{ 1 == 1 and 'x' }} {{ '' or 'y' }} {{ not 0 }} {{ 1 < 2 < 3 }} {{ 'a' in 'cat' }} {{ 3 not in [1] }} § x y True True True True",
                "{% for m in messages if m.role == 'user' %}{{ loop.index }}{{ m.role }}{% endfor %} § 1user",
                "{% for x in [] %}a{% else %}none{% endfor %} § none",
                "{% for x in [1, 2, 3, 4] %}{% if x == 2 %}{% continue %}{% elif x == 4 %}{% break %}{% endif %}{{ x }}{% endfor %} § 13",
                "{% set ns = namespace(n=0) %}{% for x in [1, 2] %}{% set ns.n = ns.n + x %}{% set y = 1 %}{% endfor %}{{ ns.n }}{{ y is defined }} § 3False",
                "{% macro f(x, y='d') %}<{{ x ~ y }}>{% endmacro %}{{ f('a') }}{{ f('a', y='b') }} § <ad><ab>",
                "{{ [3, 1, 2][::-1] }} {{ 'abc'[1:] }} {{ [1, 2, 3][-1] }} {{ 'abc'[:-1] }} § [2, 1, 3] bc 3 ab",
                "{{ ' a '.strip() }}{{ 'xay'.rstrip('y').lstrip('x') }}{{ 'a</t>b'.split('</t>')[-1] }}{{ 'abc'.startswith('ab') }} § aabTrue",
                "{{ {'a': 1}.items() }} {{ {'a': 1}.get('b', 2) }} {% for k, v in {'a': 1} | items %}{{ k }}={{ v }}{% endfor %} § dict_items([('a', 1)]) 2 a=1",
                "{{ [1, 2] | tojson }} {{ {'ä': none, 'b': true} | tojson }} § [1, 2] {\"ä\": null, \"b\": true}",
                "{{ ['a', 'b'] | join(', ') }} {{ 'a-b' | replace('-', '+') }} {{ 'ab' | upper | length }} § a, b a+b 2",
                "{{ messages | map(attribute='role') | join('/') }} {{ messages | selectattr('role', 'equalto', 'user') | list | length }} § system/user 1",
                "{{ [1, 2, 3] | reject('equalto', 2) | list }} {{ x | default('d') }} {{ '' | default('e', true) }} § [1, 3] d e",
                "{{ 'a' is string }} {{ {} is mapping }} {{ none is none }} {{ 3 is divisibleby 3 }} {{ 1 is not odd }} § True True True True False",
                "{{ 'a' if false else 'b' }}{{ 'c' if false }} § b",
                "{% set t %}x{{ 1 }}{% endset %}{{ t | capitalize }} {{ 'a b' | title }} {{ range(1, 7, 2) | list }} § X1 A B [1, 3, 5]",
                "{{ [2, 1] | sort | first }}{{ [2, 1] | last }} {{ {'b': 1, 'a': 2} | dictsort }} {{ '12' | int + 1 }} § 11 [('a', 2), ('b', 1)] 13",
                "{{ \"it's\" }} {{ ['a\"b'] }} {{ [\"it's\"] }} § it's ['a\"b'] [\"it's\"]"
            })
    void computesAsPythonDoes(String source, String expected) {
        assertThat(render(source)).isEqualTo(expected);
    }

    @Test
    void dropsWhiteSpaceAsHuggingFaceSetsIt() {
        assertThat(render("a\n  {% if true %}\n  b\n  {% endif %}\nc\n")).isEqualTo("a\n  b\nc");
        assertThat(render("a  {%- if true -%}  b  {%- endif %}  c")).isEqualTo("ab  c");
        assertThat(render("  {{ 1 }}\n{# note #}\n  {%+ if true +%}\nx{% endif %}"))
                .isEqualTo("  1\n  \nx");
        assertThat(render("{{ '{{ x }}' }}{{ \"\\u00e4\\n\" }}")).isEqualTo("{{ x }}ä\n");
        assertThat(render("{{ {'a': [1, {}]} | tojson(indent=2) }}"))
                .isEqualTo("{\n  \"a\": [\n    1,\n    {}\n  ]\n}");
        assertThat(render("{{ 'a\nb' | indent(2) }}")).isEqualTo("a\n  b");
        assertThat(render("{{ strftime_now('%Y') | length }}")).isEqualTo("4");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{{ ''.class }}",
                "{{ ''['class'] }}",
                "{{ messages[0].content.class }}",
                "{{ ''.__class__ }}",
                "{{ messages[0].__class__ }}"
            })
    void aTemplateSeesNoJavaClass(String source) {
        assertThat(render(source)).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{{ messages.class.name }}",
                "{{ ''.getClass() }}",
                "{{ messages.getClass().forName('java.lang.Runtime') }}",
                "{{ ''.__class__.__mro__ }}",
                "{{ messages.append(1) }}",
                "{{ messages[0].update({'role': 'x'}) }}",
                "{% include 'a' %}",
                "{% import 'os' as os %}",
                "{{ x | attr('class') }}",
                "{{ x is foo }}",
                "{{ 1 / 0 }}",
                "{{ 'a' + 1 }}",
                "{{ missing.name }}",
                "{{ missing() }}",
                "{% for a, b in [[1]] %}{% endfor %}",
                "{{ 1",
                "{% if true %}",
                "{{ 'a }}",
                "{# a",
                "{{ a b }}",
                "{{ }}",
                "{{ ! }}",
                "{% set x.y = 1 %}",
                "{{ f(1 }}",
                "{{ {1 2} }}"
            })
    void refusesWhatIsWrongOrNotAllowed(String source) {
        assertThatIllegalArgumentException().isThrownBy(() -> render(source));
    }

    @Test
    void anErrorNamesTheLine() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> render("a\nb\n{% foo %}"))
                .withMessageStartingWith("line 3: the statements of chat templates are if, for, set");
    }

    private static Tokenizer bytes(String... special) throws IOException {
        byte[] file = Tokenizers.bytes(special).getBytes(StandardCharsets.UTF_8);
        return Tokenizer.read(new ByteArrayInputStream(file));
    }

    private static List<String> learned(ChatTokens tokens, Tokenizer tokenizer) {
        return tokens.assistant().stream()
                .map(range -> tokenizer.decode(Arrays.copyOfRange(tokens.ids(), range.from(), range.to()), false))
                .toList();
    }

    @Test
    void theTurnsOfTheAssistantCount() throws IOException {
        Conversation chat = Conversation.of(SYSTEM, HI, HELLO, BYE, ChatMessage.of("assistant", "Tschüss 🚀."));
        try (Tokenizer tokenizer = bytes("<|im_start|>", "<|im_end|>")) {
            ChatTokens tokens = template("smollm2", NONE).tokens(tokenizer, chat);
            assertThat(learned(tokens, tokenizer)).containsExactly("Hello!<|im_end|>\n", "Tschüss 🚀.<|im_end|>\n");
            assertThat(tokenizer.decode(tokens.ids(), false))
                    .isEqualTo(template("smollm2", NONE).render(chat, false));
            boolean[] learned = tokens.learned();
            int count = 0;
            for (boolean one : learned) {
                count += one ? 1 : 0;
            }
            assertThat(count).isEqualTo("Hello!".length() + "Tschüss 🚀.".getBytes(StandardCharsets.UTF_8).length + 4);
            assertThat(tokens.isCut()).isFalse();
        }
    }

    @Test
    void theTurnsOfOtherTemplates() throws IOException {
        Map<String, String> special = Map.of("bos_token", "<s>", "eos_token", "</s>");
        try (Tokenizer tokenizer = bytes("<s>", "</s>", "<|eot_id|>")) {
            Conversation chat = Conversation.of(BYE, HELLO, BYE, SEE_YOU);
            assertThat(learned(template("mistral", special).tokens(tokenizer, chat), tokenizer))
                    .containsExactly("Hello!</s>", "See you.</s>");
            assertThat(learned(template("llama3-like", special).tokens(tokenizer, chat), tokenizer))
                    .containsExactly("Hello!<|eot_id|>", "See you.<|eot_id|>");
            assertThat(learned(template("qwen-like", special).tokens(tokenizer, chat), tokenizer))
                    .containsExactly("Hello!<|im_end|>\n", "See you.<|im_end|>\n");
        }
    }

    @Test
    void marksOfTheTemplateComeFirst() throws IOException {
        String source =
                "{% for m in messages %}{% if m.role == 'assistant' %}A:{% generation %}{{ m.content }}.{% endgeneration %}"
                        + "{% else %}{{ m.content }}{% endif %}{% if loop.last %}!{% endif %}{% endfor %}";
        try (Tokenizer tokenizer = bytes()) {
            ChatTokens tokens =
                    ChatTemplate.of(source, NONE).tokens(tokenizer, Conversation.of(HI, HELLO, BYE, SEE_YOU));
            assertThat(learned(tokens, tokenizer)).containsExactly("Hello!.", "See you..");
        }
    }

    /** As the extension of transformers has it: what is set between the marks is gone after them, and a loop does not end there. */
    @Test
    void marksAreAPartOfTheirOwn() throws IOException {
        String set =
                "{% set x = 1 %}{% for m in messages %}{% generation %}{% set x = 2 %}{{ x }}{% endgeneration %}{{ x }}{% endfor %}";
        assertThat(render(set)).isEqualTo("2121");
        assertThatIllegalArgumentException()
                .isThrownBy(() ->
                        render("{% for m in messages %}{% generation %}{% break %}{% endgeneration %}{% endfor %}"))
                .withMessageContaining("break and continue in a loop");
        String macro = "{% macro say(m) %}{% generation %}{{ m.content }}{% endgeneration %}{% endmacro %}"
                + "{% for m in messages %}{{ say(m) }}{% endfor %}";
        ChatTemplate template = ChatTemplate.of(macro, NONE);
        assertThat(template.render(Conversation.of(BYE), false)).isEqualTo("Bye");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> template.write(Conversation.of(BYE)))
                .withMessageContaining("{% generation %} in a macro");
    }

    private static ChatMessage weighted(ChatMessage message, Object weight) {
        return new ChatMessage(message.role(), message.content(), Map.of("weight", weight));
    }

    /** OpenAI's form of conversations excludes answers with a weight of 0. */
    @Test
    void anAnswerWithTheWeightZeroIsNotLearned() throws IOException {
        Conversation first = Conversation.of(HI, weighted(HELLO, 0), BYE, weighted(SEE_YOU, 1));
        Conversation second =
                Conversation.of(HI, weighted(HELLO, 1.0), weighted(BYE, 0), weighted(SEE_YOU, BigDecimal.ZERO));
        Conversation none = Conversation.of(HI, weighted(HELLO, 0));
        String marked =
                "{% for m in messages %}{% if m.role == 'assistant' %}{% generation %}{{ m.content }};{% endgeneration %}"
                        + "{% else %}{{ m.content }}{% endif %}{% endfor %}";
        try (Tokenizer tokenizer = bytes("<|im_start|>", "<|im_end|>")) {
            for (ChatTemplate template : List.of(template("smollm2", NONE), ChatTemplate.of(marked, NONE))) {
                String end = template.render(Conversation.of(HI), false).endsWith("\n") ? "<|im_end|>\n" : ";";
                assertThat(learned(template.tokens(tokenizer, first), tokenizer))
                        .containsExactly("See you." + end);
                assertThat(learned(template.tokens(tokenizer, second), tokenizer))
                        .containsExactly("Hello!" + end);
                assertThat(learned(template.tokens(tokenizer, none), tokenizer)).isEmpty();
                assertThat(template.tokens(tokenizer, first).ids())
                        .isEqualTo(template.tokens(tokenizer, Conversation.of(HI, HELLO, BYE, SEE_YOU))
                                .ids());
            }
            List<ChatText> examples = template("qwen3-like", NONE).examples(first);
            assertThat(examples).hasSize(1);
            assertThat(examples.get(0).assistant()).hasSize(1);
        }
        String twice = "{% for m in messages %}{% generation %}{{ m.content }}{% endgeneration %}{% endfor %}";
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ChatTemplate.of(twice, NONE).write(first))
                .withMessageContaining("found 4 marks with {% generation %} for 2 messages");
    }

    @Test
    void aWeightThatCannotBeHonouredIsRefused() throws IOException {
        ChatTemplate template = template("smollm2", NONE);
        for (Object weight : List.of(0.5, true, "0", -1)) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> template.write(Conversation.of(HI, weighted(HELLO, weight))))
                    .withMessage("weight must be 0 or 1, found " + weight);
        }
        assertThatIllegalArgumentException()
                .isThrownBy(() -> template.write(Conversation.of(weighted(HI, 1), HELLO)))
                .withMessage("weight must be 0, because only messages of the assistant are learned, found 1");
        ChatMessage masked = new ChatMessage("assistant", "Hello!", Map.of("train", false));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> template.write(Conversation.of(HI, masked)))
                .withMessageStartingWith("train must be left out");
    }

    /** Qwen3 writes what was thought in the last answer only, so each answer is learned where it is the last. */
    @Test
    void answersThatAreWrittenInAnotherWayLaterAreExamplesOfTheirOwn() throws IOException {
        ChatTemplate template = template("qwen3-like", NONE);
        Conversation two = Conversation.of(HI, HELLO, BYE, ChatMessage.of(ChatMessage.ASSISTANT, "Bye!"));
        List<ChatText> examples = template.examples(two);
        assertThat(examples).hasSize(2);
        for (int i = 0; i < 2; i++) {
            ChatText example = examples.get(i);
            String prompt = template.render(two.first(2 * i + 1), true);
            assertThat(example.text()).isEqualTo(template.render(two.first(2 * i + 2), false));
            assertThat(example.assistant())
                    .containsExactly(
                            new ChatText.Turn(prompt.length(), example.text().length()));
            assertThat(example.text()).startsWith(prompt);
            assertThat(example.text().substring(prompt.length())).startsWith("<think>");
        }
        assertThat(examples.get(1).text()).containsOnlyOnce("<think>");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> template.write(two))
                .withMessageContaining("take each answer as an example of its own");
        // One that is written as before is one example.
        ChatTemplate same = template("smollm2", NONE);
        assertThat(same.examples(two)).containsExactly(same.write(two));
    }

    @Test
    void turnsThatCannotBeToldAreRefused() throws IOException {
        String source = "{% for m in messages %}{{ m.content }}{% if loop.last %}!{% endif %}{% endfor %}";
        try (Tokenizer tokenizer = bytes()) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> ChatTemplate.of(source, NONE).tokens(tokenizer, Conversation.of(HI, HELLO, BYE)))
                    .withMessageContaining("found another beginning for message 1");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> template("smollm2", NONE).tokens(tokenizer, Conversation.of(HELLO)))
                    .withMessageStartingWith("a conversation must begin with another message");
        }
    }

    @Test
    void aFolderHasItsTemplateAndItsTokens(@TempDir Path folder) throws IOException {
        assertThatThrownBy(() -> ChatTemplate.load(folder))
                .isInstanceOf(FileNotFoundException.class)
                .hasMessageContaining("found neither");
        Path config = folder.resolve("tokenizer_config.json");
        Files.writeString(config, """
                {"bos_token": {"content": "<s>", "lstrip": false}, "eos_token": "</s>", "pad_token": null,
                 "chat_template": "{{ bos_token }}{{ messages[0].content }}{{ eos_token }}{{ more }}{{ pad_token }}"}""");
        ChatTemplate template = ChatTemplate.load(folder);
        assertThat(template.render(Conversation.of(BYE), false)).isEqualTo("<s>Bye</s>");
        assertThat(template.render(Conversation.of(BYE), false, Map.of("more", 7)))
                .isEqualTo("<s>Bye</s>7");
        assertThat(template.specialToken("eos_token")).contains("</s>");
        assertThat(template.specialToken("pad_token")).isEmpty();
        Files.writeString(config, """
                {"chat_template": [{"name": "tool_use", "template": "t"}, {"name": "default", "template": "d"}]}""");
        Conversation tools = new Conversation(List.of(BYE), List.of(Map.of("type", "function")));
        assertThat(ChatTemplate.load(folder).render(Conversation.of(BYE), false))
                .isEqualTo("d");
        assertThat(ChatTemplate.load(folder).render(tools, false)).isEqualTo("t");
        Files.writeString(folder.resolve("chat_template.jinja"), "file");
        assertThat(ChatTemplate.load(folder).render(Conversation.of(BYE), false))
                .isEqualTo("file");
        assertThat(ChatTemplate.load(folder).render(tools, false)).isEqualTo("file");
        Files.createDirectory(folder.resolve("additional_chat_templates"));
        Files.writeString(folder.resolve("additional_chat_templates/tool_use.jinja"), "file for tools");
        assertThat(ChatTemplate.load(folder).render(tools, false)).isEqualTo("file for tools");
    }
}
