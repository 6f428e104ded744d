package org.lora4j.spark;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.Modifier;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.apache.spark.ml.PipelineStage;
import org.apache.spark.ml.param.DoubleArrayParam;
import org.apache.spark.ml.param.Param;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What {@code lora_spark.py} calls in Java. */
class PythonStagesTest {
    private static final Map<String, String> CONVERTERS = Map.of(
            "BooleanParam", "toBoolean",
            "DoubleArrayParam", "toListFloat",
            "DoubleParam", "toFloat",
            "IntParam", "toInt",
            "LongParam", "toInt",
            "StringArrayParam", "toListString");

    private static String source() throws IOException {
        try (InputStream file =
                Objects.requireNonNull(PythonStagesTest.class.getClassLoader().getResourceAsStream("lora_spark.py"))) {
            return new String(file.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private static Stream<String> found(String pattern) throws IOException {
        return Pattern.compile(pattern, Pattern.MULTILINE)
                .matcher(source())
                .results()
                .map(match -> match.group(1));
    }

    static List<String> stages() throws IOException {
        return found("^    \"(LoRA\\w+)\",").toList();
    }

    private static PipelineStage stage(String name) throws ReflectiveOperationException {
        return Class.forName("org.lora4j.spark." + name)
                .asSubclass(PipelineStage.class)
                .getConstructor(String.class)
                .newInstance("uid");
    }

    @ParameterizedTest
    @MethodSource("stages")
    void aStageIsOneOfJavaAndHasTypesThatPythonKnows(String name) throws Exception {
        PipelineStage stage = stage(name);
        assertThat(stage.uid()).isEqualTo("uid");
        assertThat(Modifier.isStatic(
                        stage.getClass().getMethod("load", String.class).getModifiers()))
                .isTrue();
        assertThat(stage.getClass().getMethod("save", String.class)).isNotNull();
        assertThat(found("^class (" + name + ")\\(")).hasSize(1);
        for (Param<?> param : stage.params()) {
            String kind = param.getClass().getSimpleName();
            if (param.name().equals("loraConfig")) {
                assertThat(source()).contains("_JAVA_ONLY = (\"loraConfig\",)");
            } else if (CONVERTERS.containsKey(kind)) {
                assertThat(source()).contains("\"" + kind + "\": TypeConverters." + CONVERTERS.get(kind));
            } else {
                assertThat(stage.isDefined(param) ? stage.getOrDefault(param) : "a text")
                        .as(param.name())
                        .isInstanceOf(String.class);
            }
        }
    }

    @Test
    void allStagesAreThere() throws Exception {
        assertThat(new TreeSet<>(stages()))
                .containsExactly(
                        "LoRACausalLM",
                        "LoRACausalLMModel",
                        "LoRAClassificationModel",
                        "LoRAClassifier",
                        "LoRAEstimator",
                        "LoRARegressionModel",
                        "LoRARegressor",
                        "LoRATagger",
                        "LoRATokenClassifier",
                        "LoRATransformer");
        for (String model : found("^    _model_class = (LoRA\\w+)").toList()) {
            assertThat(stages()).contains(model);
        }
        assertThat(new LoRAClassifier().thresholds()).isInstanceOf(DoubleArrayParam.class);
        for (Class<?> model :
                List.of(LoRAClassificationModel.class, LoRARegressionModel.class, LoRACausalLMModel.class)) {
            assertThat(model.getMethod("summary").getReturnType()).isEqualTo(LoRATrainingSummary.class);
        }
        assertThat(LoRAClassificationModel.class.getMethod("transformer").getReturnType())
                .isEqualTo(LoRATransformer.class);
        // In Python, LoRACausalLMModel() and LoRATransformer() have no adapter.
        assertThat(LoRACausalLMModel.class.getConstructor()).isNotNull();
        assertThat(LoRATransformer.class.getConstructor()).isNotNull();
    }
}
