package org.lora4j.example.text.tickets;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import org.lora4j.example.text.calendar.Speaker;
import org.lora4j.example.text.calendar.Spoken;

/**
 * Says what a ticket has: personal data of people who do not exist, and other words and numbers.
 *
 * @param listed names and words by their kinds
 * @param random chooses
 */
record PersonalData(Map<String, List<Spoken>> listed, Random random) {
    /** A digit is N, a capital letter is L. */
    private static final Pattern SIGN = Pattern.compile("[NL]");

    private static final List<String> PHONES = List.of(
            "+49 1NN NNNNNNN",
            "+1 NNN NNN NNNN",
            "+44 20 NNNN NNNN",
            "+NN N NN NN NN NN",
            "+NN (0) NNN NNNNNN",
            "(NNN) NNN-NNNN",
            "NNN-NNN-NNNN",
            "NNN.NNN.NNNN",
            "0NNN NNNNNNN",
            "0NN/NNNNNNN",
            "0NNNN-NNNNNN",
            "00NN NN NNNNNN");
    private static final List<String> ORDERS = List.of(
            "#NNNNN",
            "#NNNNNNN",
            "LL-NNNNN",
            "LLL-NNNN-NN",
            "LLNNNNNN",
            "NNNN-NNNNN",
            "NNNNNNNN",
            "L/NNNNN",
            "#LL-NNNN");
    private static final List<String> AMOUNTS =
            List.of("$NN.NN", "$NNN", "NN,NN EUR", "EUR NNN", "NNN euros", "£NN.NN");
    private static final List<String> VERSIONS = List.of("N.N", "N.N.N", "1N.N", "20NN.N");
    private static final List<String> STREETS = List.of(
            "Street", "Street", "Street", "Road", "Road", "Avenue", "Lane", "Drive", "Way", "Close", "Court", "Place",
            "St", "Rd", "Ave");
    private static final List<String> ENDINGS =
            List.of("com", "com", "com", "net", "org", "de", "co.uk", "io", "info", "eu", "fr", "email");

    /** Says a value of a kind. */
    Spoken say(String kind) {
        return switch (kind) {
            case "person" -> Spoken.same(person());
            case "full" -> Spoken.same(word("first") + " " + word("last"));
            case "mail" -> Spoken.same(mail());
            case "phone" -> Spoken.same(digits(PHONES));
            case "order" -> Spoken.same(digits(ORDERS));
            case "street" -> Spoken.same(street());
            case "amount" -> Spoken.same(digits(AMOUNTS));
            case "version" -> Spoken.same(digits(VERSIONS));
            case "count" -> Spoken.same(String.valueOf(2 + random.nextInt(98)));
            default -> new Speaker(listed, 0, random).say(kind);
        };
    }

    private <T> T pick(List<T> all) {
        return all.get(random.nextInt(all.size()));
    }

    private String word(String kind) {
        return new Speaker(listed, 0, random).say(kind).words();
    }

    private String digits(List<String> forms) {
        return SIGN.matcher(pick(forms))
                .replaceAll(sign -> String.valueOf(
                        sign.group().equals("N")
                                ? (char) ('1' + random.nextInt(9))
                                : (char) ('A' + random.nextInt(26))));
    }

    private String person() {
        return switch (random.nextInt(6)) {
            case 0 -> word("first");
            case 1 -> word("first").charAt(0) + ". " + word("last");
            case 2 -> word("first") + " " + word("first").charAt(0) + ". " + word("last");
            default -> word("first") + " " + word("last");
        };
    }

    private String mail() {
        String first = word("first");
        String last = word("last");
        String number = String.valueOf(1 + random.nextInt(random.nextBoolean() ? 99 : 2010));
        String name = pick(List.<UnaryOperator<String>>of(
                        between -> first + between + last,
                        between -> first.charAt(0) + between + last,
                        between -> last + between + first,
                        between -> first + between + number,
                        between -> word("nick") + number,
                        between -> word("nick") + between + first,
                        between -> first + last,
                        between -> first.charAt(0) + last + number,
                        between -> word("nick") + between + word("nick")))
                .apply(pick(List.of(".", ".", ".", "_", "-")));
        String domain = random.nextInt(5) == 0 ? word("domain") + "-" + word("domain") : word("domain");
        return name.toLowerCase(Locale.ROOT) + "@" + domain + "." + pick(ENDINGS);
    }

    private String street() {
        String number = 1 + random.nextInt(250) + pick(List.of("", "", "", "", "a", "b"));
        String name = word("street") + " " + pick(STREETS);
        return random.nextInt(6) == 0 ? name + " " + number : number + " " + name;
    }
}
