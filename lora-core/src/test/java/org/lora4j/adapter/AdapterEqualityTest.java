package org.lora4j.adapter;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.lora4j.linalg.LowRankFactors;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Equality is that of bits: ND4J's own has a tolerance of 1e-5. */
class AdapterEqualityTest {
    private static final INDArray B = Nd4j.createFromArray(new float[][] {{1}, {2}, {3}});

    private static LoRAWeights weights(float first) {
        return new LoRAWeights(Nd4j.createFromArray(new float[][] {{first, 1}}), B);
    }

    private static LoRAAdapter adapter(INDArray bias) {
        return new LoRAAdapter(LoRAConfig.of(1, 1), Map.of("l", weights(1)), Map.of("l", bias), Map.of());
    }

    @Test
    void smallFactorsThatDifferAreNotEqual() {
        assertThat(weights(1e-6f)).isNotEqualTo(weights(-8e-6f)).isEqualTo(weights(1e-6f));
        assertThat(weights(1e-6f)).hasSameHashCodeAs(weights(1e-6f));
        assertThat(weights(0f)).isNotEqualTo(weights(-0f));
    }

    @Test
    void theMemoryOrderDoesNotCountButTypeAndShapeDo() {
        INDArray a = Nd4j.createFromArray(new float[][] {{1, 2}, {3, 4}});
        INDArray b = Nd4j.createFromArray(new float[][] {{1, 2}, {3, 4}, {5, 6}});
        LoRAWeights c = new LoRAWeights(a.dup('c'), b.dup('c'));
        LoRAWeights f = new LoRAWeights(a.dup('f'), b.dup('f'));
        assertThat(c).isEqualTo(f).hasSameHashCodeAs(f);
        assertThat(c).isNotEqualTo(c.castTo(org.nd4j.linalg.api.buffer.DataType.DOUBLE));
    }

    @Test
    void biasesAndSavedModulesCount() {
        assertThat(adapter(Nd4j.createFromArray(1e-6f, 0, 0)))
                .isNotEqualTo(adapter(Nd4j.createFromArray(-8e-6f, 0, 0)))
                .isEqualTo(adapter(Nd4j.createFromArray(1e-6f, 0, 0)))
                .hasSameHashCodeAs(adapter(Nd4j.createFromArray(1e-6f, 0, 0)));
        LoRAAdapter.SavedModule one = new LoRAAdapter.SavedModule(Nd4j.createFromArray(new float[][] {{1e-6f}}), null);
        LoRAAdapter.SavedModule other =
                new LoRAAdapter.SavedModule(Nd4j.createFromArray(new float[][] {{-8e-6f}}), null);
        assertThat(one).isNotEqualTo(other);
    }

    @Test
    void textsHaveShapesAndNoNumbers() {
        assertThat(adapter(Nd4j.createFromArray(0.12345f, 0, 0)).toString())
                .contains("A [1, 2] FLOAT, B [3, 1] FLOAT", "biases {l=[3] FLOAT}")
                .doesNotContain("0.12345");
    }

    /** Whoever adds a record with an array must say what its equality means. */
    @Test
    @Tag("slow")
    void everyRecordWithArraysThatUsersSeeDefinesItsEquality() {
        List<String> without = new ClassFileImporter()
                .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS).importPackages("org.lora4j").stream()
                        .filter(type -> type.isRecord()
                                && type.getModifiers().contains(com.tngtech.archunit.core.domain.JavaModifier.PUBLIC))
                        .filter(type -> type.getFields().stream()
                                .anyMatch(field ->
                                        field.getAllInvolvedRawTypes().stream().anyMatch(AdapterEqualityTest::isArray)))
                        .filter(type -> declaredByCompiler(type))
                        .map(JavaClass::getSimpleName)
                        .toList();
        assertThat(without).isEmpty();
    }

    private static boolean isArray(JavaClass type) {
        return type.isEquivalentTo(INDArray.class);
    }

    /** The compiler's own equals calls nothing but its bootstrap method. */
    private static boolean declaredByCompiler(JavaClass type) {
        return type.getMethod("equals", Object.class).getMethodCallsFromSelf().isEmpty();
    }

    @Test
    void factorsAreEqualByBits() {
        LowRankFactors one = new LowRankFactors(B, Nd4j.createFromArray(new float[][] {{1e-6f, 1}}));
        LowRankFactors other = new LowRankFactors(B, Nd4j.createFromArray(new float[][] {{-8e-6f, 1}}));
        assertThat(one).isNotEqualTo(other);
    }
}
