package org.lora4j.text;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.type;
import static com.tngtech.archunit.core.domain.properties.CanBeAnnotated.Predicates.annotatedWith;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTag;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import java.util.List;
import org.lora4j.fixtures.Circles;
import org.lora4j.internal.ForModules;

/** The module uses what every user of the library can use; its templates reach nothing but values. */
@AnalyzeClasses(packages = "org.lora4j.text", importOptions = ImportOption.DoNotIncludeTests.class)
@ArchTag("slow")
class ArchitectureTest {
    @ArchTest
    static final ArchRule USES_NO_INTERNALS_BUT_THOSE_FOR_MODULES = noClasses()
            .should()
            .dependOnClassesThat(resideInAPackage("org.lora4j..internal..")
                    .and(not(resideInAPackage("org.lora4j.text..")))
                    .and(not(type(ForModules.class)))
                    .and(not(annotatedWith(ForModules.class))));

    /** A forced call is a grammar, which knows no tools. */
    @ArchTest
    static final ArchRule TOOLS_KNOW_NO_MODELS = noClasses()
            .that()
            .resideInAPackage("org.lora4j.text.tools")
            .should()
            .dependOnClassesThat(resideInAPackage("org.lora4j..")
                    .and(not(resideInAnyPackage("org.lora4j.text.tools", "org.lora4j.text.grammar")))
                    .and(not(annotatedWith(ForModules.class))));

    @ArchTest
    static final ArchRule GRAMMARS_KNOW_NO_TOOLS = noClasses()
            .that()
            .resideInAPackage("org.lora4j.text.grammar")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("org.lora4j.text.tools");

    @ArchTest
    static final ArchRule TEMPLATES_USE_NO_REFLECTION_AND_NO_FILES = noClasses()
            .that()
            .resideInAPackage("org.lora4j.text.chat.internal")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                    "java.lang.reflect..", "java.lang.invoke..", "java.io..", "java.nio.file..", "java.net..");

    /** From top to bottom: each uses only those below it. */
    private static final List<String> PACKAGES = List.of(
            "org.lora4j.text.job..",
            "org.lora4j.text",
            "org.lora4j.text.train..",
            "org.lora4j.text.task..",
            "org.lora4j.text.chat..",
            "org.lora4j.text.tools..",
            "org.lora4j.text.grammar..",
            "org.lora4j.text.data..",
            "org.lora4j.text.metrics..",
            "org.lora4j.text.tokens..",
            "org.lora4j.text.internal..");

    @ArchTest
    static void eachPackageUsesOnlyThoseBelowIt(JavaClasses classes) {
        for (int i = 1; i < PACKAGES.size(); i++) {
            noClasses()
                    .that()
                    .resideInAPackage(PACKAGES.get(i))
                    .should()
                    .dependOnClassesThat()
                    .resideInAnyPackage(PACKAGES.subList(0, i).toArray(String[]::new))
                    .check(classes);
        }
    }

    /** An expression of a grammar makes others, so all kinds of them use the class that makes them. */
    @ArchTest
    static void noOtherCircleOfClassesIsLarge(JavaClasses classes) {
        assertThat(Circles.largest(classes.that(not(resideInAPackage("org.lora4j.text.grammar.internal")))))
                .hasSizeLessThanOrEqualTo(5);
    }
}
