package org.lora4j.example.text.calendar;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A sentence with its values.
 *
 * @param text the sentence, with a capital letter at the beginning
 * @param values the values by the names of the places in which they stand
 */
record Phrase(String text, Map<String, Object> values) {
    private static final Pattern CHOICE = Pattern.compile("\\(([^()]*)\\)");
    private static final Pattern PLACE = Pattern.compile("\\{(\\w+)(?:=(\\w+))?\\}");

    /**
     * Says a pattern: of each <code>(one|two|)</code> one alternative is chosen. <code>{name}</code> and <code>{name=kind}</code> are
     * places for a value of the kind {@code name} or {@code kind}.
     *
     * @param pattern the pattern
     * @param random chooses the alternatives
     * @param say returns a value of a kind
     */
    static Phrase of(String pattern, Random random, Function<String, Spoken> say) {
        String chosen = pattern;
        for (Matcher choice = CHOICE.matcher(chosen); choice.find(); choice = CHOICE.matcher(chosen)) {
            String[] alternatives = choice.group(1).split("\\|", -1);
            chosen = chosen.substring(0, choice.start())
                    + alternatives[random.nextInt(alternatives.length)]
                    + chosen.substring(choice.end());
        }
        Map<String, Object> values = new LinkedHashMap<>();
        String text = PLACE.matcher(chosen).replaceAll(place -> {
            Spoken spoken = say.apply(place.group(2) == null ? place.group(1) : place.group(2));
            values.put(place.group(1), spoken.value());
            return Matcher.quoteReplacement(spoken.words());
        });
        return new Phrase(Character.toUpperCase(text.charAt(0)) + text.substring(1), values);
    }

    /** Whether the text has these words, as whole ones. */
    boolean says(String words) {
        return Pattern.compile("\\b" + Pattern.quote(words) + "\\b")
                .matcher(text)
                .find();
    }
}
