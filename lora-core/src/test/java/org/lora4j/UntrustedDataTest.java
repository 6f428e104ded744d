package org.lora4j;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaCall;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import java.util.regex.Pattern;

/** What the library never does, whatever an adapter contains; see the page on guarantees. */
@AnalyzeClasses(packages = "org.lora4j", importOptions = ImportOption.DoNotIncludeTests.class)
class UntrustedDataTest {
    /**
     * ND4J contains old versions of protobuf, Jackson and Guava, which cannot be replaced. Files of ONNX are written with the first of them,
     * and not read: a {@code ByteString} is bytes alone.
     */
    @ArchTest
    static final ArchRule GIVES_ND4J_NOTHING_TO_PARSE = noClasses()
            .should()
            .dependOnClassesThat(named(
                    "(?!org\\.nd4j\\.shade\\.protobuf\\.ByteString)org\\.nd4j\\.(shade|serde|imports|ir|graph|compression|storage)\\..*"
                            + "|org\\.nd4j\\.common\\.(util|io|loader|validation)\\..*"))
            .orShould()
            .callMethodWhere(call(
                    "org\\.nd4j\\..*",
                    "(read|write|load|save|serialize|deserialize).*|.*(Json|Yaml|Np|Numpy|Base64|ByteArray).*"))
            .orShould()
            .callMethodWhere(call("onnx\\..*|org\\.nd4j\\.shade\\.protobuf\\..*", "parse.*|merge.*"));

    /** A SameDiff graph is the caller's object: it is changed, and never read from a file here. */
    @ArchTest
    static final ArchRule ONLY_ONE_PACKAGE_KNOWS_GRAPHS = noClasses()
            .that()
            .resideOutsideOfPackage("org.lora4j.samediff")
            .should()
            .dependOnClassesThat(named("org\\.nd4j\\.autodiff\\..*"));

    @ArchTest
    static final ArchRule DESERIALIZES_NO_JAVA_OBJECTS =
            noClasses().should().dependOnClassesThat(named("java\\.io\\.Object(Input|Output)Stream"));

    @ArchTest
    static final ArchRule OPENS_NO_CONNECTION = noClasses()
            .should()
            .dependOnClassesThat(named("java\\.(net|rmi)\\..*|java\\.nio\\.channels\\..*(Socket|Datagram).*"));

    @ArchTest
    static final ArchRule STARTS_NO_PROCESS_AND_LOADS_NO_CODE = noClasses()
            .should()
            .dependOnClassesThat(named("java\\.lang\\.(ProcessBuilder|ClassLoader)|javax\\.script\\..*"))
            .orShould()
            .callMethodWhere(call("java\\.lang\\.(Runtime|Class|System)", "exec|forName|load|loadLibrary"));

    private static DescribedPredicate<JavaClass> named(String names) {
        Pattern pattern = Pattern.compile(names);
        return describe(
                "are " + names, type -> pattern.matcher(type.getFullName()).matches());
    }

    private static DescribedPredicate<JavaCall<?>> call(String owners, String methods) {
        Pattern owner = Pattern.compile(owners);
        Pattern method = Pattern.compile(methods);
        return describe(
                methods + " of " + owners,
                call -> owner.matcher(call.getTargetOwner().getFullName()).matches()
                        && method.matcher(call.getName()).matches());
    }
}
