package org.lora4j.text.tools;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.lora4j.internal.MessageText;

/**
 * How a family of models writes calls of tools in its answers.
 *
 * <p>A call is an object with {@code name} and {@code arguments}, or {@code parameters}; {@code id} and {@code type} may be there
 * too. What is no call in the form of the family stays text, character by character: broken JSON, an object with other fields, and a
 * call whose JSON is not finished at the end. Up to 64 characters of white space before a call, and at the end after the last one, belong to the form.
 * A call counts from the end of its JSON on, so a mark that is missing after it changes nothing. It has at most a million
 * characters.
 */
public enum ToolFormat {
    /**
     * Qwen2.5, Qwen3, Hermes 2 and 3, and SmolLM3: {@code <tool_call>}, a line with
     * <code>{"name": …, "arguments": {…}}</code>, {@code </tool_call>}; any number of them, with text between them.
     */
    HERMES,

    /**
     * Llama 3.1, 3.2 and 3.3: <code>{"name": …, "parameters": {…}}</code> at the beginning of the answer, or after
     * {@code <|python_tag|>}; others follow after {@code ;}. Also for Gemma 3, which has no marks of its own: its
     * <a href="https://ai.google.dev/gemma/docs/capabilities/function-calling">guide</a> asks for this form in the message.
     */
    LLAMA3,

    /** Mistral 7B v0.3 and Nemo: <code>[TOOL_CALLS] [{"name": …, "arguments": {…}, "id": …}]</code>, with or without ids. */
    MISTRAL,

    /**
     * Mistral Small 3.2 and others since 2025: <code>[TOOL_CALLS]name[ARGS]{…}</code>, or
     * <code>[TOOL_CALLS]name[CALL_ID]id[ARGS]{…}</code>, for each call.
     */
    MISTRAL_ARGS,

    /**
     * Phi-4-mini: <code>&lt;|tool_call|&gt;[{"name": …, "arguments": {…}}]&lt;|/tool_call|&gt;</code>, or {@code functools} before the
     * list, as its template in vLLM asks for. The last mark may be missing.
     */
    PHI4_MINI,

    /** DeepSeek-V3 and R1: the name after {@code function<｜tool▁sep｜>}, and the arguments in a block of {@code json}. */
    DEEPSEEK;

    ToolSyntax syntax() {
        return switch (this) {
            case HERMES -> ToolSyntax.HERMES;
            case LLAMA3 -> ToolSyntax.LLAMA3;
            case MISTRAL -> ToolSyntax.MISTRAL;
            case MISTRAL_ARGS -> ToolSyntax.MISTRAL_ARGS;
            case PHI4_MINI -> ToolSyntax.PHI4_MINI;
            case DEEPSEEK -> ToolSyntax.DEEPSEEK;
        };
    }

    /**
     * Returns the format that a chat template writes.
     *
     * @param template the text of the template
     * @return the format whose marks occur in it; nothing if there are none, or they are those of a form that is not known
     */
    public static Optional<ToolFormat> find(String template) {
        Objects.requireNonNull(template, "template must not be null");
        if (template.contains("<｜tool▁call▁begin｜>")) {
            return Optional.of(DEEPSEEK).filter(format -> template.contains("```json"));
        }
        if (template.contains("[TOOL_CALLS]")) {
            return Optional.of(template.contains("[ARGS]") ? MISTRAL_ARGS : MISTRAL);
        }
        if (template.contains("<|tool_call|>") || template.contains("functools[")) {
            return Optional.of(PHI4_MINI);
        }
        if (template.contains("<tool_call>")) {
            // Qwen3-Coder and GLM-4.5 have tags instead of JSON between these marks, and Apriel a list between others.
            boolean isOther =
                    Stream.of("<function=", "<arg_key>", "<tool_calls>").anyMatch(template::contains);
            return Optional.of(HERMES).filter(format -> !isOther);
        }
        boolean isLlama = template.contains("<|start_header_id|>") && template.contains("\"parameters\": ");
        // Functionary writes code after this mark, and calls between tags.
        boolean isJson = !template.contains("<function=");
        return Optional.of(LLAMA3).filter(format -> isJson && (isLlama || template.contains("<|python_tag|>")));
    }

    /**
     * Reads a whole answer.
     *
     * @param answer the answer, with the marks of this format in it: see {@link #marks}
     * @return its text and its calls
     */
    public ToolAnswer read(String answer) {
        Objects.requireNonNull(answer, "answer must not be null");
        ToolReader reader = reader();
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
        return new ToolReader(syntax());
    }

    /**
     * Returns the texts of this format that are special tokens in some models, and must stay in the text of an answer.
     *
     * @return the texts, for {@link org.lora4j.text.tokens.Tokenizer#stream(List)}
     */
    public List<String> marks() {
        return syntax().marks();
    }

    /**
     * Returns the mark that calls begin with, which is a token of its own in most models of the family.
     *
     * @return one of {@link #marks}; nothing for {@link #LLAMA3}, whose calls begin with their JSON
     */
    public Optional<String> firstMark() {
        String begin = syntax().open() + syntax().call();
        return marks().stream().filter(begin::startsWith).findFirst();
    }

    /**
     * Writes calls as a model of this family does. Ids are written if the format has them.
     *
     * @param calls the calls, at least one
     * @return the text
     * @throws IllegalArgumentException if there is no call, or this format cannot write a name
     */
    public String write(List<ToolCall> calls) {
        Objects.requireNonNull(calls, "calls must not be null");
        if (calls.isEmpty()) {
            throw new IllegalArgumentException("calls must have at least one call, found none");
        }
        return calls.stream()
                .map(this::write)
                .collect(Collectors.joining(syntax().separator(), syntax().open(), syntax().close()));
    }

    private String write(ToolCall call) {
        String id = call.id();
        String written = id == null || syntax().id() == null ? "" : syntax().id() + value("id", id);
        return syntax().isObject()
                ? head(call.name()) + call.arguments() + written + syntax().end()
                : syntax().call()
                        + value("name", call.name())
                        + written
                        + syntax().arguments()
                        + call.arguments()
                        + syntax().end();
    }

    /** What stands before the arguments of a call, without what stands before the first call. */
    String head(String name) {
        return syntax().call() + value("name", name) + syntax().arguments();
    }

    private String value(String what, String text) {
        if (syntax().isObject()) {
            return ToolJson.write(what, text);
        }
        if (!ToolSyntax.isPlain(text)) {
            throw new IllegalArgumentException("the " + what + " of a call must have 1 to 128 characters without white"
                    + " space, brackets and quotes in the format " + this + ", found " + MessageText.quote(text));
        }
        return text;
    }
}
