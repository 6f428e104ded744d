import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

/**
 * Writes the projects of people who follow the documentation: {@code java WriteConsumer.java FOLDER}, run from the root of
 * the sources. FOLDER/program is the project in lora-core/src/it/consumer with README.md's xml blocks in it, as printed.
 * FOLDER/blocks has a project for each other block of xml or Gradle's Kotlin that names dependencies or plugins. The
 * versions must be those that the build itself uses; those of Spark and Scala are in lora-spark/pom.xml.
 */
public final class WriteConsumer {
    private static final Path TEMPLATE = Path.of("lora-core/src/it/consumer");
    private static final Path README = Path.of("README.md");
    private static final Path PAGES = Path.of("src/site/markdown");
    private static final String PLACE = "<!-- README.md -->";
    private static final Pattern BLOCK =
            Pattern.compile("^```(xml|kotlin)\n(.*?)^```", Pattern.MULTILINE | Pattern.DOTALL);
    private static final Pattern GRADLE = Pattern.compile(
            "^ *(?:implementation|runtimeOnly|api)\\((platform\\()?\"([^:\"]+):([^:\"]+)(?::([^:\"]+))?(?::([^:\"]+))?\"\\)+(?: \\{\n((?:(?! *\\}$).*\n)*) *\\})?$",
            Pattern.MULTILINE);
    private static final Pattern EXCLUDED =
            Pattern.compile("^exclude\\(group = \"([^\"]+)\"(?:, module = \"([^\"]+)\")?\\)$");

    private WriteConsumer() {}

    public static void main(String[] args) throws Exception {
        Path folder = Path.of(args[0]);
        Files.createDirectories(folder);
        // Neither the settings of the user nor the options in .mvn of this build apply to it.
        Files.writeString(folder.resolve("settings.xml"), "<settings/>\n");
        writeProgram(folder.resolve("program"));
        writeBlocks(folder.resolve("blocks"));
        checkBom(parse(Path.of("lora-bom/pom.xml")));
    }

    /** The bill of materials writes out the versions of others, so they could differ from those of the build. */
    private static void checkBom(Element bom) throws Exception {
        checkVersions(bom);
        Element parent = parse(Path.of("pom.xml"));
        Set<String> offered = artifacts(bom, parent);
        NodeList programs = parent.getElementsByTagName("excludeArtifact");
        Set<String> unpublished = new HashSet<>();
        for (int i = 0; i < programs.getLength(); i++) {
            unpublished.add(programs.item(i).getTextContent());
        }
        NodeList modules = parent.getElementsByTagName("module");
        for (int i = 0; i < modules.getLength(); i++) {
            String module = modules.item(i).getTextContent();
            boolean isOffered = offered.stream().anyMatch(artifact -> artifact.contains(":" + module + ":"));
            boolean isNoDependency = module.endsWith("-bom") || module.endsWith("-archetype");
            require(
                    isOffered || isNoDependency || unpublished.contains(module),
                    "lora-bom must have each module that is published",
                    "no " + module);
        }
    }

    private static void writeProgram(Path folder) throws Exception {
        copy(TEMPLATE.resolve("src"), folder.resolve("src"));
        Files.createDirectories(folder.resolve(".mvn"));
        StringBuilder blocks = new StringBuilder();
        for (Matcher block = BLOCK.matcher(Files.readString(README)); block.find(); ) {
            if (block.group(1).equals("xml")) {
                blocks.append(block.group(2));
            }
        }
        String template = Files.readString(TEMPLATE.resolve("pom.xml"));
        require(template.contains(PLACE), TEMPLATE + "/pom.xml must contain " + PLACE, "none");
        Path pom = folder.resolve("pom.xml");
        Files.writeString(pom, template.replace(PLACE, blocks));
        checkVersions(parse(pom));
    }

    private static void writeBlocks(Path folder) throws Exception {
        List<String> modules = new ArrayList<>();
        List<Path> pages = new ArrayList<>(List.of(README));
        try (Stream<Path> files = Files.list(PAGES)) {
            files.filter(file -> file.toString().endsWith(".md")).sorted().forEach(pages::add);
        }
        for (Path page : pages) {
            int count = 0;
            for (Matcher block = BLOCK.matcher(Files.readString(page)); block.find(); ) {
                String content = block.group(1).equals("xml") ? ofMaven(block.group(2)) : ofGradle(block.group(2));
                if (content == null || page.equals(README) && block.group(1).equals("xml")) {
                    continue;
                }
                String name = page.getFileName().toString().replace(".md", "") + "-" + ++count;
                Path pom = folder.resolve(name).resolve("pom.xml");
                Files.createDirectories(pom.getParent());
                Files.writeString(pom, project(name, "jar", content));
                checkVersions(parse(pom));
                modules.add("<module>" + name + "</module>");
            }
        }
        Files.createDirectories(folder.resolve(".mvn"));
        Files.writeString(
                folder.resolve("pom.xml"),
                project("blocks", "pom", "<modules>" + String.join("", modules) + "</modules>"));
        System.out.println("projects of the documentation's blocks: " + modules.size());
    }

