package org.lora4j.text.tools;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Reads the calls of an answer that comes part by part. Text comes as early as it is certain; of a call the name comes first, as
 * soon as its arguments begin, and then the arguments piece by piece. However an answer is divided, the parts together are
 * the same.
 *
 * <pre>{@code
 * ToolReader reader = ToolFormat.HERMES.reader();
 * List<AnswerPart> parts = reader.add(stream.add(id));    // for each new token
 * List<AnswerPart> last = reader.end();
 * }</pre>
 *
 * <p>It keeps at most one call, of a million characters. One thread at a time can use it.
 */
public final class ToolReader {
    /** The most characters of the marks around a call, with white space. */
    private static final int MOST_MARKS = 512;

    private static final int MOST_CALL = 1_000_000;
    private static final int NONE = -1;

    private enum Place {
        TEXT,
        CALL,
        AFTER_CALL
    }

    private final ToolSyntax syntax;
    private final CallContext context;
    private final List<AnswerPart> parts = new ArrayList<>();
    private final StringBuilder text = new StringBuilder();
    private final CodeBlock block = new CodeBlock();

    /** What is not certain yet, in {@code [from, at)}, and what was not looked at, from {@link #at} on. */
    private final StringBuilder buffer = new StringBuilder();

    private int from;
    private int at;
    private Place place = Place.TEXT;
    private boolean ended;

    /** Whether text or a call came. */
    private boolean hasBegun;

    /** Whether a call came last. */
    private boolean followsCall;

    private int calls;

    private @Nullable CallBody body;

    /** How many characters of the arguments were handed over; {@link #NONE} before the call was. */
    private int handedOver = NONE;

    ToolReader(ToolSyntax syntax, ArgumentTypes types) {
        this.syntax = syntax;
        context = CallContext.of(types);
    }

    /**
     * Adds a part.
     *
     * @param part what follows on the parts so far
     * @return what is certain now; may be empty
     * @throws IllegalStateException if the answer has ended
     */
    public List<AnswerPart> add(String part) {
        Objects.requireNonNull(part, "part must not be null");
        if (ended) {
            throw new IllegalStateException("a part must come before the end, found one after it; make another reader");
        }
        buffer.append(part);
        return take();
    }

    /**
     * Ends the answer.
     *
     * @return what was held back: a call that is not finished fails, and is text
     */
    public List<AnswerPart> end() {
        ended = true;
        return take();
    }

    private List<AnswerPart> take() {
        while (at < buffer.length() || (ended && from < buffer.length())) {
            if (at < buffer.length()) {
                step();
            } else {
                settle();
            }
        }
        argumentsSoFar();
        textSoFar();
        forget();
        List<AnswerPart> taken = List.copyOf(parts);
        parts.clear();
        return taken;
    }

    private void step() {
        at++;
        switch (place) {
            case TEXT -> lookForCall();
            case CALL -> addToCall(Objects.requireNonNull(body));
            case AFTER_CALL -> lookForNext(Objects.requireNonNull(syntax.after()));
        }
    }

    /** Decides at the end of the answer what the next characters would have decided. */
    private void settle() {
        if (place == Place.CALL) {
            fail();
        } else if (place == Place.AFTER_CALL) {
            lookForNext(Objects.requireNonNull(syntax.after()));
        } else if (followsCall && buffer.substring(from).isBlank()) {
            from = buffer.length();
        } else {
            addText();
            lookForCall();
        }
    }

    private void lookForCall() {
        while (from < at) {
            if (!block.isOpen()) {
                Pattern pattern = hasBegun ? syntax.begin() : syntax.first();
                Matcher matcher = pattern.matcher(buffer).region(from, at);
                if (matcher.lookingAt()) {
                    beginCall(matcher);
                    return;
                }
                if (matcher.hitEnd() && at - from < MOST_MARKS) {
                    return;
                }
            }
            addText();
        }
    }

    private void addText() {
        text.append(buffer.charAt(from));
        block.add(buffer.charAt(from));
        from++;
        hasBegun = true;
        followsCall = false;
    }

    private void beginCall(Matcher matcher) {
        body = syntax.body(matcher, context);
        at = ToolSyntax.body(matcher);
        place = Place.CALL;
    }

    private void addToCall(CallBody call) {
        CallBody.State state = call.add(buffer.charAt(at - 1));
        if (state == CallBody.State.BROKEN || at - from >= MOST_CALL) {
            fail();
        } else if (state == CallBody.State.DONE) {
            endCall(call);
        }
    }

    private void endCall(CallBody call) {
        argumentsSoFar();
        parts.add(new AnswerPart.CallEnds(
                calls,
                new ToolCall(
                        call.id(),
                        Objects.requireNonNull(call.name()),
                        call.arguments().toString())));
        calls++;
        from = at;
        leaveCall(syntax.after() == null ? Place.TEXT : Place.AFTER_CALL);
        block.beginLine();
        hasBegun = true;
        followsCall = true;
    }

    private void fail() {
        if (handedOver >= 0) {
            parts.add(new AnswerPart.CallFails(calls));
        }
        leaveCall(Place.TEXT);
        addText();
        at = from;
    }

    private void leaveCall(Place next) {
        body = null;
        handedOver = NONE;
        place = next;
    }

    private void lookForNext(Pattern after) {
        Matcher matcher = after.matcher(buffer).region(from, at);
        boolean isFound = matcher.lookingAt();
        boolean isAtEnd = ended && at == buffer.length();
        if (matcher.hitEnd() && !isAtEnd && at - from < MOST_MARKS) {
            return;
        }
        if (!isFound) {
            place = Place.TEXT;
            at = from;
        } else if (ToolSyntax.body(matcher) >= 0) {
            beginCall(matcher);
        } else {
            place = Place.TEXT;
            from = matcher.end();
            at = from;
        }
    }

    /** Hands over the arguments that have come. */
    private void argumentsSoFar() {
        if (body == null || body.name() == null || body.arguments().isEmpty()) {
            return;
        }
        if (handedOver < 0) {
            textSoFar();
            parts.add(new AnswerPart.CallBegins(calls, Objects.requireNonNull(body.name())));
            handedOver = 0;
        }
        int end = body.arguments().length();
        if (end > handedOver) {
            parts.add(new AnswerPart.Arguments(calls, body.arguments().substring(handedOver, end)));
            handedOver = end;
        }
    }

    private void textSoFar() {
        if (!text.isEmpty()) {
            parts.add(new AnswerPart.Text(text.toString()));
            text.setLength(0);
        }
    }

    /** Drops what is certain. */
    private void forget() {
        buffer.delete(0, from);
        at -= from;
        from = 0;
    }
}
