package org.lora4j.documentation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.lang.reflect.Modifier;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAConfigBuilder;
import org.lora4j.fixtures.Page;
import org.lora4j.fixtures.Page.Block;
import org.lora4j.generate.GenerationOptions;
import org.lora4j.io.ReadOptions;
import org.lora4j.serve.AdapterCache;
import org.lora4j.serve.BatchingPredictor;
import org.lora4j.serve.GenerationService;
import org.lora4j.train.Trainer;

/** The pages agree with the sources, with each other, and with the kept measurements. */
class PagesTest {
    /** The programs whose parts the pages show. The build compiles and runs them. */
    private static final Map<Path, String> PROGRAMS = Stream.of(
                    "lora-core/src/it/consumer",
                    "lora-core/src/test/java/org/lora4j/documentation",
                    "lora-dl4j/src/test/java",
                    "lora-langchain4j/src/test/java",
                    "lora-onednn/src/test/java",
                    "lora-spark/src/test/java",
                    "lora-spring-boot-starter/src/test/java",
                    "lora-text/src/test/java",
                    "lora-mnist-example/src/main/java")
            .flatMap(folder -> Page.files(folder, ".java").stream())
            .collect(Collectors.toMap(
                    program -> program,
                    program -> withoutIndentation(Page.read(program)),
                    (first, second) -> first,
                    LinkedHashMap::new));

    private static final Pattern IMPORT = Pattern.compile(
            "^import (org\\.[\\w.]+|java[\\w.]+|dev[\\w.]+|com\\.(?:sun\\.net|fasterxml)[\\w.]+);", Pattern.MULTILINE);

    private static final Set<String> SETTINGS = settings(
            LoRAConfigBuilder.class,
            Trainer.Builder.class,
            GenerationOptions.class,
            BatchingPredictor.Builder.class,
            GenerationService.Builder.class,
            AdapterCache.Builder.class,
            ReadOptions.class);

    // The code of the pages.

    private static boolean isImports(Block block) {
        return block.text().lines().allMatch(line -> line.isBlank() || line.startsWith("import "));
    }

    private static List<Block> programs(Page page) {
        return page.blocks().stream()
                .filter(block -> block.kind().equals("java") && !isImports(block))
                .toList();
    }

    /** The blocks of xml and Kotlin are those of projects that .ci/run resolves: see src/build/WriteConsumer.java. */
    static List<Block> programs() {
        return Page.all().stream().flatMap(page -> programs(page).stream()).toList();
    }

    /** README.md and the page of the article lead to whole programs. */
    static List<Page> pagesWithImports() {
        return Page.all().stream()
                .filter(page -> !Set.of("README.md", "article.md").contains(page.name()))
                .filter(page -> !programs(page).isEmpty())
                .toList();
    }

    @ParameterizedTest
    @MethodSource("programs")
    void isPartOfAProgramThatRuns(Block block) {
        assertThat(programsWith(block))
                .as("a program must contain the block:%n%s", block.text())
                .isNotEmpty();
    }

    /** A reader who copies the code of a page finds the imports for it on this page. */
    @ParameterizedTest
    @MethodSource("pagesWithImports")
    void aPageHasTheImportsOfItsCode(Page page) {
        // A whole program has its imports at its top.
        Set<String> given = page.blocks().stream()
                .filter(block -> block.kind().equals("java"))
                .flatMap(block -> block.text().lines())
                .filter(line -> line.startsWith("import "))
                .collect(Collectors.toCollection(TreeSet::new));
        Set<String> needed = new TreeSet<>();
        programs(page)
                .forEach(block -> programsWith(block).stream()
                        .limit(1)
                        .forEach(program -> needed.addAll(importsOf(block, program))));
        assertThat(given).isEqualTo(needed);
    }

    /** The imports of the program whose names the block has, and the other types of the program's own package. */
    private static Set<String> importsOf(Block block, Path program) {
        Set<String> types = new LinkedHashSet<>();
        IMPORT.matcher(Page.read(program)).results().forEach(line -> types.add(line.group(1)));
        Path sources =
                Path.of(program.toString().replace("/src/test/", "/src/main/")).getParent();
        if (Objects.requireNonNull(sources).toFile().isDirectory()) {
            String folders = sources.toString();
            String name = folders.substring(folders.indexOf("/java/") + 6).replace('/', '.');
            for (Path type : Page.files(folders.substring("../".length()), ".java")) {
                if (sources.equals(type.getParent()) && !type.equals(program)) {
                    types.add(name + "." + type.getFileName().toString().replace(".java", ""));
                }
            }
        }
        return types.stream()
                .filter(type -> Pattern.compile(
                                "(?<![\\w.\"])" + type.substring(type.lastIndexOf('.') + 1) + "(?![\\w\"])")
                        .matcher(block.text())
                        .find())
                .map(type -> "import " + type + ";")
                .collect(Collectors.toSet());
    }

