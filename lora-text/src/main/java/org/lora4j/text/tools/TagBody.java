package org.lora4j.text.tools;

import com.fasterxml.jackson.core.io.JsonStringEncoder;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.lora4j.text.tools.ArgumentTypes.Kind;

/** Reads {@link TagArguments}. A text comes as early as it is certain, and another value as a whole. */
final class TagBody extends NamedBody {
    private static final int MOST_NAME = 256;
    private static final Set<Kind> TEXT = EnumSet.of(Kind.TEXT);

    private enum Place {
        BETWEEN,
        NAME,
        BEFORE_VALUE,
        VALUE
    }

    private final TagArguments form;
    private final ArgumentTypes types;
    private final Set<String> names = new HashSet<>();

    /** What came since the last tag, and was not taken. */
    private final StringBuilder some = new StringBuilder();

    private Place place = Place.BETWEEN;
    private Set<Kind> kinds = TEXT;

    /** Whether the white space before a value was taken. */
    private boolean hasBegun;

    TagBody(TagArguments form, @Nullable String id, String function, ArgumentTypes types) {
        super(id, function, "{");
        this.form = form;
        this.types = types;
    }

    @Override
    public State add(char c) {
        some.append(c);
        return switch (place) {
            case BETWEEN -> between(c);
            case NAME -> name(c);
            case BEFORE_VALUE -> beforeValue(c);
            case VALUE -> value();
        };
    }

    private State between(char c) {
        if (some.length() == 1 && Character.isWhitespace(c)) {
            some.setLength(0);
            return State.MORE;
        }
        String tag = some.toString();
        if (tag.equals(form.end())) {
            arguments().append('}');
            return ToolJson.isObject(arguments().toString()) ? State.DONE : State.BROKEN;
        }
        if (tag.equals(form.beforeName())) {
            some.setLength(0);
            place = Place.NAME;
            return State.MORE;
        }
        return form.beforeName().startsWith(tag) || form.end().startsWith(tag) ? State.MORE : State.BROKEN;
    }

    private State name(char c) {
        if (!endsWith(form.afterName())) {
            return c == '\n' || some.length() > MOST_NAME ? State.BROKEN : State.MORE;
        }
        String name =
                some.substring(0, some.length() - form.afterName().length()).strip();
        if (!TagArguments.isName(name) || !names.add(name)) {
            return State.BROKEN;
        }
        arguments()
                .append(names.size() > 1 ? ", " : "")
                .append(ToolJson.write("name", name))
                .append(": ");
        kinds = types.of(name(), name);
        some.setLength(0);
        hasBegun = false;
        place = form.beforeValue().isEmpty() ? Place.VALUE : Place.BEFORE_VALUE;
        return State.MORE;
    }

    private State beforeValue(char c) {
        if (some.length() == 1 && Character.isWhitespace(c)) {
            some.setLength(0);
            return State.MORE;
        }
        String tag = some.toString();
        if (tag.equals(form.beforeValue())) {
            some.setLength(0);
            place = Place.VALUE;
            return State.MORE;
        }
        return form.beforeValue().startsWith(tag) ? State.MORE : State.BROKEN;
    }

    private State value() {
        boolean isEnd = endsWith(form.afterValue());
        if (isEnd) {
            some.setLength(some.length() - form.afterValue().length());
        }
        if (kinds.equals(TEXT)) {
            text(isEnd);
        } else if (isEnd) {
            dropPadding(true);
            arguments().append(ArgumentTypes.json(some.toString(), kinds));
        }
        if (isEnd) {
            some.setLength(0);
            place = Place.BETWEEN;
        }
        return State.MORE;
    }

    /** Takes of a text what cannot belong to its end. */
    private void text(boolean isEnd) {
        int held = form.padding().length() + form.afterValue().length();
        if (!isEnd && some.length() <= held + form.padding().length()) {
            return;
        }
        if (!hasBegun) {
            arguments().append('"');
        }
        dropPadding(isEnd);
        int certain = isEnd ? some.length() : some.length() - held;
        // The second half of a character may not have come.
        certain -= certain > 0 && Character.isHighSurrogate(some.charAt(certain - 1)) && !isEnd ? 1 : 0;
        arguments().append(JsonStringEncoder.getInstance().quoteAsString(some.substring(0, certain)));
        some.delete(0, certain);
        hasBegun = true;
        if (isEnd) {
            arguments().append('"');
        }
    }

    private void dropPadding(boolean isEnd) {
        if (!form.padding().isEmpty()) {
            if (!hasBegun && some.indexOf(form.padding()) == 0) {
                some.delete(0, form.padding().length());
            }
            if (isEnd && endsWith(form.padding())) {
                some.setLength(some.length() - form.padding().length());
            }
        }
    }

    private boolean endsWith(String tag) {
        return some.length() >= tag.length()
                && some.substring(some.length() - tag.length()).equals(tag);
    }
}
