package org.lora4j.cli.serve;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lora4j.generate.LogProbabilities;
import org.lora4j.text.tokens.Tokenizer;

/** The tokens of an answer, or of a prompt, that wait until their text is certain to be a part of it. */
final class AnswerTokens {
    /** A token, and how many characters of the text came before it. */
    private record Waiting(AnswerToken token, long characters) {}

    private final Tokenizer tokenizer;
    private final Deque<Waiting> waiting = new ArrayDeque<>();
    private long characters;
    private int offset;

    /** Whether the text of the last token may come with that of the next one. */
    private boolean isHeld;

    /**
     * Creates a text without tokens.
     *
     * @param offset how many characters come before it
     */
    AnswerTokens(Tokenizer tokenizer, int offset) {
        this.tokenizer = tokenizer;
        this.offset = offset;
    }

    /**
     * Adds a token.
     *
     * @param ofToken its log probabilities; null if it has none
     * @param text what it adds to the text: nothing for a part of a character, whose text comes with a later token
     */
    void add(int id, LogProbabilities.@Nullable OfToken ofToken, String text) {
        String own = isHeld ? tokenizer.decode(new int[] {id}) : text;
        int begin = text.endsWith(own) ? text.length() - own.length() : 0;
        AnswerToken added = new AnswerToken(id, ofToken, offset + text.codePointCount(0, begin));
        waiting.add(new Waiting(added, characters + begin));
        characters += text.length();
        offset += text.codePointCount(0, text.length());
        isHeld = text.isEmpty();
    }

    /** Takes the tokens that begin before a number of characters. */
    List<AnswerToken> before(long end) {
        List<AnswerToken> taken = new ArrayList<>();
        while (!waiting.isEmpty() && waiting.element().characters < end) {
            taken.add(waiting.remove().token);
        }
        return taken;
    }

    /** Takes all that wait. */
    List<AnswerToken> rest() {
        return before(Long.MAX_VALUE);
    }
}
