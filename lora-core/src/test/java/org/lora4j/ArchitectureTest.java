package org.lora4j;

import static com.tngtech.archunit.library.Architectures.layeredArchitecture;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** Each package imports only those below it; see the architecture page. */
@AnalyzeClasses(packages = "org.lora4j", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
    @ArchTest
    static final ArchRule LAYERS = layeredArchitecture()
            .consideringOnlyDependenciesInLayers()
            .withOptionalLayers(true)
            .layer("io")
            .definedBy("org.lora4j.io")
            .layer("train")
            .definedBy("org.lora4j.train")
            .layer("lora")
            .definedBy("org.lora4j")
            .layer("nn")
            .definedBy("org.lora4j.nn")
            .layer("linalg")
            .definedBy("org.lora4j.linalg")
            .whereLayer("io")
            .mayNotBeAccessedByAnyLayer()
            .whereLayer("train")
            .mayNotBeAccessedByAnyLayer()
            .whereLayer("lora")
            .mayOnlyBeAccessedByLayers("io")
            .whereLayer("nn")
            .mayOnlyBeAccessedByLayers("lora", "train", "io")
            .whereLayer("linalg")
            .mayOnlyBeAccessedByLayers("nn", "lora", "io");
}
