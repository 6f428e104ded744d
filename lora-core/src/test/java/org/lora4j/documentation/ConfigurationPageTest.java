package org.lora4j.documentation;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAConfigBuilder;
import org.lora4j.generate.GenerationOptions;
import org.lora4j.io.ReadOptions;
import org.lora4j.serve.AdapterCache;
import org.lora4j.serve.BatchingPredictor;
import org.lora4j.serve.GenerationService;
import org.lora4j.train.Trainer;

/** The page on configuration has all settings of the library, no other ones, and their defaults. */
class ConfigurationPageTest {
    private static final Path PAGE = Path.of("../src/site/markdown/configuration.md");
    private static final List<Class<?>> SETTINGS = List.of(
            LoRAConfigBuilder.class,
            Trainer.Builder.class,
            GenerationOptions.class,
            BatchingPredictor.Builder.class,
            GenerationService.Builder.class,
            AdapterCache.Builder.class,
            ReadOptions.class);

    /** The methods that return another or the same object of settings. */
    private static Set<String> settings(Class<?> type) {
        return Arrays.stream(type.getDeclaredMethods())
                .filter(method -> Modifier.isPublic(method.getModifiers()) && !method.isSynthetic())
                .filter(method -> method.getReturnType() == type && method.getParameterCount() > 0)
                .filter(method -> !Modifier.isStatic(method.getModifiers()))
                .map(Method::getName)
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private static String page() throws IOException {
        return Files.readString(PAGE);
    }

    @Test
    void hasAllSettings() throws IOException {
        Set<String> all = new TreeSet<>();
        SETTINGS.forEach(type -> all.addAll(settings(type)));
        assertThat(all).hasSizeGreaterThan(50);
        assertThat(page()).contains(all.stream().map(name -> "`" + name + "`").toList());
    }

    @ParameterizedTest
    @ValueSource(strings = {"Adapters", "Training", "Generation", "Serving", "Readers' limits"})
    void hasNoSettingThatThereIsNot(String title) throws IOException {
        Set<String> all = new TreeSet<>();
        SETTINGS.forEach(type -> all.addAll(settings(type)));
        String section = page().split("\n## " + title + "\n", -1)[1].split("\n## ", -1)[0];
        Set<String> named = section.lines()
                .filter(line -> line.startsWith("| `"))
                .flatMap(line -> Pattern.compile("`(\\w+)`")
                        .matcher(line.split("\\|", -1)[1])
                        .results()
                        .map(result -> result.group(1)))
                .collect(Collectors.toCollection(TreeSet::new));
        assertThat(named).isNotEmpty();
        assertThat(all).containsAll(named);
    }

    @Test
    void hasTheDefaults() throws IOException {
        LoRAConfig config = LoRAConfig.builder().build();
        assertDefault("rank", "" + config.rank());
        assertDefault("alpha", "%.0f".formatted(config.alpha()));
        assertDefault("rankStabilized", "" + config.rankStabilized());
        assertDefault("dora", "" + config.dora());
        assertDefault("dropout", "%.0f".formatted(config.dropout()));
        assertDefault("seed", "" + config.seed());
        assertDefault("bias", "`" + config.bias() + "`");
        assertDefault("loraBias", "" + config.loraBias());
        GenerationOptions greedy = GenerationOptions.greedy();
        assertDefault("withTemperature", "%.0f".formatted(greedy.temperature()));
        assertDefault("withTopK", "" + greedy.topK());
        assertDefault("withTopP", "%.0f".formatted(greedy.topP()));
        assertDefault("withMinP", "%.0f".formatted(greedy.minP()));
        assertDefault("withRepetitionPenalty", "%.0f".formatted(greedy.repetitionPenalty()));
        ReadOptions reading = ReadOptions.defaults();
        assertDefault("of(check)", "`" + reading.fingerprintCheck() + "`");
        assertDefault("withFileBytes", (reading.fileBytes() >> 30) + " GiB");
        assertDefault("withHeaderBytes", (reading.headerBytes() >> 20) + " MiB");
        assertDefault("withTensors", "%,d".formatted(reading.tensors()));
        assertDefault("withConfigBytes", (reading.configBytes() >> 20) + " MiB");
    }

    private static void assertDefault(String setting, String value) throws IOException {
        assertThat(page()).contains("| `" + setting + "` | " + value + " |");
    }
}
