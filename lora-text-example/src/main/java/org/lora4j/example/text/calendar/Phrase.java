package org.lora4j.example.text.calendar;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A sentence with its values.
 *
 * @param text the sentence, with a capital letter at the beginning
 * @param places where values stand, in the order of the text
 */
public record Phrase(String text, List<Place> places) {
    private static final Pattern CHOICE = Pattern.compile("\\(([^()]*)\\)");
    private static final Pattern PLACE = Pattern.compile("\\{(\\w+)(?:=(\\w+))?\\}");

    /**
     * A place with a value.
     *
     * @param name its name in the pattern
     * @param start where it begins
     * @param spoken the value, and how the text says it
     */
    public record Place(String name, int start, Spoken spoken) {
        /**
         * Returns where it ends.
         *
         * @return the place behind its last char
         */
        public int end() {
            return start + spoken.words().length();
        }
    }

    /**
     * Says a pattern: of each <code>(one|two|)</code> one alternative is chosen. <code>{name}</code> and <code>{name=kind}</code> are
     * places for a value of the kind {@code name} or {@code kind}.
     *
     * @param pattern the pattern
     * @param random chooses the alternatives
     * @param say returns a value of a kind
     * @return the sentence
     */
    public static Phrase of(String pattern, Random random, Function<String, Spoken> say) {
        String chosen = pattern;
        for (Matcher choice = CHOICE.matcher(chosen); choice.find(); choice = CHOICE.matcher(chosen)) {
            String[] alternatives = choice.group(1).split("\\|", -1);
            chosen = chosen.substring(0, choice.start())
                    + alternatives[random.nextInt(alternatives.length)]
                    + chosen.substring(choice.end());
        }
        List<Place> places = new ArrayList<>();
        StringBuilder text = new StringBuilder();
        Matcher place = PLACE.matcher(chosen);
        while (place.find()) {
            Spoken spoken = say.apply(place.group(2) == null ? place.group(1) : place.group(2));
            place.appendReplacement(text, Matcher.quoteReplacement(spoken.words()));
            places.add(new Place(place.group(1), text.length() - spoken.words().length(), spoken));
        }
        place.appendTail(text);
        text.setCharAt(0, Character.toUpperCase(text.charAt(0)));
        return new Phrase(text.toString(), places);
    }

    /** Returns the values by the names of the places in which they stand. */
    Map<String, Object> values() {
        Map<String, Object> values = new LinkedHashMap<>();
        places.forEach(place -> values.put(place.name(), place.spoken().value()));
        return values;
    }

    /** Whether the text has these words, as whole ones. */
    boolean says(String words) {
        return Pattern.compile("\\b" + Pattern.quote(words) + "\\b")
                .matcher(text)
                .find();
    }
}
