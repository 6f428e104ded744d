package org.lora4j.example.text.tickets;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.lora4j.text.data.TaggedText;
import org.lora4j.text.data.TextSpan;
import org.lora4j.text.tokens.TagSpan;

/**
 * What a program finds without a model: regular expressions, written after reading the tickets of the training. An expression that comes
 * first wins. The group 1 is what is found.
 */
final class Expressions {
    /** A word with a capital letter; others than these begin a sentence or name a time. */
    private static final String NAME =
            "(?!(?:Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday|January|February|March|April|May|June|July|August"
                    + "|September|October|November|December|Order|Please|The|My|We|It|Is|Can|Call|Contact|Could|Tel|Nobody|Mine|Name|Sir|Madam|Urgent"
                    + "|All|Both|Does|Was|Send|Mail|Pick|Tracking|Forwarded|Reference|Best|Thanks|Thank|Thx|Many|Dear|Our|Her"
                    + "|Customer|Delivery|Spoke|Wrong|Someone|Ticket|Ask|In|As|Reply|Collect|Nothing|Your)\\b)"
                    + "[A-Z][a-z]+(?:[A-Z][a-z]+)?";

    private static final String FULL_NAME = "(?:[A-Z]\\.|" + NAME + ")(?: [A-Z]\\.)?(?: " + NAME + ")?";
    private static final String PLACE = "(" + NAME + "(?: " + NAME + "){0,2})";
    private static final String SUFFIX = "(?:Street|Road|Avenue|Lane|Drive|Way|Close|Court|Place|St|Rd|Ave)\\b";
    private static final String STREET = "(?:(?!(?:at|of|to|in|from|is|address|and|but)\\b)[a-z]+ ){1,2}" + SUFFIX;

    private static final Map<String, List<Pattern>> ALL = all();

    private Expressions() {}

    private static Map<String, List<Pattern>> all() {
        Map<String, List<Pattern>> all = new LinkedHashMap<>();
        add(all, "mail", "([\\w.+-]+@[\\w-]+(?:\\.[\\w-]+)*\\.[a-zA-Z]{2,})\\b");
        add(
                all,
                "order",
                "(?i)(#(?:[a-z]{1,3}-)?\\d{4,})\\b",
                "(?i)\\b([a-z]{2,3}-?\\d{4,}(?:-\\d+)?)\\b",
                "(?i)\\b([a-z]/\\d{4,})\\b",
                "\\b(\\d{4}-\\d{5})\\b",
                "(?<![\\d+/.-])(\\d{8})(?![\\d/.-])");
        add(
                all,
                "phone",
                "(\\+\\d{1,3}(?: ?\\(0\\))?(?:[ .-]?\\d{1,8}){2,5})\\b",
                "(\\(\\d{3}\\) \\d{3}-\\d{4})\\b",
                "\\b(\\d{3}[-.]\\d{3}[-.]\\d{4})\\b",
                "\\b(0\\d{2,4}[ /-]\\d{6,8})\\b",
                "\\b(00\\d{2}(?: \\d{2,8}){1,4})\\b");
        add(all, "street", "(?i)\\b(\\d{1,3}[ab]? " + STREET + ")(?! \\d)", "(?i)\\b(" + STREET + " \\d{1,3}[ab]?)\\b");
        add(
                all,
                "person",
                // After a title, and where people say a name.
                "(?:\\b[Mm]rs?|\\b[Mm]s|\\b[Dd]r)\\.? (" + FULL_NAME + "|[a-z]+)",
                "\\b(?:Dear|Hello|Hi|Hey|Good (?:morning|evening)|[Mm]y name is|I am|I'm|[Tt]his is|[Rr]egards,?|Thanks,?"
                        + "|Thank you[.,]?|Thx|Best,|[Ww]ishes,?|Sincerely,?|Yours,?|[Cc]ustomer,?|Name:|data of|placed by"
                        + "|booked by|closed:|delivered to|[Cc]all|[Aa]sk(?: for)?|is now|no longer|parcel for|gift for|sender"
                        + "|receiver|As|Is|or) ("
                        + FULL_NAME
                        + ")",
                "\\b(?:dear|hello|my name is|this is|regards,|thanks,|thx|best,|wishes,|name:|data of) ([a-z]+(?: [a-z]\\.)?(?: [a-z]+)?)"
                        + "(?=[,;]|$)",
                "\\b(" + FULL_NAME + ")(?= here\\.| called\\b| said\\b| got\\b| received\\b| / )",
                "[.!?] (" + FULL_NAME + ")(?=$|, )");
        add(
                all,
                "city",
                "(?i)\\b" + SUFFIX + "(?: \\d{1,3}[ab]?)?(?:,| in) ([a-z]+(?: [a-z]+)?)(?=[.,;]|$)",
                "\\b(?:[Ii]n|to|[Ff]rom|near|of) " + PLACE,
                "\\b" + PLACE + "(?= is my home)",
                ", " + PLACE + "(?=$|[;.,])");
        return all;
    }

    private static void add(Map<String, List<Pattern>> all, String label, String... expressions) {
        List<Pattern> some = all.computeIfAbsent(label, name -> new ArrayList<>());
        for (String expression : expressions) {
            some.add(Pattern.compile(expression));
        }
    }

    /** Finds the personal data of a ticket. */
    static List<TagSpan> find(TaggedText ticket) {
        String text = ticket.words().text();
        List<TextSpan> found = new ArrayList<>();
        ALL.forEach((label, expressions) -> expressions.forEach(expression -> {
            for (Matcher match = expression.matcher(text); match.find(); ) {
                TextSpan span = new TextSpan(match.start(1), match.end(1), label);
                if (found.stream().noneMatch(other -> span.start() < other.end() && other.start() < span.end())) {
                    found.add(span);
                }
            }
        }));
        return TaggedText.ofSpans(text, found).tagged();
    }
}
