package org.lora4j.documentation;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import javax.tools.Diagnostic;
import javax.tools.DiagnosticCollector;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.fixtures.Page;

/**
 * The samples in the Javadoc of this module and on its front page compile. The guides run the same calls, so these samples
 * are not run. The samples of other modules are part of the tests there.
 */
@Tag("slow")
class JavadocSamplesTest {
    private static final String SOURCES = "lora-core/src/main/java/";
    private static final Path FRONT_PAGE = Path.of("../src/main/javadoc/overview.html");
    private static final Pattern SAMPLE = Pattern.compile("<pre>\\{@code\n(.*?)}</pre>", Pattern.DOTALL);

    /** A builder without its end, which the text around the sample talks about. */
    private static final Pattern WITHOUT_END = Pattern.compile("\\)$(?=\n(?! )|\\z)", Pattern.MULTILINE);

    /** What the samples use and do not declare. */
    private static final String PROGRAM = """
            import java.nio.file.*;
            import java.time.*;
            import java.util.*;
            import java.util.concurrent.*;
            import org.lora4j.*;
            import org.lora4j.adapter.*;
            import org.lora4j.algebra.*;
            import org.lora4j.generate.*;
            import org.lora4j.io.*;
            import org.lora4j.io.gguf.*;
            import org.lora4j.io.gguf.model.*;
            import org.lora4j.io.peft.*;
            import org.lora4j.io.safetensors.*;
            import org.lora4j.linalg.*;
            import org.lora4j.nn.*;
            import org.lora4j.nn.input.*;
            import org.lora4j.nn.layer.*;
            import org.lora4j.nn.parameter.*;
            import org.lora4j.nn.transformer.*;
            import org.lora4j.samediff.*;
            import org.lora4j.serve.*;
            import org.lora4j.train.*;
            import org.nd4j.autodiff.samediff.SameDiff;
            import org.nd4j.linalg.api.buffer.DataType;
            import org.nd4j.linalg.api.ndarray.INDArray;
            import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
            import org.nd4j.linalg.learning.config.*;

            abstract class %s {
                LoRAModel model;
                AdapterView view, nine;
                LoRAAdapter adapter, a, b;
                Network network, base;
                Linear query, key, value, output;
                SameDiff graph;
                Trainer trainer;
                BatchGradients.Source source;
                AdapterCache cache;
                BatchingPredictor predictor;
                BatchGenerator batch;
                GenerationOptions options;
                GenerationService service;
                GenerationRequest request;
                DataSetIterator data, allDigits, digitNine, eights, nines, spamData;
                Batch part;
                List<Batch> heldOut;
                List<Input> inputs;
                List<Integer> tokens;
                INDArray x, w, row, labels;
                Map<String, INDArray> feed;
                int[][] ids;
                int[] prompt, otherPrompt;
                int end;
                byte[] config, tensors;
                long seed;
                Path file, folder;

                abstract void store(byte[] config, byte[] tensors);

                abstract byte[] read(String key);

                void sample() throws Exception {
            %s
                }
            }
            """;

    @TempDir
    private Path classes;

    private static final class Sample extends SimpleJavaFileObject {
        private final String program;

        Sample(String name, String lines) {
            super(URI.create("string:///" + name + ".java"), Kind.SOURCE);
            this.program =
                    PROGRAM.formatted(name, WITHOUT_END.matcher(lines.strip()).replaceAll(");"));
        }

        @Override
        public CharSequence getCharContent(boolean ignoreEncodingErrors) {
            return program;
        }
    }

    private static List<Sample> samples(Path file) {
        String name = file.toString();
        String text = Page.read(file);
        if (name.endsWith(".java")) {
            text = withoutMargin(text);
        }
        List<Sample> samples = new ArrayList<>();
        Matcher sample = SAMPLE.matcher(text);
        while (sample.find()) {
            samples.add(new Sample("Sample" + name.replaceAll("\\W", "_") + "_" + samples.size(), sample.group(1)));
        }
        return samples;
    }

    private static String withoutMargin(String source) {
        return source.replaceAll("(?m)^ *\\* ?", "");
    }

    @Test
    void eachPackagePageAndTheFrontPageHaveASample() {
        List<Path> pages = new ArrayList<>(List.of(FRONT_PAGE));
        for (Path page : Page.files(SOURCES, "package-info.java")) {
            if (!page.toString().contains("internal")) {
                pages.add(page);
            }
        }
        assertThat(pages)
                .hasSizeGreaterThan(1)
                .allSatisfy(page -> assertThat(samples(page)).isNotEmpty());
    }

    @ParameterizedTest
    @ValueSource(strings = {"lora-dl4j", "lora-langchain4j", "lora-spark", "lora-spring-boot-starter", "lora-text"})
    void aTestOfTheModuleHasTheSampleOfItsPackage(String module) {
        List<String> samples = pages(module + "/src/main/java", "package-info.java").stream()
                .flatMap(page -> SAMPLE.matcher(withoutMargin(page)).results())
                .map(sample -> lines(sample.group(1)))
                .toList();
        String tests = pages(module + "/src/test/java", "GuideTest.java").stream()
                .map(JavadocSamplesTest::lines)
                .collect(Collectors.joining("\n"));
        assertThat(samples).isNotEmpty().allSatisfy(sample -> assertThat(tests).contains(sample));
    }

    private static List<String> pages(String folder, String name) {
        return Page.files(folder, name).stream()
                .filter(file -> !file.toString().contains("internal"))
                .map(Page::read)
                .toList();
    }

    /** The lines without indentation and comments. */
    private static String lines(String text) {
        return text.lines()
                .map(line -> line.replaceAll(" *//.*", "").strip())
                .filter(line -> !line.isEmpty())
                .collect(Collectors.joining("\n"));
    }

    @Test
    void theSamplesCompile() {
        List<Sample> samples = new ArrayList<>(samples(FRONT_PAGE));
        for (Path source : Page.files(SOURCES, ".java")) {
            samples.addAll(samples(source));
        }
        DiagnosticCollector<JavaFileObject> found = new DiagnosticCollector<>();
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        String classPath = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
        compiler.getTask(
                        null,
                        null,
                        found,
                        List.of("-proc:none", "-cp", classPath, "-d", classes.toString()),
                        null,
                        samples)
                .call();
        assertThat(found.getDiagnostics().stream().filter(diagnostic -> diagnostic.getKind() == Diagnostic.Kind.ERROR))
                .isEmpty();
    }
}
