import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Runs the commands of the recipes in src/site/markdown, as printed: {@code java RunRecipes.java FOLDER DATA [RECIPE...]}, from the root
 * of the sources. FOLDER gets a folder for each recipe, and DATA is what {@code lora-text-example files} wrote. The lines of the block
 * behind a block of commands must be printed in this order, with other numbers perhaps. Other lines may stand between them.
 */
public final class RunRecipes {
    private static final Path PAGES = Path.of("src/site/markdown");
    private static final Pattern COMMANDS =
            Pattern.compile("^```sh\n(.*?)^```\n\n(?:```\n(.*?)^```\n)?", Pattern.MULTILINE | Pattern.DOTALL);
    private static final Pattern NUMBER = Pattern.compile("[−+-]?\\d[\\d.,]*");

    private RunRecipes() {}

    public static void main(String[] args) throws Exception {
        Path folder = Path.of(args[0]);
        Path data = Path.of(args[1]).toRealPath();
        List<String> wanted = List.of(args).subList(2, args.length);
        List<Path> pages;
        try (Stream<Path> all = Files.list(PAGES)) {
            pages = all.filter(page -> name(page).startsWith("recipe-"))
                    .filter(page -> wanted.isEmpty() || wanted.contains(name(page)))
                    .sorted()
                    .toList();
        }
        int blocks = 0;
        for (Path page : pages) {
            long start = System.nanoTime();
            int ran = run(page, Files.createDirectories(folder.resolve(name(page))), data);
            blocks += ran;
            if (ran > 0) {
                System.out.printf("%s: right, in %d seconds%n", name(page), (System.nanoTime() - start) / 1_000_000_000);
            }
        }
        if (blocks == 0) {
            throw new IllegalStateException("there must be recipes with commands, found none in " + PAGES);
        }
    }

    private static String name(Path page) {
        return page.getFileName().toString().replace(".md", "");
    }

    private static int run(Path page, Path folder, Path data) throws Exception {
        link(folder.resolve("data"), data);
        link(folder.resolve("lora-text-example"), Path.of("lora-text-example").toRealPath());
        int ran = 0;
        for (Matcher block = COMMANDS.matcher(Files.readString(page)); block.find(); ran++) {
            String printed = printed(block.group(1), folder, page);
            if (block.group(2) != null) {
                requireLines(block.group(2).lines().toList(), printed, page);
            }
        }
        return ran;
    }

    private static void link(Path link, Path target) throws IOException {
        Files.deleteIfExists(link);
        Files.createSymbolicLink(link, target);
    }

    private static String printed(String commands, Path folder, Path page) throws Exception {
        Path jar = Path.of("lora-cli/target/lora-cli.jar").toRealPath();
        Path output = folder.resolve("printed.txt");
        int code = new ProcessBuilder("bash", "-euo", "pipefail", "-c", "lora() { java -jar '" + jar + "' \"$@\"; }\n" + commands)
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start()
                .waitFor();
        String printed = Files.readString(output, StandardCharsets.UTF_8);
        if (code != 0) {
            throw new IllegalStateException(page + ": the commands must succeed, found the exit code " + code + " after\n" + printed);
        }
        return printed;
    }

    private static void requireLines(List<String> expected, String printed, Path page) {
        List<String> left = new ArrayList<>(printed.lines().map(RunRecipes::withoutNumbers).toList());
        for (String line : expected) {
            int found = left.indexOf(withoutNumbers(line));
            if (found < 0) {
                throw new IllegalStateException(page + ": the commands must print, in this order\n" + line + "\nfound\n" + printed);
            }
            left.subList(0, found + 1).clear();
        }
    }

    private static String withoutNumbers(String line) {
        return NUMBER.matcher(line.replaceAll("\\s+", " ").strip()).replaceAll("#");
    }
}
