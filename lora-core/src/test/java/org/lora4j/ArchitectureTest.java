package org.lora4j;

import static com.tngtech.archunit.base.DescribedPredicate.alwaysTrue;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.type;
import static com.tngtech.archunit.core.domain.properties.HasName.Predicates.nameMatching;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.methods;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static java.util.stream.Collectors.toMap;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaCall;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaMethod;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import com.tngtech.archunit.library.Architectures.LayeredArchitecture;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.lora4j.fixtures.Circles;
import org.lora4j.internal.ForModules;

/** Each package imports only those below it; see the architecture page. */
@AnalyzeClasses(packages = "org.lora4j", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
    /** Each package, and those that it may use. Those that are used come after those that use them. */
    private static final String PACKAGES = """
            serve: . adapter generate internal internal.events internal.memory io io.peft model.internal nn nn.batch.internal nn.input
            generate: internal.events internal.memory nn nn.batch.internal nn.compute.internal nn.input nn.layer nn.parametrization.internal
            .: adapter internal io io.peft model.internal nn nn.batch.internal nn.compute.internal nn.input nn.layer nn.parameter nn.parametrization.internal update.internal
            model.internal: adapter internal internal.events internal.math internal.memory linalg nn nn.batch.internal nn.compute.internal nn.input nn.layer nn.parameter nn.parametrization.internal update.internal
            update.internal: adapter internal.math internal.memory linalg nn.layer nn.parameter nn.parametrization.internal nn.weight.internal
            samediff: adapter internal internal.memory io io.peft linalg train
            train: internal internal.events internal.math internal.memory internal.threads linalg nn nn.batch.internal nn.compute.internal nn.input nn.layer nn.parameter nn.weight.internal
            nn.transformer: internal internal.math internal.memory io io.gguf io.gguf.internal io.gguf.model io.internal io.safetensors linalg nn nn.layer nn.parameter nn.weight.internal
            nn: adapter internal internal.math internal.threads io.safetensors linalg nn.batch.internal nn.compute.internal nn.input nn.layer nn.onnx.internal nn.parameter nn.parametrization.internal nn.weight.internal
            nn.onnx.internal: io.internal nn.layer nn.parameter nn.parametrization.internal
            nn.compute.internal: internal.math internal.memory internal.threads linalg nn.attention.internal nn.batch.internal nn.input nn.layer nn.parameter nn.parametrization.internal nn.weight.internal
            nn.attention.internal: internal.math internal.memory internal.threads nn.batch.internal nn.input nn.layer nn.parameter nn.parametrization.internal nn.weight.internal
            nn.batch.internal: internal.math internal.memory nn.input nn.layer nn.parameter nn.parametrization.internal nn.weight.internal
            nn.layer: adapter internal.math internal.memory linalg nn.input nn.parameter nn.parametrization.internal nn.weight.internal
            nn.parametrization.internal: internal.math internal.memory nn.parameter nn.weight.internal
            nn.parameter: internal.math nn.weight.internal
            nn.input: internal.memory
            nn.weight.internal: internal.events internal.math internal.memory internal.threads linalg
            algebra: adapter internal.math internal.memory linalg
            io.gguf: adapter internal internal.math io.gguf.internal io.gguf.model io.internal io.peft io.safetensors
            io.peft: adapter internal internal.memory io io.internal io.safetensors
            io.safetensors: internal internal.math internal.memory io io.internal
            io: internal io.gguf.internal io.gguf.model io.internal
            io.gguf.internal: internal internal.math io.gguf.model io.internal
            io.gguf.model:
            io.internal: internal
            adapter: internal internal.math internal.memory linalg
            linalg: internal.memory
            internal.math: internal.memory internal.threads
            internal.threads:
            internal.memory:
            internal.events:
            internal:
            """;

    @ArchTest
    static final ArchRule EACH_PACKAGE_USES_THOSE_IN_THE_TABLE = packages();

    private static ArchRule packages() {
        LayeredArchitecture layers = layeredArchitecture().consideringOnlyDependenciesInAnyPackage("org.lora4j..");
        Map<String, List<String>> uses = PACKAGES.lines()
                .map(line -> line.split(":", 2))
                .collect(toMap(line -> line[0], line -> List.of(line[1].strip().split(" "))));
        for (String used : uses.keySet()) {
            layers = layers.layer(used).definedBy(used.equals(".") ? "org.lora4j" : "org.lora4j." + used);
        }
        for (Map.Entry<String, List<String>> use : uses.entrySet()) {
            layers = use.getValue().equals(List.of(""))
                    ? layers.whereLayer(use.getKey()).mayNotAccessAnyLayer()
                    : layers.whereLayer(use.getKey())
                            .mayOnlyAccessLayers(use.getValue().toArray(String[]::new));
        }
        return layers.ignoreDependency(alwaysTrue(), type(ForModules.class))
                .ensureAllClassesAreContainedInArchitecture();
    }

    /** A package uses only packages further down in the table, so there is no circle. */
    @Test
    void theTableGoesDown() {
        List<String> above = new ArrayList<>();
        PACKAGES.lines().forEach(line -> {
            String[] parts = line.split(":", 2);
            above.add(parts[0]);
            assertThat(above)
                    .as(parts[0])
                    .doesNotContainAnyElementsOf(List.of(parts[1].strip().split(" ")));
        });
    }

    @ArchTest
    static final ArchRule NETWORKS_KNOW_THE_SEAM_AND_NOTHING_ELSE_OF_ADAPTERS = noClasses()
            .that()
            .resideInAPackage("org.lora4j.nn..")
            .should()
            .dependOnClassesThat(new DescribedPredicate<>("are not BaseModel, BaseLayer or LayerKind") {
                @Override
                public boolean test(JavaClass type) {
                    return type.getPackageName().equals("org.lora4j.adapter")
                            && !Set.of("BaseModel", "BaseLayer", "LayerKind").contains(type.getSimpleName());
                }
            });

    /** A NIO buffer does not keep its array alive; the classes that own one do. */
    @ArchTest
    static final ArchRule ONE_OWNER_OF_NATIVE_MEMORY = noClasses()
            .that()
            .doNotHaveFullyQualifiedName("org.lora4j.internal.memory.ArrayMemory")
            .and()
            .doNotHaveFullyQualifiedName("org.lora4j.internal.memory.CodeMemory")
            .and()
            .doNotHaveFullyQualifiedName("org.lora4j.io.internal.ArrayBytes")
            .should()
            .callMethodWhere(
                    JavaCall.Predicates.target(nameMatching("asNio.*|asBuffer|asByteBuffer|pointer|addressPointer")));

    /** Each public type is one more that a user may have to know. A nested type is a part of another. */
    @ArchTest
    static void fewTypesArePublic(JavaClasses classes) {
        List<String> types = classes.stream()
                .filter(type -> type.getModifiers().contains(JavaModifier.PUBLIC))
                .filter(JavaClass::isTopLevelClass)
                .filter(type -> !isInternal(type))
                .map(JavaClass::getName)
                .sorted()
                .toList();
        assertThat(types).hasSizeLessThanOrEqualTo(115);
    }

    @ArchTest
    static void noCircleOfClassesIsLarge(JavaClasses classes) {
        assertThat(Circles.largest(classes)).hasSizeLessThanOrEqualTo(5);
    }

    /** What users see names no internal type, except where it implements an internal interface, which Javadoc hides. */
    @ArchTest
    static final ArchRule THE_API_NAMES_NO_INTERNAL_TYPE = methods()
            .that()
            .arePublic()
            .and()
            .areDeclaredInClassesThat()
            .arePublic()
            .and()
            .areDeclaredInClassesThat()
            .resideOutsideOfPackage("..internal..")
            .should(new ArchCondition<>("name no internal type") {
                @Override
                public void check(JavaMethod method, ConditionEvents events) {
                    Set<String> internal = method.getAllInvolvedRawTypes().stream()
                            .filter(ArchitectureTest::isInternal)
                            .map(JavaClass::getSimpleName)
                            .collect(Collectors.toSet());
                    if (!internal.isEmpty() && isSeen(method.getOwner()) && !implementsInternal(method)) {
                        events.add(SimpleConditionEvent.violated(method, method.getFullName() + " names " + internal));
                    }
                }
            });

    /** Whether the classes around a nested one are public too. */
    private static boolean isSeen(JavaClass type) {
        return type.getModifiers().contains(JavaModifier.PUBLIC)
                && type.getEnclosingClass().map(ArchitectureTest::isSeen).orElse(true);
    }

    private static boolean isInternal(JavaClass type) {
        return type.getPackageName().startsWith("org.lora4j")
                && type.getPackageName().contains(".internal");
    }

    private static boolean implementsInternal(JavaMethod method) {
        return method.getOwner().getAllRawInterfaces().stream()
                .filter(ArchitectureTest::isInternal)
                .flatMap(type -> type.getMethods().stream())
                .anyMatch(declared -> declared.getName().equals(method.getName()));
    }
}
