package org.lora4j.text.tools;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.lora4j.text.grammar.Grammar;

/** The texts of a format that are tokens of their own in many models. */
record Marks(List<String> texts) {
    /** Returns the grammar of a text with its marks as tokens. */
    Grammar written(String text) {
        if (texts.isEmpty()) {
            return Grammar.text(text);
        }
        List<Grammar> parts = new ArrayList<>();
        Matcher mark = Pattern.compile(texts.stream().map(Pattern::quote).collect(Collectors.joining("|")))
                .matcher(text);
        int from = 0;
        while (mark.find()) {
            parts.add(Grammar.text(text.substring(from, mark.start())));
            parts.add(Grammar.token(mark.group()));
            from = mark.end();
        }
        parts.add(Grammar.text(text.substring(from)));
        return Grammar.sequence(parts.toArray(Grammar[]::new));
    }
}
