package org.lora4j.text.tools;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * How a family of models writes calls of tools in its answers.
 *
 * <p>A call is an object with {@code name} and {@code arguments}, or {@code parameters}; {@code id} and {@code type} may be there
 * too. Or the name stands before the arguments, and these are JSON, tags or literals of Python. What is no call in the form of the family
 * stays text, character by character: broken JSON, an object with other fields, a call that is not finished at the end, and what stands in
 * a block of code. Up to 64 characters of white space before a call, and at the end after the last one, belong to the form. A call
 * counts from the end of its arguments on, so a mark that is missing after it changes nothing. It has at most a million characters.
 *
 * <p>What models write slightly wrong is read too, if it begins with a mark: arguments as the text of their JSON, a call without
 * arguments, two braces for one, and several calls where one is expected.
 */
public enum ToolFormat {
    /**
     * Qwen2.5, Qwen3, Hermes 2 and 3, SmolLM3 and Granite 4: {@code <tool_call>}, a line with
     * <code>{"name": …, "arguments": {…}}</code>, {@code </tool_call>}; any number of them, with text between them.
     */
    HERMES(new HermesSyntax()),

    /**
     * Llama 3.1, 3.2, 3.3 and 4: <code>{"name": …, "parameters": {…}}</code> at the beginning of the answer, or after
     * {@code <|python_tag|>}; others follow after {@code ;}.
     */
    LLAMA3(new LlamaSyntax()),

    /** Mistral 7B v0.3 and Nemo: <code>[TOOL_CALLS] [{"name": …, "arguments": {…}, "id": …}]</code>, with or without ids. */
    MISTRAL(new MistralSyntax()),

    /**
     * Mistral Small 3.2 and others since 2025: <code>[TOOL_CALLS]name[ARGS]{…}</code>, or
     * <code>[TOOL_CALLS]name[CALL_ID]id[ARGS]{…}</code>, for each call.
     */
    MISTRAL_ARGS(new MistralArgsSyntax()),

    /**
     * Phi-4-mini: <code>&lt;|tool_call|&gt;[{"name": …, "arguments": {…}}]&lt;|/tool_call|&gt;</code>, or {@code functools} before the
     * list, as its template in vLLM asks for. The last mark may be missing.
     */
    PHI4_MINI(new PhiSyntax()),

    /** DeepSeek-V3 and R1: the name after {@code function<｜tool▁sep｜>}, and the arguments in a block of {@code json}. */
    DEEPSEEK(new DeepSeekSyntax(true)),

    /** DeepSeek-V3.1: the name, {@code <｜tool▁sep｜>} and the arguments in JSON, between marks. */
    DEEPSEEK_V31(new DeepSeekSyntax(false)),

    /** Qwen3-Coder and Qwen3.5: {@code <function=name>} and {@code <parameter=name>} as tags, in {@code <tool_call>}. */
    QWEN3_CODER(new Qwen3CoderSyntax("<tool_call>", "</tool_call>")),

    /** Seed-OSS: the tags of {@link #QWEN3_CODER} in {@code <seed:tool_call>}. */
    SEED_OSS(new Qwen3CoderSyntax("<seed:tool_call>", "</seed:tool_call>")),

    /** GLM-4.5 to 4.7: the name, {@code <arg_key>} and {@code <arg_value>} for each argument, in {@code <tool_call>}. */
    GLM4(new GlmSyntax()),

    /** Kimi-K2: {@code functions.name:0}, a mark and the arguments in JSON, between marks. */
    KIMI_K2(new KimiSyntax()),

    /** gpt-oss: a message of the channel {@code commentary} to {@code functions.name}, with the arguments in JSON. */
    HARMONY(new HarmonySyntax()),

    /** Llama 4 and others: {@code [name(argument="value"), …]} as Python writes it, or between {@code <|python_start|>} and its end. */
    PYTHONIC(new PythonSyntax("<|python_start|>", "<|python_end|>", false)),

    /** LFM2: the list of {@link #PYTHONIC} between {@code <|tool_call_start|>} and {@code <|tool_call_end|>}. */
    LFM2(new PythonSyntax("<|tool_call_start|>", "<|tool_call_end|>", true)),

    /**
     * Gemma 3: a call as Python writes it, or a JSON object, in a block of {@code tool_code}. Its template has no tools, so a message
     * <a href="https://ai.google.dev/gemma/docs/capabilities/function-calling">asks for this form</a>.
     */
    GEMMA3(new Gemma3Syntax()),

    /** Gemma 4: <code>call:name{argument:value}</code> between {@code <|tool_call>} and {@code <tool_call|>}. */
    GEMMA4(new Gemma4Syntax()),

    /** MiniMax-M1: objects as those of {@link #HERMES}, each on a line, in {@code <tool_calls>}. */
    MINIMAX_M1(new MiniMaxM1Syntax()),

