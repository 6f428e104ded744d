package org.lora4j.algebra;

import java.util.List;
import java.util.SplittableRandom;
import java.util.function.ToDoubleFunction;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.lora4j.adapter.LoRAWeights;
import org.lora4j.internal.math.LayerSeed;
import org.lora4j.linalg.LowRankFactors;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** A layer of a combination: the weighted updates of all adapters that adapt it. Calculates in double. */
record CombinedLayer(String path, List<Term> terms) {
    /** The update {@code w·s·B·A} of one adapter, and {@code w·s·b} if B has a bias b. */
    record Term(double weight, double scale, LoRAWeights weights) {
        INDArray a() {
            return inDouble().factors().a();
        }

        INDArray b() {
            return inDouble().factors().b();
        }

        INDArray delta() {
            return inDouble().update(scale);
        }

        private LoRAWeights inDouble() {
            return weights.castTo(DataType.DOUBLE);
        }
    }

    List<Integer> ranks() {
        return terms.stream().map(term -> term.weights.rank()).toList();
    }

    /** Returns arrays that have the kind of the layer and the shape of its weight. */
    LoRAWeights like() {
        return terms.get(0).weights;
    }

    /** Returns DOUBLE if an adapter is DOUBLE, else FLOAT. */
    DataType type() {
        return terms.stream().anyMatch(term -> term.weights.loraA().dataType() == DataType.DOUBLE)
                ? DataType.DOUBLE
                : DataType.FLOAT;
    }

    /** Returns {@code Σ w·s·B·A} as one product. The ranks add up. */
    LowRankFactors stacked() {
        INDArray[] as = terms.stream()
                .map(term -> term.a().mul(term.weight * term.scale))
                .toArray(INDArray[]::new);
        INDArray[] bs = terms.stream().map(Term::b).toArray(INDArray[]::new);
        // ND4J's concatenation of one array returns this array, so it is copied.
        return new LowRankFactors(
                Nd4j.concat(1, bs).dup('c'), Nd4j.concat(0, as).dup('c'));
    }

    /**
     * Mixes A with the weights {@code √|w·s|}, and B with {@code sgn(w)·√|w·s|}. As in PEFT, the factors elect signs as they are
     * stored, without the sizes of their scales. A negative scale is the same as a positive one with −B.
     */
    LowRankFactors mixFactors(TaskArithmetic arithmetic, long seed) {
        RandomGenerator random = random(seed);
        INDArray a = mix(terms.stream().map(Term::a).toList(), weights(CombinedLayer::root), arithmetic, random);
        INDArray b = mix(
                terms.stream()
                        .map(term -> term.b().mul(Math.signum(term.scale)))
                        .toList(),
                weights(term -> Math.signum(term.weight) * root(term)),
                arithmetic,
                random);
        return new LowRankFactors(b, a);
    }

    private static double root(Term term) {
        return Math.sqrt(Math.abs(term.weight * term.scale));
    }

    /** Mixes the updates {@code ΔW [out, in]} with their weights. Forms each of them. */
    INDArray mixDeltas(TaskArithmetic arithmetic, long seed) {
        return mix(terms.stream().map(Term::delta).toList(), weights(Term::weight), arithmetic, random(seed));
    }

    /** Returns {@code Σ w·s·b}, or null if no adapter has a bias of B. */
    @Nullable
    INDArray bias() {
        INDArray sum = null;
        for (Term term : terms) {
            INDArray bias = term.weights.loraBBias();
            if (bias != null) {
                INDArray share = bias.castTo(DataType.DOUBLE).mul(term.weight * term.scale);
                sum = sum == null ? share : sum.addi(share);
            }
        }
        return sum;
    }

    /** Creates a separate generator for the layer, so the result of a layer does not depend on the other layers. */
    private RandomGenerator random(long seed) {
        return new SplittableRandom(LayerSeed.of(seed, path));
    }

    private double[] weights(ToDoubleFunction<Term> weight) {
        return terms.stream().mapToDouble(weight).toArray();
    }

    private static INDArray mix(
            List<INDArray> tasks, double[] weights, TaskArithmetic arithmetic, RandomGenerator random) {
        List<double[]> values =
                tasks.stream().map(task -> task.dup('c').data().asDouble()).toList();
        return Nd4j.createFromArray(arithmetic.mix(values, weights, random))
                .reshape('c', tasks.get(0).shape());
    }
}
