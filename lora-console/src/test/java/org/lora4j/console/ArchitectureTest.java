package org.lora4j.console;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTag;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** The module uses what every user of the library can use, and knows no program; its reports need no commands. */
@AnalyzeClasses(packages = "org.lora4j.console", importOptions = ImportOption.DoNotIncludeTests.class)
@ArchTag("slow")
class ArchitectureTest {
    @ArchTest
    static final ArchRule USES_NO_INTERNALS_AND_NO_PROGRAMS = noClasses()
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("org.lora4j..internal..", "org.lora4j.cli..", "org.lora4j.example..");

    @ArchTest
    static final ArchRule REPORTS_NEED_NO_COMMANDS = noClasses()
            .that()
            .resideInAPackage("org.lora4j.console.report..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("org.lora4j.console.command..");
}