    /** MiniMax-M2: {@code <invoke name="…">} and {@code <parameter name="…">} as tags, in {@code <minimax:tool_call>}. */
    MINIMAX_M2(new MiniMaxM2Syntax()),

    /** Granite 3: a list of objects as those of {@link #HERMES} after {@code <|tool_call|>}. */
    GRANITE(new GraniteSyntax()),

    /** Apriel: a list of objects as those of {@link #HERMES} in {@code <tool_calls>}. */
    APRIEL(new AprielSyntax()),

    /** Nemotron Nano v2: a list of objects as those of {@link #HERMES} in {@code <TOOLCALL>}. */
    NEMOTRON(new NemotronSyntax()),

    /** Functionary v3.1: <code>&lt;function=name&gt;{…}&lt;/function&gt;</code>. */
    FUNCTIONARY(new FunctionarySyntax());

    /** Those with the most particular marks first, because the marks of some occur in others. */
    private static final List<ToolFormat> BY_MARKS = List.of(
            DEEPSEEK,
            DEEPSEEK_V31,
            KIMI_K2,
            HARMONY,
            GEMMA4,
            LFM2,
            MINIMAX_M2,
            SEED_OSS,
            QWEN3_CODER,
            GLM4,
            MISTRAL_ARGS,
            MISTRAL,
            GRANITE,
            PHI4_MINI,
            NEMOTRON,
            APRIEL,
            MINIMAX_M1,
            HERMES,
            FUNCTIONARY,
            PYTHONIC,
            LLAMA3,
            GEMMA3);

    @SuppressWarnings("ImmutableEnumChecker") // a syntax does not change
    private final ToolSyntax syntax;

    ToolFormat(ToolSyntax syntax) {
        this.syntax = syntax;
    }

    ToolSyntax syntax() {
        return syntax;
    }

    /**
     * Returns the formats that a chat template may write. {@link org.lora4j.text.chat.ChatTemplate#toolFormat} has the one that reads a
     * call of it.
     *
     * @param template the text of the template
     * @return the formats whose marks occur in it, the most particular one first; may be empty
     */
    public static List<ToolFormat> candidates(String template) {
        Objects.requireNonNull(template, "template must not be null");
        return BY_MARKS.stream().filter(format -> format.syntax.isIn(template)).toList();
    }

    /**
     * Reads a whole answer.
     *
     * @param answer the answer, with the marks of this format in it: see {@link #marks}
     * @return its text and its calls
     */
    public ToolAnswer read(String answer) {
        return read(answer, List.of());
    }

    /**
     * Reads a whole answer.
     *
     * @param answer the answer, with the marks of this format in it: see {@link #marks}
     * @param tools the functions, whose schemas say which arguments are texts. Formats without quotation marks need them: there, 5 is a
     *     number, if nothing is known of the argument
     * @return its text and its calls
     */
    public ToolAnswer read(String answer, List<Tool> tools) {
        Objects.requireNonNull(answer, "answer must not be null");
        ToolReader reader = reader(tools);
        List<AnswerPart> parts = new ArrayList<>(reader.add(answer));
        parts.addAll(reader.end());
        return ToolAnswer.of(parts);
    }

    /**
     * Returns a reader for an answer that comes part by part.
     *
     * @return a reader for one answer
     */
    public ToolReader reader() {
        return reader(List.of());
    }

    /**
     * Returns a reader for an answer that comes part by part.
     *
     * @param tools the functions, as in {@link #read(String, List)}
     * @return a reader for one answer
     */
    public ToolReader reader(List<Tool> tools) {
        Objects.requireNonNull(tools, "tools must not be null");
        return new ToolReader(syntax, tools.isEmpty() ? ArgumentTypes.NONE : new ArgumentTypes(tools));
    }

    /**
     * Returns the texts of this format that are special tokens in some models, and must stay in the text of an answer.
     *
     * @return the texts, for {@link org.lora4j.text.tokens.Tokenizer#stream(List)}
     */
    public List<String> marks() {
        return syntax.marks().texts();
    }

    /**
     * Returns the mark that calls begin with, and nothing else. It is a token of its own in most models of the family.
     *
     * @return one of {@link #marks}; nothing for formats such as {@link #LLAMA3}, whose calls begin with their JSON
     */
    public Optional<String> firstMark() {
        return syntax.firstMark();
    }

    /**
     * Writes calls as a model of this family does. Ids are written if the format has them.
     *
     * @param calls the calls, at least one
     * @return the text
     * @throws IllegalArgumentException if there is no call, or this format cannot write a name or an argument
     */
    public String write(List<ToolCall> calls) {
        Objects.requireNonNull(calls, "calls must not be null");
        if (calls.isEmpty()) {
            throw new IllegalArgumentException("calls must have at least one call, found none");
        }
        return calls.stream()
                .map(syntax::write)
                .collect(Collectors.joining(syntax.separator(), syntax.open(), syntax.close()));
    }
}
