package org.lora4j.text.tools;

import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * How a format writes calls, and what a reader looks for. The patterns of beginnings end with the first character of the JSON. Their
 * groups {@code name} and {@code id} are there if the name stands before the JSON.
 *
 * @param open what stands before the first call
 * @param call what stands before the name
 * @param arguments what stands between the name and the arguments
 * @param end what follows on the arguments
 * @param separator what stands between two calls
 * @param close what follows on the last call
 * @param isObject whether the JSON is an object with the name and the arguments, or the arguments alone
 * @param id what stands before the id of a call; null if ids are not written
 * @param first the beginning of a call at the beginning of the answer
 * @param begin the beginning of a call anywhere else
 * @param after what follows on a call: the beginning of another one, or the end; null for nothing
 * @param marks the parts that are special tokens in some models
 */
record ToolSyntax(
        String open,
        String call,
        String arguments,
        String end,
        String separator,
        String close,
        boolean isObject,
        @Nullable String id,
        Pattern first,
        Pattern begin,
        @Nullable Pattern after,
        List<String> marks) {
    /** A longer run of white space is text. */
    private static final String SPACE = "\\s{0,64}+";

    private static final String PLAIN = "[^\\s\\[\\]{}<>\"]{1,128}+";
    private static final String NAME = "(?<name>" + PLAIN + ")";
    private static final String OBJECT_CALL = "{\"name\": ";
    private static final String OBJECT_ARGUMENTS = ", \"arguments\": ";
    private static final String OBJECT_ID = ", \"id\": ";

    static final ToolSyntax HERMES = hermes();
    static final ToolSyntax LLAMA3 = llama3();
    static final ToolSyntax MISTRAL = mistral();
    static final ToolSyntax MISTRAL_ARGS = mistralArgs();
    static final ToolSyntax PHI4_MINI = phi4Mini();
    static final ToolSyntax DEEPSEEK = deepSeek();

    /** Whether a text can be a name or an id that stands outside of JSON. */
    static boolean isPlain(String text) {
        return text.matches(PLAIN);
    }

    /** A list of objects after a mark. */
    private static ToolSyntax list(
            String open, String close, @Nullable String id, String begin, String after, List<String> marks) {
        Pattern pattern = Pattern.compile(SPACE + "(?:" + begin + ")" + SPACE + "\\[" + SPACE + "\\{");
        Pattern next = Pattern.compile(SPACE + "(?:," + SPACE + "\\{|\\]" + after + ")");
        return new ToolSyntax(
                open, OBJECT_CALL, OBJECT_ARGUMENTS, "}", ", ", close, true, id, pattern, pattern, next, marks);
    }

    private static ToolSyntax hermes() {
        Pattern begin = Pattern.compile(SPACE + "<tool_call>" + SPACE + "\\{");
        return new ToolSyntax(
                "",
                "<tool_call>\n" + OBJECT_CALL,
                OBJECT_ARGUMENTS,
                "}\n</tool_call>",
                "\n",
                "",
                true,
                null,
                begin,
                begin,
                Pattern.compile(SPACE + "</tool_call>"),
                List.of("<tool_call>", "</tool_call>"));
    }

    private static ToolSyntax llama3() {
        String tag = "<|python_tag|>";
        String begin = SPACE + Pattern.quote(tag) + SPACE + "\\{";
        return new ToolSyntax(
                "",
                OBJECT_CALL,
                ", \"parameters\": ",
                "}",
                "; ",
                "",
                true,
                null,
                Pattern.compile(SPACE + "\\{|" + begin),
                Pattern.compile(begin),
                Pattern.compile(SPACE + ";" + SPACE + "\\{"),
                List.of(tag));
    }

    private static ToolSyntax mistral() {
        String tag = "[TOOL_CALLS]";
        return list(tag + " [", "]", OBJECT_ID, Pattern.quote(tag), "", List.of(tag));
    }

    private static ToolSyntax mistralArgs() {
        Pattern begin = Pattern.compile(SPACE + "\\[TOOL_CALLS\\]" + SPACE + NAME + "(?:\\[CALL_ID\\](?<id>" + PLAIN
                + "))?\\[ARGS\\]" + SPACE + "\\{");
        return new ToolSyntax(
                "",
                "[TOOL_CALLS]",
                "[ARGS]",
                "",
                "",
                "",
                false,
                "[CALL_ID]",
                begin,
                begin,
                null,
                List.of("[TOOL_CALLS]", "[CALL_ID]", "[ARGS]"));
    }

    private static ToolSyntax phi4Mini() {
        String open = "<|tool_call|>";
        String close = "<|/tool_call|>";
        return list(
                open + "[",
                "]" + close,
                null,
                Pattern.quote(open) + "|functools",
                "(?:" + SPACE + Pattern.quote(close) + ")?+",
                List.of(open, close));
    }

    private static ToolSyntax deepSeek() {
        String open = "<｜tool▁calls▁begin｜>";
        String close = "<｜tool▁calls▁end｜>";
        String begin = "<｜tool▁call▁begin｜>";
        String end = "<｜tool▁call▁end｜>";
        String separator = "<｜tool▁sep｜>";
        String call = begin + "function" + separator + NAME + SPACE + "```json" + SPACE + "\\{";
        Pattern first = Pattern.compile(SPACE + open + SPACE + call);
        return new ToolSyntax(
                open,
                begin + "function" + separator,
                "\n```json\n",
                "\n```" + end,
                "\n",
                close,
                false,
                null,
                first,
                first,
                Pattern.compile(SPACE + "```" + SPACE + end + SPACE + "(?:" + call + "|" + close + ")"),
                List.of(open, close, begin, end, separator));
    }
}
