import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Checks the built site: {@code java CheckSite.java PAGES SITE}. Every page whose source is in PAGES must be reached
 * from index.html, and no link, image or anchor within the site may be dead, nor any result of the search. Javadoc
 * checks the links inside its own pages.
 */
public final class CheckSite {
    private static final Pattern LINK = Pattern.compile("\\s(?:href|src)=\"([^\"]*)\"");
    private static final Pattern ENTRY = Pattern.compile("\\[\"(?:([^\"]*\\.html)\",\\[$|([^\"]*)\",\")");

    private final Path site;
    private final Set<Path> reached = new TreeSet<>();
    private final Deque<Path> waiting = new ArrayDeque<>();
    private final List<String> wrong = new ArrayList<>();
    private int links;

    private CheckSite(Path site) {
        this.site = site;
    }

    public static void main(String[] args) throws IOException {
        new CheckSite(Path.of(args[1])).check(Path.of(args[0]));
    }

    private void check(Path sources) throws IOException {
        reach(site.resolve("index.html"));
        while (!waiting.isEmpty()) {
            Path page = waiting.remove();
            Matcher link = LINK.matcher(Files.readString(page));
            while (link.find()) {
                follow(page, link.group(1).replace("&amp;", "&"));
            }
        }
        Set<Path> pages = new TreeSet<>();
        try (Stream<Path> files = Files.list(sources)) {
            for (Path source : files.sorted().toList()) {
                Path page = site.resolve(source.getFileName().toString().replaceAll("\\.md$", ".html"));
                pages.add(page);
                if (!reached.contains(page)) {
                    wrong.add(page + ": no link leads from index.html to this page of " + source);
                }
            }
        }
        if (pages.isEmpty()) {
            wrong.add(sources + ": no page");
        }
        checkSearch(site.resolve("js/search-index.js"), pages);
        checkJavadoc(site.resolve("apidocs"));
        if (!wrong.isEmpty()) {
            wrong.forEach(System.err::println);
            System.exit(1);
        }
        System.out.println("the site has " + reached.size() + " pages, and their " + links + " inner links are right");
    }

    /** The search finds each page, and each result leads to a heading. PreparePages.java writes one entry in a line. */
    private void checkSearch(Path index, Set<Path> pages) throws IOException {
        Path page = index;
        Set<Path> unfound = new TreeSet<>(pages);
        for (String line : Files.readAllLines(index)) {
            Matcher entry = ENTRY.matcher(line);
            if (entry.lookingAt() && entry.group(1) != null) {
                page = site.resolve(entry.group(1));
                if (!reached.contains(page)) {
                    wrong.add(index + ": no page " + page);
                    return;
                }
            } else if (entry.lookingAt()) {
                follow(page, "#" + entry.group(2));
                unfound.remove(page);
            }
        }
        unfound.forEach(missing -> wrong.add(index + ": no heading of " + missing));
    }

    /** No package is internal, and the links of the first page to other pages of the site are right. */
    private void checkJavadoc(Path apidocs) throws IOException {
        Path packages = apidocs.resolve("element-list");
        List<String> names = Files.readAllLines(packages);
        if (names.isEmpty()) {
            wrong.add(packages + ": no package");
        }
        for (String name : names) {
            if (name.contains("internal")) {
                wrong.add(packages + ": " + name + " is not API");
            }
        }
        Path first = apidocs.resolve("index.html");
        Matcher link = LINK.matcher(Files.readString(first));
        while (link.find()) {
            if (link.group(1).startsWith("../")) {
                follow(first, link.group(1));
            }
        }
    }

    private void follow(Path page, String link) throws IOException {
        URI uri = URI.create(link);
        if (uri.isAbsolute() || uri.getRawAuthority() != null) {
            return;
        }
        links++;
        Path target = uri.getPath().isEmpty() ? page : page.resolveSibling(uri.getPath()).normalize();
        if (!target.startsWith(site) || !Files.isRegularFile(target)) {
            wrong.add(page + ": dead link " + link);
            return;
        }
        if (uri.getFragment() != null && !Files.readString(target).contains("id=\"" + uri.getFragment() + "\"")) {
            wrong.add(page + ": " + link + " leads to no heading");
        }
        reach(target);
    }

    private void reach(Path page) {
        if (page.toString().endsWith(".html") && !page.startsWith(site.resolve("apidocs")) && reached.add(page)) {
            waiting.add(page);
        }
    }
}