    private static List<Path> programsWith(Block block) {
        String wanted = withoutIndentation(block.text());
        return PROGRAMS.keySet().stream()
                .filter(program -> PROGRAMS.get(program).contains(wanted))
                .toList();
    }

    /** The lines without indentation and without what a test asserts between them. */
    private static String withoutIndentation(String text) {
        return text.lines()
                .map(String::strip)
                .filter(line -> !line.startsWith("assertThat("))
                .collect(Collectors.joining("\n"));
    }

    /** The build runs this project, which JUnit does not. */
    @Test
    void theCodeInKotlinIsPartOfTheProjectThatRuns() {
        String program =
                withoutIndentation(Page.read(Path.of("../src/kotlin/src/main/kotlin/com/example/QuickStart.kt")));
        List<Block> blocks = Page.of("install.md").blocks().stream()
                .filter(block -> block.kind().equals("kotlin") && !block.text().contains("dependencies {"))
                .toList();
        assertThat(blocks).hasSize(2);
        assertThat(program).contains(withoutIndentation(blocks.get(0).text()));
        assertThat(program.lines()).containsAll(blocks.get(1).text().lines().toList());
    }

    private static double lastNumber(String line) {
        return Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1));
    }

    @Test
    @Tag("slow")
    void theWholeProgramsPrintWhatThePagesShow() throws Exception {
        List<String> trained = Page.of("guide-train.md").requirePrinted(TrainAdapter::main);
        assertThat(lastNumber(trained.get(0))).isLessThan(0.2);
        assertThat(lastNumber(trained.get(1))).isGreaterThan(0.9);
        List<String> exchanged = Page.of("guide-exchange.md").requirePrinted(ExchangeAdapter::main);
        assertThat(exchanged).last().isEqualTo("same output: true");
        List<String> combined = Page.of("guide-combine.md").requirePrinted(CombineAdapters::main);
        assertThat(combined).first().isEqualTo("rank of the sum: 4");
        List<String> adapted = Page.of("guide-samediff.md").requirePrinted(AdaptGraph::main);
        assertThat(adapted).first().asString().endsWith("with the adapter 20");
    }

    // The figures of the pages.

    /** A figure that stands on several pages is the same on all of them. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "\\b(0\\.\\d{3} %)", // the parameters that the article's adapter adds
                "(\\d\\d million) weights",
                "openblas:(\\d[\\d.-]+\\d)",
                "ND4J (1\\.\\d[\\w.-]*\\d)",
                "PEFT (\\d+\\.\\d+\\.\\d+\\.dev\\d+)",
                "need a JDK (\\d+) or later"
            })
    void aFigureIsTheSameOnAllPages(String figure) {
        Map<String, Set<String>> pagesByValue = new TreeMap<>();
        for (Page page : Page.all()) {
            Pattern.compile(figure)
                    .matcher(page.text())
                    .results()
                    .forEach(result -> IntStream.rangeClosed(1, result.groupCount())
                            .mapToObj(result::group)
                            .filter(Objects::nonNull)
                            .forEach(value -> pagesByValue
                                    .computeIfAbsent(value, first -> new TreeSet<>())
                                    .add(page.name())));
        }
        assertThat(pagesByValue).hasSize(1);
    }

    /**
     * Numbers that stand in two places, which are pages or other files.
     *
     * @param what what they are
     * @param here the first place
     * @param pattern finds them there, as its groups
     * @param there the second place
     * @param otherPattern finds them there, in the same order
     */
    private record Twice(String what, String here, String pattern, String there, String otherPattern) {
        private List<String> numbers(String place, String regex) {
            Matcher found = Pattern.compile(regex).matcher(Page.of(place).text());
            assertThat(found.find())
                    .as("%s must have %s, found nothing like %s", place, what, regex)
                    .isTrue();
            return IntStream.rangeClosed(1, found.groupCount())
                    .mapToObj(found::group)
                    .map(number -> number.replace(",", ""))
                    .toList();
        }

        @Override
        public String toString() {
            return what + ": " + here + ", " + there;
        }
    }

    private static final String LOG = "../../bench/results.log";

    static Stream<Twice> numbersInTwoPlaces() {
        String number = "([\\d,.]+)";
        String spread = "([\\d,.]+ ± [\\d,.]+)";
        String wrong = " \\| " + spread + " \\| " + spread + " \\|";
        String row = " \\| 8, 16 \\| " + number + " .*";
        String peak = "LoRA step, 2 texts of 128 tokens%s, peak: lora4j (?:engine )?(\\d+) MB";
        String again = "LoRA step, layers computed again%s, peak: lora4j (?:engine )?(\\d+) MB";
        return Stream.of(
                new Twice(
                        "the errors of the bases",
                        "README.md",
                        "\\| the network" + wrong,
                        "article.md",
                        "\\| the five bases" + wrong),
                new Twice(
                        "the errors without an adapter",
                        "README.md",
                        "\\| adapter switched off" + wrong,
                        "article.md",
                        "\\| the five bases" + wrong),
                new Twice(
                        "the errors with the chosen setting",
                        "README.md",
                        "three nines for each other digit" + wrong,
                        "article.md",
                        "\\| LoRA, the chosen setting" + wrong),
                new Twice(
                        "the errors with the default setting",
                        "README.md",
                        "as many other digits" + wrong,
                        "article.md",
                        "\\| LoRA, Kaiming, replay 0\\.5" + wrong),
                new Twice(
                        "the errors with the article's setting",
                        "README.md",
                        "on nines only" + wrong,
                        "article.md",
                        "\\| LoRA, A from N\\(0, 1\\): the article" + wrong),
                new Twice(
                        "the run of the example",
                        "README.md",
                        "gave " + number + " → " + number + " wrong nines and " + number + " → " + number + " errors",
                        "article.md",
                        "the wrong nines fall from " + number + " to " + number + "\\..* all errors grow from " + number
                                + " to " + number + "\\. On another"),
                new Twice(
                        "the run on another processor",
                        "README.md",
                        "on another EPYC " + number + " → " + number + " and " + number + " → " + number + "\\.",
                        "article.md",
                        "On another AMD EPYC.* from " + number + " to " + number + ", .* from " + number + " to "
                                + number + "\\. In the notebook"),
                new Twice(
                        "the peak of a Llama's step with oneDNN",
                        "guide-train.md",
                        "needs " + number + " MB, and " + number + " MB with",
                        "results.md",
                        "\\| with oneDNN.* \\| " + number + " MB \\|\n\\| with oneDNN, `recomp.* \\| " + number
                                + " MB"),
                new Twice(
                        "the peak of a Llama's step without oneDNN",
                        "guide-train.md",
                        "without oneDNN\\]\\(results.md#memory\\) " + number + " and " + number + " MB",
                        "results.md",
                        "\\| without oneDNN \\| " + number + " MB \\|\n\\| without oneDNN, `recomp.* \\| " + number
                                + " MB"),
                new Twice(
                        "the peak of PyTorch",
                        "results.md",
                        "\\| PyTorch \\| " + number + " MB",
                        LOG,
                        "LoRA step, 2 texts of 128 tokens, peak: .*, PyTorch \\S+ " + number + " MB"),
                new Twice(
                        "the peak with oneDNN",
                        "results.md",
                        "\\| with oneDNN, which.* \\| " + number + " MB",
                        LOG,
                        peak.formatted(", oneDNN")),
                new Twice(
                        "the peak without oneDNN",
                        "results.md",
                        "\\| without oneDNN \\| " + number + " MB",
                        LOG,
                        peak.formatted("")),
                new Twice(
                        "the peak with oneDNN and bfloat16",
                        "results.md",
                        "\\| with oneDNN, base in `BFLOAT16` \\| " + number + " MB",
                        LOG,
                        peak.formatted(", base in bfloat16, oneDNN")),
                new Twice(
                        "the peak with oneDNN and recomputed activations",
                        "results.md",
                        "\\| with oneDNN, `recomp.* \\| " + number + " MB",
                        LOG,
                        again.formatted(", oneDNN")),
                new Twice(
                        "the peak without oneDNN and with recomputed activations",
                        "results.md",
                        "\\| without oneDNN, `recomp.* \\| " + number + " MB",
                        LOG,
                        again.formatted("")),
                new Twice(
                        "the peak with a small heap",
                        "results.md",
                        "a peak of " + number + " MB.* within ± " + number + " %",
                        LOG,
                        "small heap: peak " + number + " MB; .* resident ±" + number + " %"),
                new Twice(
                        "the first and later starts",
                        "results.md",
                        "unpacks " + number + " MB .* takes " + number + " s .* Later starts take " + number
                                + " s\\. PyTorch takes " + number + " s",
                        LOG,
                        // In the order of the page.
                        "(?=.*unpacks " + number + " MB)to the first step: first start " + number + " s .* later "
                                + number + " s .* PyTorch " + number + " s"),
                new Twice(
                        "the size of oneDNN",
                        "engine.md",
                        "takes " + number + " MB on Linux, " + number + " MB unpacked",
                        "install.md",
                        "If " + number + " MB are too many, or " + number + " MB unpacked"),
                new Twice(
                        "the version of oneDNN",
                        "results.md",
                        "oneDNN (\\d+\\.\\d+)",
                        "install.md",
                        "org.bytedeco:dnnl:(\\d+\\.\\d+)-"),
                new Twice(
                        "the parameters of MiniLM, in millions",
                        "models.md",
                        "all-MiniLM-L6-v2 (\\d+)",
                        "fine-tuning.md",
                        "all-MiniLM-L6-v2 with (\\d+) million weights"),
                new Twice(
                        "the file of MiniLM",
                        "deploy.md",
                        number + " MB for all-MiniLM-L6-v2",
                        "fine-tuning.md",
                        "the model " + number + " MB"),
                new Twice(
                        "the weights of RichBoyNet",
                        "deploy.md",
                        number + " MB for 2\\.8 million",
                        "../../bench/figures.md",
                        number + " MB for the base"),
                new Twice(
                        "the rates of the commands",
                        "guide-train.md",
                        "(?s)`lora rerank`" + row + "`lora retrieve`" + row,
                        "command-line.md",
                        "(?=.* " + number + " for `rerank`).* " + number + " for `classify` and `retrieve`"),
                new Twice(
                        "the rates of language models",
                        "guide-train.md",
                        "(?s)`lora clm` \\| 8, 16 \\| " + number + "·.*`lora dpo` \\| 8, 16 \\| " + number + "·",
                        "command-chats.md",
                        " " + number + "·\\(2000/d\\)\\^0\\.78 for `sft` and `clm`.* " + number
                                + "·\\(2000/d\\)\\^0\\.78 for `dpo`"),
                new Twice(
                        "the rate of lora classify",
                        "guide-train.md",
                        "`lora classify` \\| 8, 16 \\| " + number + " ",
                        "command-line.md",
                        " " + number + " for `classify`"),
                new Twice(
                        "the rate of lora retrieve",
                        "guide-texts.md",
                        "`lora retrieve` has the rate " + number + "\\. ",
                        "guide-train.md",
                        "`lora retrieve` \\| 8, 16 \\| " + number + " "));
    }

    /** So two pages cannot drift apart, nor a page and the kept measurement. */
    @ParameterizedTest
    @MethodSource
    void numbersInTwoPlaces(Twice twice) {
        List<String> here = twice.numbers(twice.here(), twice.pattern());
        List<String> there = twice.numbers(twice.there(), twice.otherPattern());
        assertThat(here)
                .as(
                        "%s must be the same in both places: %s has %s, %s has %s",
                        twice.what(), twice.here(), here, twice.there(), there)
                .isEqualTo(there);
    }

    private static List<String> row(Page page, String name) {
        return page.rows().stream()
                .filter(cells -> cells.get(0).equals(name))
                .findFirst()
                .orElseThrow(() -> new AssertionError(page + " must have the row '" + name + "'"));
    }

    /** The page of the article has the same run three times: as it is printed, as a table, and in words. */
    @Test
    void theArticleHasTheFiguresOfItsRun() {
        Page article = Page.of("article.md");
        List<String> base = row(article, "base");
        List<String> adapted = row(article, "LoRA on, or merged");
        assertThat(article.text())
                .contains("the wrong nines fall from " + base.get(10) + " to " + adapted.get(10) + ".")
                .contains("all errors grow from " + base.get(11) + " to " + adapted.get(11) + ".");
        for (List<String> row : List.of(base, adapted)) {
            String printed = row.subList(1, 11).stream().collect(Collectors.joining(" +"));
            assertThat(article.text())
                    .containsPattern((row == base ? "base +" : "LoRA on +") + printed + " +" + row.get(12));
        }
    }

    /** A line of a table of results: work, ratio, goal, whether it is met, time, peer, its time, and perhaps the least ratio. */
    static List<List<String>> results() {
        return Page.of("results.md").rows().stream()
                .filter(cells -> cells.size() > 6 && cells.get(3).matches("yes|no"))
                .toList();
    }

    /** A time in microseconds, and the half of the last digit that is shown. */
    private record Time(double micros, double half) {
        static Time of(String cell) {
            Matcher time = Pattern.compile("\\d+(?:\\.(\\d+))? (µs|ms|s)").matcher(cell);
            assertThat(time.matches()).as(cell).isTrue();
            double unit = switch (time.group(2)) {
                case "s" -> 1e6;
                case "ms" -> 1e3;
                default -> 1;
            };
            int decimals = time.group(1) == null ? 0 : time.group(1).length();
            return new Time(
                    Double.parseDouble(cell.substring(0, cell.indexOf(' '))) * unit,
                    unit * 0.5 * Math.pow(10, -decimals));
        }
    }

    @Test
    void theResultsAreTwoShortTables() {
        assertThat(results()).hasSizeBetween(10, 25);
    }

    @ParameterizedTest
    @MethodSource("results")
    void aResultHasTheRatioOfItsTimesWhichAreThoseOfTheKeptRun(List<String> cells) {
        Time time = Time.of(cells.get(4));
        Time peer = Time.of(cells.get(6));
        double ratio = Double.parseDouble(cells.get(1));
        double goal = Double.parseDouble(cells.get(2).replace("≤ ", ""));
        assertThat(ratio).isCloseTo(time.micros() / peer.micros(), within(0.011));
        assertThat(cells.get(3)).isEqualTo(ratio <= goal ? "yes" : "no");
        String log = Page.read(Path.of("../src/bench/results.log"));
        for (Time shown : List.of(time, peer)) {
            assertThat(DoubleStream.concat(medians(log), inTables(log)))
                    .anyMatch(micros -> Math.abs(micros - shown.micros()) <= 1.01 * shown.half());
        }
    }

    /** The median of each work over its runs. */
    private static DoubleStream medians(String log) {
        return Pattern.compile("run \\d+: (.*): (\\d+) µs")
                .matcher(log)
                .results()
                .collect(Collectors.groupingBy(
                        run -> run.group(1),
                        Collectors.mapping(run -> Double.valueOf(run.group(2)), Collectors.toList())))
                .values()
                .stream()
                .map(times -> times.stream().sorted().toList())
                .mapToDouble(sorted -> (sorted.get((sorted.size() - 1) / 2) + sorted.get(sorted.size() / 2)) / 2);
    }

    /** The times in the table of the trainings, in seconds, and in those of the transformers, in milliseconds. */
    private static DoubleStream inTables(String log) {
        int train = log.indexOf("| time to train");
        int end = log.indexOf("\n\n", train);
        return DoubleStream.concat(
                inTable(log.substring(train, end), 1e6), inTable(log.substring(0, train) + log.substring(end), 1e3));
    }

    private static DoubleStream inTable(String log, double unit) {
        return Pattern.compile("\\| ([\\d.]+) \\(")
                .matcher(log)
                .results()
                .mapToDouble(cell -> unit * Double.parseDouble(cell.group(1)));
    }

    // The names on the pages.

    @Test
    void thePagesOnGuaranteesAndDifferencesNameTestsThatThereAre() {
        Set<String> named = Pattern.compile("`(\\w+Test)`")
                .matcher(Page.of("guarantees.md").text()
                        + Page.of("differences.md").text())
                .results()
                .map(test -> test.group(1) + ".java")
                .collect(Collectors.toSet());
        assertThat(named).hasSizeGreaterThan(10);
        assertThat(Page.files("lora-core/src/test/java", ".java"))
                .map(file -> file.getFileName().toString())
                .containsAll(named);
    }

    /** In its tables of what to touch. Other words in code there are no names of classes. */
    @Test
    void thePageOnContributionsNamesFilesThatThereAre() {
        Set<String> named = Pattern.compile("`([A-Z][a-z]\\w+)`")
                .matcher(Page.of("../../../.github/CONTRIBUTING.md")
                        .section("Add something")
                        .text())
                .results()
                .map(name -> name.group(1) + ".java")
                .collect(Collectors.toSet());
        assertThat(named).hasSizeGreaterThan(30);
        assertThat(Stream.of(
                                "lora-core/src",
                                "lora-onednn/src",
                                "lora-console/src",
                                "lora-cli/src",
                                "lora-spark/src",
                                "lora-text/src",
                                "src/bench",
                                "src/build")
                        .flatMap(folder -> Page.files(folder, ".java").stream()))
                .map(file -> file.getFileName().toString())
                .containsAll(named);
    }

    /** The methods that return another or the same object of settings. */
    private static Set<String> settings(Class<?>... types) {
        return Arrays.stream(types)
                .flatMap(type -> Arrays.stream(type.getDeclaredMethods())
                        .filter(method -> Modifier.isPublic(method.getModifiers()) && !method.isSynthetic())
                        .filter(method -> method.getReturnType() == type && method.getParameterCount() > 0)
                        .filter(method -> !Modifier.isStatic(method.getModifiers())))
                .map(method -> method.getName())
                .collect(Collectors.toCollection(TreeSet::new));
    }

    @Test
    void thePageOnConfigurationHasAllSettings() {
        assertThat(SETTINGS).hasSizeGreaterThan(50);
        assertThat(Page.of("configuration.md").text())
                .contains(SETTINGS.stream().map(name -> "`" + name + "`").toList());
    }

    @ParameterizedTest
    @ValueSource(strings = {"Adapters", "Training", "Generation", "Serving", "Readers' limits"})
    void thePageOnConfigurationHasNoSettingThatThereIsNot(String title) {
        List<String> named = Page.of("configuration.md")
                .section(title)
                .namesInTables("`(\\w+)`")
                .toList();
        assertThat(named).isNotEmpty();
        assertThat(SETTINGS).containsAll(named);
    }

    static Stream<List<String>> defaults() {
        LoRAConfig config = LoRAConfig.builder().build();
        GenerationOptions greedy = GenerationOptions.greedy();
        ReadOptions reading = ReadOptions.defaults();
        return Stream.of(
                List.of("rank", "" + config.rank()),
                List.of("alpha", String.format(Locale.ROOT, "%.0f", config.alpha())),
                List.of("rankStabilized", "" + config.rankStabilized()),
                List.of("dora", "" + config.dora()),
                List.of("dropout", String.format(Locale.ROOT, "%.0f", config.dropout())),
                List.of("seed", "" + config.seed()),
                List.of("bias", "`" + config.bias() + "`"),
                List.of("loraBias", "" + config.loraBias()),
                List.of("withTemperature", String.format(Locale.ROOT, "%.0f", greedy.temperature())),
                List.of("withTopK", "" + greedy.topK()),
                List.of("withTopP", String.format(Locale.ROOT, "%.0f", greedy.topP())),
                List.of("withMinP", String.format(Locale.ROOT, "%.0f", greedy.minP())),
                List.of("withRepetitionPenalty", String.format(Locale.ROOT, "%.0f", greedy.repetitionPenalty())),
                List.of("of(check)", "`" + reading.fingerprintCheck() + "`"),
                List.of("withFileBytes", (reading.fileBytes() >> 30) + " GiB"),
                List.of("withHeaderBytes", (reading.headerBytes() >> 20) + " MiB"),
                List.of("withTensors", String.format(Locale.ROOT, "%,d", reading.tensors())),
                List.of("withConfigBytes", (reading.configBytes() >> 20) + " MiB"));
    }

    @ParameterizedTest
    @MethodSource("defaults")
    void thePageOnConfigurationHasTheDefault(List<String> settingAndValue) {
        String setting = "`" + settingAndValue.get(0) + "`";
        assertThat(Page.of("configuration.md").rows())
                .anyMatch(cells ->
                        cells.size() > 1 && cells.subList(0, 2).equals(List.of(setting, settingAndValue.get(1))));
    }
}
