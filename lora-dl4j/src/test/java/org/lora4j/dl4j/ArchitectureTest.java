package org.lora4j.dl4j;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** What this module uses of the library, and what its users see of it. */
@AnalyzeClasses(packages = "org.lora4j.dl4j", importOptions = ImportOption.DoNotIncludeTests.class)
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

    @ArchTest
    static final ArchRule NO_INTERNALS_OF_NETWORKS =
            noClasses().should().dependOnClassesThat().resideInAPackage("org.lora4j.nn.internal..");

    /** What has a single form in the library: names, DoRA's norms, access to elements, and products and ReLUs of few rows. */
    @ArchTest
    static final ArchRule FEW_INTERNALS = noClasses()
            .that()
            .doNotHaveSimpleName("FactoredRows")
            .should()
            .dependOnClassesThat()
            .haveNameMatching("org\\.lora4j\\.internal\\.(?!NamedAdapters|Names|RowNorms|ArrayBits|ArrayMemory).*");
}