    private static String project(String name, String packaging, String content) {
        return """
                <project xmlns="http://maven.apache.org/POM/4.0.0">
                <modelVersion>4.0.0</modelVersion>
                <groupId>com.example</groupId><artifactId>%s</artifactId><version>1</version><packaging>%s</packaging>
                %s
                </project>
                """.formatted(name, packaging, content);
    }

    /** The block where it belongs in a pom, or null if it has neither dependencies nor plugins. */
    private static String ofMaven(String block) {
        String start = block.strip().replaceAll("(?s)<!--.*?-->", "").strip();
        if (start.startsWith("<dependency>")) {
            return "<dependencies>" + block + "</dependencies>";
        }
        if (start.startsWith("<plugin>")) {
            return "<build><plugins>" + block + "</plugins></build>";
        }
        return start.startsWith("<dependencies>")
                        || start.startsWith("<dependencyManagement>")
                        || start.startsWith("<properties>")
                ? block
                : null;
    }

    /** The dependencies of a block of Gradle's Kotlin, as Maven has them, or null if there are none. */
    private static String ofGradle(String block) {
        StringBuilder managed = new StringBuilder();
        StringBuilder used = new StringBuilder();
        String resolved = block;
        // Gradle's values: val name = "value"
        for (Matcher value = Pattern.compile("val (\\w+) = \"([^\"]*)\"").matcher(block); value.find(); ) {
            resolved = resolved.replace("$" + value.group(1), value.group(2));
        }
        for (Matcher line = GRADLE.matcher(resolved); line.find(); ) {
            String coordinates = "<groupId>" + line.group(2) + "</groupId><artifactId>" + line.group(3) + "</artifactId>"
                    + (line.group(4) == null ? "" : "<version>" + line.group(4) + "</version>")
                    + (line.group(5) == null ? "" : "<classifier>" + line.group(5) + "</classifier>")
                    + (line.group(6) == null ? "" : "<exclusions>" + exclusions(line.group(6)) + "</exclusions>");
            if (line.group(1) == null) {
                used.append("<dependency>").append(coordinates).append("</dependency>\n");
            } else {
                managed.append("<dependency>").append(coordinates).append("<type>pom</type><scope>import</scope></dependency>\n");
            }
        }
        long expected = Pattern.compile("^ *(implementation|runtimeOnly|api)\\(", Pattern.MULTILINE)
                .matcher(block)
                .results()
                .count();
        long found = GRADLE.matcher(resolved).results().count();
        require(found == expected, "each dependency of a Gradle block must be read, " + expected + " in\n" + block, found);
        return found == 0
                ? null
                : "<dependencyManagement><dependencies>" + managed + "</dependencies></dependencyManagement>\n<dependencies>"
                        + used + "</dependencies>";
    }

    /** What the lines of Gradle's Kotlin leave out of a dependency, as Maven has it. */
    private static String exclusions(String lines) {
        StringBuilder exclusions = new StringBuilder();
        for (String line : lines.strip().split("\\s*\n\\s*")) {
            Matcher excluded = EXCLUDED.matcher(line);
            boolean isAll = line.equals("isTransitive = false");
            require(isAll || excluded.matches(), "a line of a Gradle dependency must exclude something", line);
            String group = isAll ? "*" : excluded.group(1);
            String artifact = isAll || excluded.group(2) == null ? "*" : excluded.group(2);
            exclusions.append("<exclusion><groupId>%s</groupId><artifactId>%s</artifactId></exclusion>"
                    .formatted(group, artifact));
        }
        return exclusions.toString();
    }

    private static void checkVersions(Element consumer) throws Exception {
        Element parent = parse(Path.of("pom.xml"));
        Set<String> expected = artifacts(parent, parent);
        expected.addAll(artifacts(parse(Path.of("lora-spark/pom.xml")), parent));
        for (String artifact : artifacts(consumer, parent)) {
            String name = artifact.substring(0, artifact.lastIndexOf(':') + 1);
            List<String> managed =
                    expected.stream().filter(other -> other.startsWith(name)).toList();
            // The build does not use everything that it offers to others, Spring Boot for example.
            require(managed.isEmpty() || managed.contains(artifact), "a dependency must be one of pom.xml's, " + managed, artifact);
        }
    }

    /** The dependencies that have a version, as group:artifact:version. */
    private static Set<String> artifacts(Element project, Element parent) {
        Set<String> artifacts = new TreeSet<>();
        NodeList dependencies = project.getElementsByTagName("dependency");
        for (int i = 0; i < dependencies.getLength(); i++) {
            Element dependency = (Element) dependencies.item(i);
            String version = resolve(text(dependency, "version"), project, parent);
            if (!version.isEmpty()) {
                artifacts.add(text(dependency, "groupId") + ":" + text(dependency, "artifactId") + ":" + version);
            }
        }
        return artifacts;
    }

    /** The value of a version, which may be a property of the project or of its parent. */
    private static String resolve(String version, Element project, Element parent) {
        if (!version.startsWith("${")) {
            return version;
        }
        String property = version.substring(2, version.length() - 1);
        if (property.equals("project.version")) {
            property = "revision";
        }
        String value = text(project, property);
        return resolve(value.isEmpty() ? text(parent, property) : value, project, parent);
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
            System.err.println("wrong project of the documentation: " + rule + ", found " + found);
            System.exit(1);
        }
    }
}
