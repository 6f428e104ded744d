package org.lora4j.spark;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.properties.CanBeAnnotated.Predicates.annotatedWith;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTag;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import org.apache.spark.ml.PipelineStage;
import org.lora4j.fixtures.Circles;
import org.lora4j.internal.ForModules;

/** The module uses what every user of the library can use, and each of its packages those below it. */
@AnalyzeClasses(packages = "org.lora4j.spark", importOptions = ImportOption.DoNotIncludeTests.class)
@ArchTag("slow")
class ArchitectureTest {
    @ArchTest
    static final ArchRule USES_NO_INTERNALS_BUT_THOSE_FOR_MODULES = noClasses()
            .should()
            .dependOnClassesThat(resideInAPackage("org.lora4j..internal..")
                    .and(not(resideInAPackage("org.lora4j.spark.internal..")))
                    .and(not(annotatedWith(ForModules.class))));

    @ArchTest
    static final ArchRule STAGES_STAY_WHERE_SAVED_FILES_NAME_THEM = classes()
            .that()
            .areAssignableTo(PipelineStage.class)
            .should()
            .resideInAPackage("org.lora4j.spark")
            .because("a saved stage and Python's classes have the name of the class");

    @ArchTest
    static final ArchRule PACKAGES_IMPORT_THOSE_BELOW = layeredArchitecture()
            .consideringOnlyDependenciesInLayers()
            .layer("stages")
            .definedBy("org.lora4j.spark")
            .layer("train")
            .definedBy("org.lora4j.spark.internal.train")
            .layer("score")
            .definedBy("org.lora4j.spark.internal.score")
            .layer("rows")
            .definedBy("org.lora4j.spark.internal.rows")
            .layer("base")
            .definedBy("org.lora4j.spark.internal.base")
            .layer("parameters")
            .definedBy("org.lora4j.spark.param")
            .layer("values")
            .definedBy("org.lora4j.spark.internal.param")
            .whereLayer("stages")
            .mayNotBeAccessedByAnyLayer()
            .whereLayer("train")
            .mayOnlyBeAccessedByLayers("stages")
            .whereLayer("score")
            .mayOnlyBeAccessedByLayers("stages")
            .whereLayer("rows")
            .mayOnlyBeAccessedByLayers("stages", "train", "score")
            .whereLayer("base")
            .mayOnlyBeAccessedByLayers("stages", "train", "score", "rows")
            .whereLayer("parameters")
            .mayOnlyBeAccessedByLayers("stages", "train", "score", "rows", "base")
            .ensureAllClassesAreContainedInArchitecture();

    @ArchTest
    static void noCircleOfClassesIsLarge(JavaClasses classes) {
        assertThat(Circles.largest(classes)).hasSizeLessThanOrEqualTo(5);
    }
}
