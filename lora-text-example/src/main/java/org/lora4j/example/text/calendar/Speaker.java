package org.lora4j.example.text.calendar;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Says values at random: those that are listed, and times, dates, numbers, names and titles.
 *
 * @param listed values by their kinds
 * @param madeUp the share of names and words that are made up of syllables
 * @param random chooses
 */
public record Speaker(Map<String, List<Spoken>> listed, double madeUp, Random random) {
    private static final List<String> NUMBERS =
            List.of("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten");
    private static final List<String> MONTHS = List.of(
            "January",
            "February",
            "March",
            "April",
            "May",
            "June",
            "July",
            "August",
            "September",
            "October",
            "November",
            "December");
    private static final List<Spoken> LENGTHS = List.of(
            new Spoken("a quarter of an hour", 15),
            new Spoken("half an hour", 30),
            new Spoken("an hour", 60),
            new Spoken("one hour", 60),
            new Spoken("an hour and a half", 90),
            new Spoken("two hours", 120),
            new Spoken("three hours", 180));
    private static final List<String> CONSONANTS = List.of(
            "b", "c", "d", "f", "g", "h", "j", "k", "l", "m", "n", "p", "r", "s", "t", "v", "w", "z", "br", "ch", "cl",
            "dr", "fl", "gr", "pr", "sh", "st", "tr", "th");
    private static final List<String> VOWELS = List.of("a", "e", "i", "o", "u", "y", "ai", "ea", "ie", "ou", "oo");
    private static final List<String> ENDS = List.of("", "", "n", "r", "l", "s", "m", "t", "ck", "nd", "rt", "x");

    /**
     * Says a value of a kind.
     *
     * @param kind the kind
     * @return the value
     */
    public Spoken say(String kind) {
        return switch (kind) {
            case "time" -> time();
            case "date" -> date();
            case "minutes" -> random.nextInt(3) == 0 ? pick(LENGTHS) : minutes();
            case "number" -> number();
            case "brightness" -> brightness();
            case "degrees" -> degrees();
            case "person" -> Spoken.same(name());
            case "people" -> list(this::name);
            case "items" -> list(() -> words(2));
            case "title" -> Spoken.same(listed.containsKey("subject") ? title() : words(3));
            case "text" -> Spoken.same(words(5));
            case "speech" -> Spoken.same(words(10));
            default -> listed(kind);
        };
    }

    private <T> T pick(List<T> all) {
        return all.get(random.nextInt(all.size()));
    }

    private Spoken listed(String kind) {
        return pick(Objects.requireNonNull(listed.get(kind), kind));
    }

    private static Spoken time(int hour, int minute, String words) {
        return new Spoken(words, String.format(Locale.ROOT, "%02d:%02d", hour, minute));
    }

    private Spoken time() {
        int hour = 7 + random.nextInt(15);
        int minute = random.nextBoolean() ? 0 : 5 * random.nextInt(12);
        if (random.nextInt(3) == 0) {
            return time(hour, minute, String.format(Locale.ROOT, "%d:%02d", hour, minute));
        }
        if (hour == 12 && minute == 0) {
            return time(hour, minute, "noon");
        }
        String words =
                (hour > 12 ? hour - 12 : hour) + (minute == 0 ? "" : String.format(Locale.ROOT, ":%02d", minute));
        return time(hour, minute, words + (hour < 12 ? " am" : " pm"));
    }

    private Spoken date() {
        int month = random.nextInt(MONTHS.size());
        int day = 1 + random.nextInt(28);
        String words = random.nextBoolean() ? day + " " + MONTHS.get(month) : MONTHS.get(month) + " " + day;
        return new Spoken(words, String.format(Locale.ROOT, "%02d-%02d", month + 1, day));
    }

    private Spoken minutes() {
        int minutes = 5 * (1 + random.nextInt(24));
        return new Spoken(minutes + " minutes", minutes);
    }

    private Spoken number() {
        int index = random.nextInt(NUMBERS.size());
        return new Spoken(random.nextBoolean() ? NUMBERS.get(index) : String.valueOf(index + 2), index + 2);
    }

    private Spoken brightness() {
        int percent = random.nextInt(101);
        return new Spoken(percent + (random.nextBoolean() ? " percent" : "%"), percent);
    }

    private Spoken degrees() {
        int degrees = 15 + random.nextInt(12);
        return random.nextInt(4) == 0
                ? new Spoken(degrees + ".5 degrees", degrees + 0.5)
                : new Spoken(degrees + " degrees", degrees);
    }

    /** One to three different texts. */
    private Spoken list(Supplier<String> text) {
        List<String> all =
                Stream.generate(text).distinct().limit(1 + random.nextInt(3)).toList();
        int last = all.size() - 1;
        String words = last == 0 ? all.get(0) : String.join(", ", all.subList(0, last)) + " and " + all.get(last);
        return new Spoken(words, all);
    }

    private String name() {
        if (random.nextDouble() >= madeUp) {
            return listed("person").words();
        }
        String word = madeUpWord();
        return Character.toUpperCase(word.charAt(0)) + word.substring(1);
    }

    private String title() {
        String kind = listed("kind").words();
        return random.nextInt(3) == 0 ? kind : word("subject") + " " + kind;
    }

    private String words(int most) {
        return IntStream.rangeClosed(0, random.nextInt(most))
                .mapToObj(i -> random.nextDouble() < madeUp
                        ? madeUpWord()
                        : listed("word").words())
                .collect(Collectors.joining(" "));
    }

    private String word(String kind) {
        return random.nextDouble() < madeUp ? madeUpWord() : listed(kind).words();
    }

    private String madeUpWord() {
        return IntStream.rangeClosed(0, random.nextInt(2))
                .mapToObj(i -> pick(CONSONANTS) + pick(VOWELS) + pick(ENDS))
                .collect(Collectors.joining());
    }
}
