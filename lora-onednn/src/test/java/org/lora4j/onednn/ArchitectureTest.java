package org.lora4j.onednn;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.properties.CanBeAnnotated.Predicates.annotatedWith;
import static com.tngtech.archunit.core.domain.properties.HasName.Predicates.nameMatching;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTag;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import org.lora4j.fixtures.Circles;
import org.lora4j.internal.ForModules;

/** What this module uses of the library, and what its users see of it. */
@AnalyzeClasses(packages = "org.lora4j.onednn", importOptions = ImportOption.DoNotIncludeTests.class)
@ArchTag("slow")
class ArchitectureTest {
    @ArchTest
    static final ArchRule ONE_TYPE_IS_PUBLIC =
            classes().that().arePublic().should().haveFullyQualifiedName("org.lora4j.onednn.OneDnnEngine");

    @ArchTest
    static final ArchRule OF_THE_LIBRARY_ONLY_THE_INTERFACE_OF_ENGINES_AND_INTERNALS_FOR_MODULES = noClasses()
            .should()
            .dependOnClassesThat(nameMatching("org\\.lora4j\\.(?!onednn\\.|linalg\\.).*")
                    .<JavaClass>forSubtype()
                    .and(not(annotatedWith(ForModules.class))));

    @ArchTest
    static void noCircleOfClassesIsLarge(JavaClasses classes) {
        assertThat(Circles.largest(classes)).hasSizeLessThanOrEqualTo(5);
    }
}
