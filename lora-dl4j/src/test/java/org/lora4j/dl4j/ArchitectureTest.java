package org.lora4j.dl4j;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.properties.CanBeAnnotated.Predicates.annotatedWith;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
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

/** What this module uses of the library, and what its users see of it. */
@AnalyzeClasses(packages = "org.lora4j.dl4j", importOptions = ImportOption.DoNotIncludeTests.class)
@ArchTag("slow")
class ArchitectureTest {
    /** DL4J creates the last two when it reads a stored network. */
    @ArchTest
    static final ArchRule FEW_TYPES_ARE_PUBLIC = classes()
            .that()
            .arePublic()
            .should()
            .haveNameMatching("org\\.lora4j\\.dl4j\\.(LoRANetwork|LoRALayer|ForwardOnly)");

    @ArchTest
    static final ArchRule NETWORKS_OF_THE_LIBRARY_ARE_MADE_BY_THE_CONVERSION_ALONE = noClasses()
            .that()
            .doNotHaveSimpleName("DenseChain")
            .and()
            .doNotHaveSimpleName("LoRANetwork")
            .should()
            .dependOnClassesThat()
            .haveNameMatching(
                    "org\\.lora4j\\.([A-Z]|nn\\.(?!weight\\.internal\\.)|samediff\\.|train\\.(?!DivergedException$)).*");

    /** Of the internals, it uses only what has a single form in the library, such as names, DoRA's norms, and products of few rows. */
    @ArchTest
    static final ArchRule USES_NO_INTERNALS_BUT_THOSE_FOR_MODULES = noClasses()
            .should()
            .dependOnClassesThat(resideInAPackage("org.lora4j..internal..").and(not(annotatedWith(ForModules.class))));

    @ArchTest
    static void noCircleOfClassesIsLarge(JavaClasses classes) {
        assertThat(Circles.largest(classes)).hasSizeLessThanOrEqualTo(5);
    }
}
