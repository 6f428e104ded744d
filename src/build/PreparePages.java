import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Prepares the copied pages of the site: {@code java PreparePages.java PAGES INDEX}. Each heading of the markdown files
 * in PAGES gets the anchor that a code host gives it, so that links to headings work in both places. INDEX is the file
 * in which the search of the site looks: a script with the words of each section, without the imports of the code.
 */
public final class PreparePages {
    private static final Pattern HEADING = Pattern.compile("(#{1,4}) (.+)");
    private static final Pattern LINK = Pattern.compile("!?\\[([^\\]]*)\\]\\([^)]*\\)");

    private record Section(String anchor, String heading, StringBuilder text) {}

    private PreparePages() {}

    public static void main(String[] args) throws IOException {
        List<Path> pages;
        try (Stream<Path> files = Files.list(Path.of(args[0]))) {
            pages = files.filter(file -> file.toString().endsWith(".md"))
                    .sorted()
                    .toList();
        }
        List<String> entries = new ArrayList<>();
        for (Path page : pages) {
            entries.add(prepare(page));
        }
        Path index = Path.of(args[1]);
        Files.createDirectories(index.toAbsolutePath().getParent());
        Files.writeString(index, "window.siteIndex = [\n" + String.join(",\n", entries) + "\n];\n");
    }

    /** Writes the anchors into a page and returns its entry in the index. */
    private static String prepare(Path page) throws IOException {
        List<Section> sections = new ArrayList<>();
        Map<String, Integer> uses = new HashMap<>();
        StringBuilder prepared = new StringBuilder();
        boolean isCode = false;
        for (String line : Files.readAllLines(page)) {
            isCode ^= line.startsWith("```");
            Matcher heading = HEADING.matcher(line);
            if (!isCode && heading.matches()) {
                String title = plain(heading.group(2));
                String anchor = anchor(title, uses);
                sections.add(new Section(anchor, title, new StringBuilder()));
                prepared.append(heading.group(1)).append(" <a id=\"").append(anchor).append("\"></a>");
                prepared.append(heading.group(2)).append('\n');
            } else {
                if (!sections.isEmpty() && !line.startsWith("```")) {
                    sections.get(sections.size() - 1).text().append(plain(line)).append(' ');
                }
                prepared.append(line).append('\n');
            }
        }
        Files.writeString(page, prepared);
        String address = page.getFileName().toString().replaceAll("\\.md$", ".html");
        return sections.stream()
                .filter(section -> !section.heading().equals("Imports"))
                .map(section -> "[" + quote(section.anchor()) + "," + quote(section.heading()) + ","
                        + quote(section.text().toString().strip().replaceAll("\\s+", " ")) + "]")
                .collect(Collectors.joining(",\n", "[" + quote(address) + ",[\n", "]]"));
    }

    /** The text of a line without its marks. */
    private static String plain(String line) {
        return LINK.matcher(line).replaceAll("$1").replaceAll("[`*|]", " ").replaceAll(" +", " ").strip();
    }

    /** As code hosts do: lower case, without punctuation, hyphens for spaces, a number if it was used before. */
    private static String anchor(String title, Map<String, Integer> uses) {
        String anchor = title.toLowerCase(Locale.ROOT).replaceAll("[^\\p{L}\\p{N}_ -]", "").replace(' ', '-');
        int use = uses.merge(anchor, 1, Integer::sum);
        return use == 1 ? anchor : anchor + "-" + (use - 1);
    }

    private static String quote(String text) {
        return "\"" + text.replace("\\", "\\\\").replace("\"", "\\\"").replace("<", "\\u003c") + "\"";
    }
}
