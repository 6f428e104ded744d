package org.lora4j.cli;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.properties.CanBeAnnotated.Predicates.annotatedWith;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTag;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.library.Architectures;
import org.lora4j.fixtures.Circles;
import org.lora4j.internal.ForModules;

/** The packages of the program use only those below them, and the commands are above all others. */
@AnalyzeClasses(packages = "org.lora4j.cli", importOptions = ImportOption.DoNotIncludeTests.class)
@ArchTag("slow")
class ArchitectureTest {
    @ArchTest
    static final ArchRule LAYERS = Architectures.layeredArchitecture()
            .consideringOnlyDependenciesInLayers()
            .layer("program")
            .definedBy("org.lora4j.cli")
            .layer("commands")
            .definedBy("org.lora4j.cli.command")
            .layer("tasks")
            .definedBy(
                    "org.lora4j.cli.classify",
                    "org.lora4j.cli.language",
                    "org.lora4j.cli.tag",
                    "org.lora4j.cli.retrieval",
                    "org.lora4j.cli.inspect",
                    "org.lora4j.cli.serve",
                    "org.lora4j.cli.serve.files",
                    "org.lora4j.cli.jobs",
                    "org.lora4j.cli.convert")
            .layer("reports")
            .definedBy("org.lora4j.cli.report")
            .layer("files")
            .definedBy("org.lora4j.cli.file")
            .layer("trainings")
            .definedBy("org.lora4j.cli.train")
            .layer("measures")
            .definedBy("org.lora4j.cli.measure")
            .layer("models")
            .definedBy("org.lora4j.cli.model")
            .whereLayer("program")
            .mayNotBeAccessedByAnyLayer()
            .whereLayer("commands")
            .mayOnlyBeAccessedByLayers("program")
            .whereLayer("tasks")
            .mayOnlyBeAccessedByLayers("commands")
            .whereLayer("reports")
            .mayOnlyBeAccessedByLayers("commands", "tasks")
            .whereLayer("files")
            .mayOnlyBeAccessedByLayers("commands", "tasks")
            .whereLayer("trainings")
            .mayOnlyBeAccessedByLayers("commands", "tasks", "reports", "files")
            .whereLayer("measures")
            .mayOnlyBeAccessedByLayers("commands", "tasks", "reports", "trainings")
            .whereLayer("models")
            .mayOnlyBeAccessedByLayers("commands", "tasks", "trainings")
            .ensureAllClassesAreContainedInArchitecture();

    /** It uses what every user of the library can use. */
    @ArchTest
    static final ArchRule USES_NO_INTERNALS_BUT_THOSE_FOR_MODULES = noClasses()
            .should()
            .dependOnClassesThat(resideInAPackage("org.lora4j..internal..").and(not(annotatedWith(ForModules.class))));

    @ArchTest
    static void noCircleOfClassesIsLarge(JavaClasses classes) {
        assertThat(Circles.largest(classes)).hasSizeLessThanOrEqualTo(5);
    }
}
