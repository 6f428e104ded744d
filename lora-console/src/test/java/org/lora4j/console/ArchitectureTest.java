package org.lora4j.console;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.properties.CanBeAnnotated.Predicates.annotatedWith;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTag;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import org.lora4j.internal.ForModules;

/** The module uses what every user of the library can use and what is for all modules, and knows no program; its reports need no commands. */
@AnalyzeClasses(packages = "org.lora4j.console", importOptions = ImportOption.DoNotIncludeTests.class)
@ArchTag("slow")
class ArchitectureTest {
    @ArchTest
    static final ArchRule USES_NO_INTERNALS_BUT_THOSE_FOR_MODULES = noClasses()
            .should()
            .dependOnClassesThat(resideInAPackage("org.lora4j..internal..").and(not(annotatedWith(ForModules.class))));

    @ArchTest
    static final ArchRule KNOWS_NO_PROGRAMS =
            noClasses().should().dependOnClassesThat().resideInAnyPackage("org.lora4j.cli..", "org.lora4j.example..");

    @ArchTest
    static final ArchRule REPORTS_NEED_NO_COMMANDS = noClasses()
            .that()
            .resideInAPackage("org.lora4j.console.report..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("org.lora4j.console.command..");
}
