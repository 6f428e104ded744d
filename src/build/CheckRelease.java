import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.w3c.dom.Element;
import org.w3c.dom.Node;
import org.w3c.dom.NodeList;

/**
 * Checks what Maven Central demands of a release: {@code java CheckRelease.java FOLDER VERSION}, where FOLDER is a Maven
 * repository. Each pom must describe its project, itself or through its parent, and no version may be a property. Each jar
 * needs sources and Javadoc beside it. Each file needs a signature that gpg accepts, and its MD5 and SHA-1.
 */
public final class CheckRelease {
    private static final List<String> DEMANDED =
            List.of("name", "description", "url", "licenses/license/name", "licenses/license/url", "developers/developer/name",
                    "scm/url", "scm/connection", "scm/developerConnection");

    private final Path group;
    private final String version;
    private final List<String> errors = new ArrayList<>();
    private int signatures;

    private CheckRelease(Path group, String version) {
        this.group = group;
        this.version = version;
    }

    public static void main(String[] args) throws Exception {
        CheckRelease check = new CheckRelease(Path.of(args[0], "org", "lora4j"), args[1]);
        List<Path> modules;
        try (Stream<Path> folders = Files.list(check.group)) {
            modules = folders.filter(Files::isDirectory).sorted().toList();
        }
        for (Path module : modules) {
            check.module(module.getFileName().toString());
        }
        check.errors.forEach(System.err::println);
        if (!check.errors.isEmpty() || modules.isEmpty()) {
            System.err.println("not ready for Maven Central: " + check.errors.size() + " errors in " + modules.size() + " modules");
            System.exit(1);
        }
        System.out.println("ready for Maven Central: " + modules.size() + " modules, " + check.signatures + " signed files");
    }

    private void module(String name) throws Exception {
        Path folder = group.resolve(name).resolve(version);
        Path pom = folder.resolve(name + "-" + version + ".pom");
        if (!Files.isRegularFile(pom)) {
            errors.add(name + ": a module must have the version " + version + ", found no " + pom);
            return;
        }
        Element project = parse(pom);
        for (String path : DEMANDED) {
            if (inherited(project, path).isEmpty()) {
                errors.add(name + ": the pom or its parent must have " + path + ", found none");
            }
        }
        coordinates(name, project);
        if (!inherited(project, "packaging").equals("pom")) {
            for (String ending : List.of(".jar", "-sources.jar", "-javadoc.jar")) {
                Path jar = folder.resolve(name + "-" + version + ending);
                if (!Files.isRegularFile(jar)) {
                    errors.add(name + ": a jar must have sources and Javadoc beside it, found no " + jar.getFileName());
                }
            }
        }
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.sorted().toList()) {
                if (!file.toString().matches(".*\\.(asc|md5|sha1|sha256|sha512)")) {
                    signed(file);
                }
            }
        }
    }

    /** The version of the module must be text, and no dependency may be a snapshot or have a property of the build. */
    private void coordinates(String name, Element project) {
        Element own = child(project, "version") != null ? project : child(project, "parent");
        String found = own == null ? "" : text(own, "version");
        if (!found.equals(version)) {
            errors.add(name + ": the version in the pom must be " + version + ", found " + found);
        }
        NodeList versions = project.getElementsByTagName("version");
        for (int i = 0; i < versions.getLength(); i++) {
            String value = versions.item(i).getTextContent();
            if (value.contains("${revision}") || value.endsWith("-SNAPSHOT")) {
                errors.add(name + ": a version must be that of a release, found " + value);
            }
        }
    }

    private void signed(Path file) throws Exception {
        Path signature = Path.of(file + ".asc");
        if (!Files.isRegularFile(signature)) {
            errors.add(file.getFileName() + ": must be signed, found no " + signature.getFileName());
        } else if (new ProcessBuilder("gpg", "--batch", "--verify", signature.toString(), file.toString())
                        .redirectErrorStream(true)
                        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                        .start()
                        .waitFor()
                != 0) {
            errors.add(file.getFileName() + ": gpg refuses the signature");
        } else {
            signatures++;
        }
        checksum(file, "MD5", ".md5");
        checksum(file, "SHA-1", ".sha1");
    }

    private void checksum(Path file, String algorithm, String ending) throws Exception {
        Path stored = Path.of(file + ending);
        byte[] digest = MessageDigest.getInstance(algorithm).digest(Files.readAllBytes(file));
        String expected = String.format("%0" + 2 * digest.length + "x", new BigInteger(1, digest));
        String found = Files.isRegularFile(stored) ? Files.readString(stored).strip() : "none";
        if (!found.equals(expected)) {
            errors.add(file.getFileName() + ": the " + algorithm + " must be " + expected + ", found " + found);
        }
    }

    /** The text at the path in the pom, or else in the pom of its parent, which must be in the repository too. */
    private String inherited(Element project, String path) throws Exception {
        Element element = project;
        for (String name : path.split("/")) {
            element = element == null ? null : child(element, name);
        }
        if (element != null) {
            return element.getTextContent().strip();
        }
        Element parent = child(project, "parent");
        // Neither the name nor the packaging of a parent holds for its modules.
        if (parent == null || path.equals("name") || path.equals("packaging")) {
            return "";
        }
        String name = text(parent, "artifactId");
        String of = text(parent, "version");
        Path pom = group.resolve(name).resolve(of).resolve(name + "-" + of + ".pom");
        return Files.isRegularFile(pom) ? inherited(parse(pom), path) : "";
    }

    private static Element parse(Path file) throws Exception {
        return DocumentBuilderFactory.newInstance()
                .newDocumentBuilder()
                .parse(file.toFile())
                .getDocumentElement();
    }

    private static Element child(Element parent, String name) {
        for (Node node = parent.getFirstChild(); node != null; node = node.getNextSibling()) {
            if (node instanceof Element element && element.getTagName().equals(name)) {
                return element;
            }
        }
        return null;
    }

    private static String text(Element parent, String name) {
        Element element = child(parent, name);
        return element == null ? "" : element.getTextContent().strip();
    }
}
