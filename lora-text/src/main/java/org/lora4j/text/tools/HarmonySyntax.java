package org.lora4j.text.tools;

import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** A message of the channel {@code commentary} to {@code functions.weather}. */
final class HarmonySyntax extends ToolSyntax {
    private static final String START = "<|start|>";
    private static final String CHANNEL = "<|channel|>";
    private static final String CONSTRAIN = "<|constrain|>";
    private static final String MESSAGE = "<|message|>";
    private static final String CALL = "<|call|>";
    private static final String TO = " to=functions.";

    /** The recipient stands before the channel in what templates write, and after it in what models write. */
    private static final String HEADER =
            "(?:" + Pattern.quote(START) + "assistant)?+(?=[^{]{0,256}to=functions\\." + NAME
                    + "[\\s<])(?:\\s{0,8}to=functions\\.[^\\s<]{1,128}+)?+\\s{0,8}+"
                    + Pattern.quote(CHANNEL)
                    + "(?:commentary|analysis)[^<{]{0,160}+(?:"
                    + Pattern.quote(CONSTRAIN)
                    + ")?+[^<{]{0,16}+"
                    + Pattern.quote(MESSAGE)
                    + SPACE
                    + BODY;

    HarmonySyntax() {
        super(
                List.of(START, CHANNEL, CONSTRAIN, MESSAGE, CALL),
                new JsonArguments(),
                HEADER,
                "\\}?" + SPACE + Pattern.quote(CALL));
    }

    @Override
    boolean isIn(String template) {
        return template.contains(CHANNEL) && template.contains("functions.");
    }

    @Override
    String head(String name, @Nullable String id) {
        return CHANNEL + "commentary" + TO + plain("name", name) + " " + CONSTRAIN + "json" + MESSAGE;
    }

    @Override
    String tail(@Nullable String id) {
        return CALL;
    }

    @Override
    String separator() {
        return START + "assistant";
    }

    @Override
    Optional<String> firstMark() {
        // All messages begin with a channel.
        return Optional.empty();
    }
}
