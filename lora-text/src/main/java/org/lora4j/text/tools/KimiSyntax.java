package org.lora4j.text.tools;

import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.lora4j.text.grammar.Grammar;

/** Calls between marks of Kimi, whose ids have the names: {@code functions.weather:0}. */
final class KimiSyntax extends ToolSyntax {
    private static final String OPEN = "<|tool_calls_section_begin|>";
    private static final String CLOSE = "<|tool_calls_section_end|>";
    private static final String BEGIN = "<|tool_call_begin|>";
    private static final String ARGUMENTS = "<|tool_call_argument_begin|>";
    private static final String END = "<|tool_call_end|>";
    private static final String PREFIX = "functions.";
    private static final String CALL = Pattern.quote(BEGIN) + SPACE
            + "(?<id>(?:functions\\.)?(?<name>[^\\s\\[\\]{}<>\":]{1,128}+):[0-9]{1,6}+)" + SPACE
            + Pattern.quote(ARGUMENTS) + SPACE + BODY;
    private static final Pattern ID = Pattern.compile("(?:functions\\.)?[^\\s:]+:[0-9]{1,6}");

    KimiSyntax() {
        super(
                List.of(OPEN, CLOSE, BEGIN, ARGUMENTS, END),
                new JsonArguments(),
                Pattern.quote(OPEN) + SPACE + CALL,
                "\\}?" + SPACE + Pattern.quote(END) + SPACE + "(?:" + CALL + "|" + Pattern.quote(CLOSE) + ")");
    }

    @Override
    boolean isIn(String template) {
        return template.contains(BEGIN) && template.contains(ARGUMENTS);
    }

    @Override
    String open() {
        return OPEN;
    }

    @Override
    String head(String name, @Nullable String id) {
        boolean isOwn = id != null && ID.matcher(id).matches();
        return BEGIN + (isOwn ? id : PREFIX + plain("name", name) + ":0") + ARGUMENTS;
    }

    @Override
    String tail(@Nullable String id) {
        return END;
    }

    @Override
    Grammar call(Tool tool) {
        return Grammar.sequence(
                marks().written(BEGIN),
                Grammar.text(PREFIX + plain("name", tool.name()) + ":"),
                Grammar.gbnf("root ::= [0-9]{1,3}"),
                marks().written(ARGUMENTS),
                new JsonArguments().grammar(tool, marks()),
                marks().written(END));
    }

    @Override
    String close() {
        return CLOSE;
    }
}
