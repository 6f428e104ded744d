package org.lora4j;

import static com.tngtech.archunit.core.domain.properties.HasName.Predicates.nameMatching;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.methods;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaCall;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaMethod;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import java.util.Set;
import java.util.stream.Collectors;

/** Each package imports only those below it; see the architecture page. */
@AnalyzeClasses(packages = "org.lora4j", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
    @ArchTest
    static final ArchRule PACKAGES = layeredArchitecture()
            .consideringOnlyDependenciesInAnyPackage("org.lora4j..")
            .layer("serve")
            .definedBy("org.lora4j.serve")
            .layer("generate")
            .definedBy("org.lora4j.generate")
            .layer("lora")
            .definedBy("org.lora4j")
            .layer("model")
            .definedBy("org.lora4j.model.internal")
            .layer("update")
            .definedBy("org.lora4j.update.internal")
            .layer("samediff")
            .definedBy("org.lora4j.samediff")
            .layer("train")
            .definedBy("org.lora4j.train")
            .layer("transformer")
            .definedBy("org.lora4j.nn.transformer")
            .layer("nn")
            .definedBy("org.lora4j.nn")
            .layer("computation")
            .definedBy("org.lora4j.nn.internal")
            .layer("layer")
            .definedBy("org.lora4j.nn.layer")
            .layer("parametrization")
            .definedBy("org.lora4j.nn.parametrization.internal")
            .layer("parameter")
            .definedBy("org.lora4j.nn.parameter")
            .layer("input")
            .definedBy("org.lora4j.nn.input")
            .layer("weight")
            .definedBy("org.lora4j.nn.weight.internal")
            .layer("algebra")
            .definedBy("org.lora4j.algebra")
            .layer("io")
            .definedBy("org.lora4j.io")
            .layer("adapter")
            .definedBy("org.lora4j.adapter")
            .layer("linalg")
            .definedBy("org.lora4j.linalg")
            .layer("internal")
            .definedBy("org.lora4j.internal")
            .whereLayer("serve")
            .mayOnlyAccessLayers("lora", "model", "generate", "adapter", "io", "nn", "input", "computation", "internal")
            .whereLayer("generate")
            .mayOnlyAccessLayers("nn", "input", "layer", "computation", "internal")
            .whereLayer("lora")
            .mayOnlyAccessLayers(
                    "model",
                    "update",
                    "adapter",
                    "io",
                    "nn",
                    "input",
                    "layer",
                    "parameter",
                    "parametrization",
                    "computation",
                    "internal")
            .whereLayer("model")
            .mayOnlyAccessLayers(
                    "update",
                    "adapter",
                    "nn",
                    "input",
                    "layer",
                    "parameter",
                    "parametrization",
                    "computation",
                    "linalg",
                    "internal")
            .whereLayer("update")
            .mayOnlyAccessLayers("adapter", "layer", "parameter", "parametrization", "weight", "linalg", "internal")
            .whereLayer("samediff")
            .mayOnlyAccessLayers("train", "adapter", "io", "linalg", "internal")
            .whereLayer("train")
            .mayOnlyAccessLayers("nn", "computation", "input", "parameter", "weight", "io", "linalg", "internal")
            .whereLayer("transformer")
            .mayOnlyAccessLayers("nn", "layer", "parameter", "weight", "io", "adapter", "linalg", "internal")
            .whereLayer("nn")
            .mayOnlyAccessLayers(
                    "computation",
                    "layer",
                    "input",
                    "parameter",
                    "parametrization",
                    "weight",
                    "adapter",
                    "io",
                    "linalg",
                    "internal")
            .whereLayer("computation")
            .mayOnlyAccessLayers("layer", "input", "parameter", "parametrization", "weight", "internal")
            .whereLayer("layer")
            .mayOnlyAccessLayers("input", "parameter", "parametrization", "weight", "adapter", "internal")
            .whereLayer("parametrization")
            .mayOnlyAccessLayers("parameter", "weight", "internal")
            .whereLayer("parameter")
            .mayOnlyAccessLayers("weight", "linalg", "internal")
            .whereLayer("input")
            .mayOnlyAccessLayers("internal")
            .whereLayer("weight")
            .mayOnlyAccessLayers("linalg", "internal")
            .whereLayer("algebra")
            .mayOnlyAccessLayers("adapter", "linalg", "internal")
            .whereLayer("io")
            .mayOnlyAccessLayers("adapter", "internal")
            .whereLayer("adapter")
            .mayOnlyAccessLayers("linalg", "internal")
            .whereLayer("linalg")
            .mayOnlyAccessLayers("internal")
            .whereLayer("internal")
            .mayNotAccessAnyLayer();

    /** No package is outside these layers. */
    @ArchTest
    static final ArchRule NO_OTHER_PACKAGE = classes()
            .should()
            .resideInAnyPackage(
                    "org.lora4j.serve",
                    "org.lora4j.generate",
                    "org.lora4j",
                    "org.lora4j.model.internal",
                    "org.lora4j.update.internal",
                    "org.lora4j.samediff",
                    "org.lora4j.train",
                    "org.lora4j.nn.transformer",
                    "org.lora4j.nn",
                    "org.lora4j.nn.internal",
                    "org.lora4j.nn.layer",
                    "org.lora4j.nn.parametrization.internal",
                    "org.lora4j.nn.parameter",
                    "org.lora4j.nn.input",
                    "org.lora4j.nn.weight.internal",
                    "org.lora4j.algebra",
                    "org.lora4j.io",
                    "org.lora4j.adapter",
                    "org.lora4j.linalg",
                    "org.lora4j.internal");

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
            .doNotHaveFullyQualifiedName("org.lora4j.internal.ArrayMemory")
            .and()
            .doNotHaveFullyQualifiedName("org.lora4j.internal.CodeMemory")
            .and()
            .doNotHaveFullyQualifiedName("org.lora4j.io.Elements")
            .should()
            .callMethodWhere(
                    JavaCall.Predicates.target(nameMatching("asNio.*|asBuffer|asByteBuffer|pointer|addressPointer")));

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
                    if (!internal.isEmpty() && !implementsInternal(method)) {
                        events.add(SimpleConditionEvent.violated(method, method.getFullName() + " names " + internal));
                    }
                }
            });

    private static boolean isInternal(JavaClass type) {
        return type.getPackageName().startsWith("org.lora4j")
                && type.getPackageName().endsWith("internal");
    }

    private static boolean implementsInternal(JavaMethod method) {
        return method.getOwner().getAllRawInterfaces().stream()
                .filter(ArchitectureTest::isInternal)
                .flatMap(type -> type.getMethods().stream())
                .anyMatch(declared -> declared.getName().equals(method.getName()));
    }
}
