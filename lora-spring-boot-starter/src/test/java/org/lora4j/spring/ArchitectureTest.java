package org.lora4j.spring;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** The module uses what every user of the library can use; the metrics need no Spring. */
@AnalyzeClasses(
        packages = {"org.lora4j.spring", "org.lora4j.micrometer"},
        importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
    @ArchTest
    static final ArchRule USES_NO_INTERNALS = noClasses()
            .that()
            .resideInAnyPackage("org.lora4j.spring..", "org.lora4j.micrometer..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("..internal..");

    @ArchTest
    static final ArchRule METRICS_NEED_NO_SPRING = noClasses()
            .that()
            .resideInAPackage("org.lora4j.micrometer..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("org.springframework..", "org.lora4j.spring..");
}
