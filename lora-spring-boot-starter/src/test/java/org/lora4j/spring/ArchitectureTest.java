package org.lora4j.spring;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTag;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import org.lora4j.fixtures.Circles;

/** The module uses what every user of the library can use. */
@AnalyzeClasses(packages = "org.lora4j.spring", importOptions = ImportOption.DoNotIncludeTests.class)
@ArchTag("slow")
class ArchitectureTest {
    @ArchTest
    static final ArchRule USES_NO_INTERNALS =
            noClasses().should().dependOnClassesThat().resideInAPackage("org.lora4j..internal..");

    @ArchTest
    static void noCircleOfClassesIsLarge(JavaClasses classes) {
        assertThat(Circles.largest(classes)).hasSizeLessThanOrEqualTo(5);
    }
}
