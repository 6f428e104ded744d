package org.lora4j.langchain4j;

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
import org.lora4j.fixtures.Circles;
import org.lora4j.internal.ForModules;

/** What this module uses of the library. */
@AnalyzeClasses(packages = "org.lora4j.langchain4j", importOptions = ImportOption.DoNotIncludeTests.class)
@ArchTag("slow")
class ArchitectureTest {
    @ArchTest
    static final ArchRule USES_NO_INTERNALS_BUT_THOSE_FOR_MODULES = noClasses()
            .should()
            .dependOnClassesThat(resideInAPackage("org.lora4j..internal..").and(not(annotatedWith(ForModules.class))));

    @ArchTest
    static void noCircleOfClassesIsLarge(JavaClasses classes) {
        assertThat(Circles.largest(classes)).hasSizeLessThanOrEqualTo(5);
    }
}
