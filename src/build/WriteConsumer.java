import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

/**
 * Writes the project of somebody who follows README.md: {@code java WriteConsumer.java FOLDER}, run from the root of
 * the sources. Its pom is the one in lora-core/src/it/consumer with README.md's xml blocks in it, as printed; only the
 * platform is this machine's. The versions must be those that the build itself uses.
 */
public final class WriteConsumer {
    private static final Path TEMPLATE = Path.of("lora-core/src/it/consumer");
    private static final String PLACE = "<!-- README.md -->";
    private static final Pattern BLOCK = Pattern.compile("^```xml\n(.*?)^```", Pattern.MULTILINE | Pattern.DOTALL);
    private static final Pattern PLATFORM = Pattern.compile("(?<=<native\\.platform>)[^<]*");

    private WriteConsumer() {}

    public static void main(String[] args) throws Exception {
        Path folder = Path.of(args[0]);
        String blocks = blocks();
        copy(TEMPLATE.resolve("src"), folder.resolve("src"));
        // Neither the settings of the user nor the options in .mvn of this build apply to it.
        Files.writeString(folder.resolve("settings.xml"), "<settings/>\n");
        Files.createDirectories(folder.resolve(".mvn"));

        String template = Files.readString(TEMPLATE.resolve("pom.xml"));
        require(template.contains(PLACE), TEMPLATE + "/pom.xml must contain " + PLACE, "none");
        Path pom = folder.resolve("pom.xml");
        Files.writeString(pom, template.replace(PLACE, blocks));
        checkVersions(parse(pom), parse(Path.of("pom.xml")));
    }

    private static String blocks() throws Exception {
        List<String> found = new ArrayList<>();
        Matcher block = BLOCK.matcher(Files.readString(Path.of("README.md")));
        while (block.find()) {
            found.add(block.group(1));
        }
        String blocks = String.join("\n", found);

        NodeList platforms = parse(Path.of("pom.xml")).getElementsByTagName("native.platform");
        for (int i = 0; i < platforms.getLength(); i++) {
            String platform = platforms.item(i).getTextContent();
            require(blocks.contains(platform), "the xml blocks must name the platform " + platform, "none");
        }
        long lines = PLATFORM.matcher(blocks).results().count();
        require(lines == 1, "the xml blocks must set native.platform in one line", lines + " lines");
        return PLATFORM.matcher(blocks).replaceFirst(thisPlatform());
    }

    /** This machine, named as the classifiers of ND4J name it. */
    private static String thisPlatform() {
        String system = System.getProperty("os.name").toLowerCase(Locale.ROOT);
        String name = system.startsWith("windows") ? "windows" : system.startsWith("mac") ? "macosx" : "linux";
        return name + (System.getProperty("os.arch").equals("aarch64") ? "-arm64" : "-x86_64");
    }

    private static void checkVersions(Element consumer, Element build) {
        Set<String> expected = artifacts(build);
        for (String artifact : artifacts(consumer)) {
            String name = artifact.substring(0, artifact.lastIndexOf(':') + 1);
            List<String> managed =
                    expected.stream().filter(other -> other.startsWith(name)).toList();
            require(managed.contains(artifact), "a dependency must be one of pom.xml's, " + managed, artifact);
        }
    }

    /** The dependencies that have a version, as group:artifact:version. */
    private static Set<String> artifacts(Element project) {
        Set<String> artifacts = new TreeSet<>();
        NodeList dependencies = project.getElementsByTagName("dependency");
        for (int i = 0; i < dependencies.getLength(); i++) {
            Element dependency = (Element) dependencies.item(i);
            String version = text(dependency, "version");
            if (version.startsWith("${")) {
                String property = version.substring(2, version.length() - 1);
                version = text(project, property.equals("project.version") ? "version" : property);
            }
            if (!version.isEmpty()) {
                artifacts.add(text(dependency, "groupId") + ":" + text(dependency, "artifactId") + ":" + version);
            }
        }
        return artifacts;
    }

    /** The text of the first element of that name, empty if there is none. */
    private static String text(Element parent, String name) {
        NodeList elements = parent.getElementsByTagName(name);
        return elements.getLength() == 0 ? "" : elements.item(0).getTextContent().strip();
    }

    private static Element parse(Path file) throws Exception {
        return DocumentBuilderFactory.newInstance()
                .newDocumentBuilder()
                .parse(file.toFile())
                .getDocumentElement();
    }

    private static void copy(Path from, Path to) throws IOException {
        try (Stream<Path> files = Files.walk(from)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                Path copy = to.resolve(from.relativize(file));
                Files.createDirectories(copy.getParent());
                Files.copy(file, copy);
            }
        }
    }

    private static void require(boolean holds, String rule, Object found) {
        if (!holds) {
            System.err.println("wrong project of README.md: " + rule + ", found " + found);
            System.exit(1);
        }
    }
}
