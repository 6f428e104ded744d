package org.lora4j.example.mnist;

import org.lora4j.internal.RandomArrays;
import org.lora4j.linalg.LowRankFactors;
import org.lora4j.linalg.Svd;
import java.util.Arrays;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code svd}: the article's first half, a matrix of low rank as a product of two small ones. */
@Command(name = "svd", description = "Show by SVD that a matrix of low rank is a product of two small ones.")
final class SvdCommand extends WorkCommand {
    /** A square decomposition of this size takes some seconds. */
    private static final int MAX_SIZE = 2000;

    private static final int SHOWN = 10;

    @Option(names = "--size", paramLabel = "N", description = "W is N x N. Default: ${DEFAULT-VALUE}.")
    private int size = 10;

    @Option(names = "--rank", paramLabel = "R", description = "The rank of W. Default: ${DEFAULT-VALUE}.")
    private int rank = 2;

    @Option(names = "--seed", paramLabel = "N", description = "Seed of W, x and b. Default: ${DEFAULT-VALUE}.")
    private long seed;

    @Override
    void checkOptions(OptionCheck check) {
        check.inRange("--size", size, 1, MAX_SIZE);
        check.inRange("--rank", rank, 1, size);
    }

    @Override
    void work() {
        SplittableRandom random = new SplittableRandom(seed);
        INDArray w = new LowRankFactors(gaussian(random, size, rank), gaussian(random, rank, size)).product();
        INDArray x = gaussian(random, size, 1);
        INDArray bias = gaussian(random, size, 1);

        Story story = new Story(out());
        story.line("A matrix of low rank is a product of two small ones");
        story.section("The matrix and its SVD");
        Svd svd = Svd.thin(w);
        story.fact("W %s, the product of two random factors of rank %d", shape(w), rank);
        story.fact("singular values  %s", numbers(svd.singularValues()));
        story.fact("rank found       %d", svd.rank());

        story.section("Two factors instead: B = U S and A = V', cut at the rank");
        LowRankFactors factors = svd.factors(svd.rank());
        story.fact("B %s and A %s", shape(factors.b()), shape(factors.a()));
        story.fact("largest difference between W and B A: %.2e", difference(w, factors.product()));

        story.section("The same function");
        INDArray y = w.mmul(x).addi(bias);
        INDArray z = factors.b().mmul(factors.a().mmul(x)).addi(bias);
        story.fact("y  = W x + b      %s", numbers(y));
        story.fact("y' = B (A x) + b  %s", numbers(z));
        story.fact("largest difference between y and y': %.2e", difference(y, z));

        story.section("What it costs");
        cost(story, "here", size, size, svd.rank());
        cost(story, "article", 1000, 5000, 1);
    }

    private static void cost(Story story, String where, long d, long k, long r) {
        long whole = d * k;
        long factored = r * (d + k);
        story.fact("%s: d = %,d, k = %,d, r = %,d", where, d, k, r);
        story.fact("  numbers to store, and multiplications for a product with x:");
        story.fact("  W       d k       %,12d", whole);
        story.fact("  B and A r (d + k) %,12d", factored);
        double percent = 100.0 * Math.abs(whole - factored) / whole;
        story.fact("  that is %.2f %% %s", percent, factored <= whole ? "less" : "more");
    }

    private static INDArray gaussian(SplittableRandom random, long... shape) {
        return RandomArrays.gaussian(random, 1, DataType.DOUBLE, shape);
    }

    private static double difference(INDArray a, INDArray b) {
        return a.sub(b).amaxNumber().doubleValue();
    }

    private static String shape(INDArray array) {
        return Arrays.toString(array.shape());
    }

    private static String numbers(INDArray array) {
        double[] values = array.ravel().toDoubleVector();
        String shown = Arrays.stream(values)
                .limit(SHOWN)
                .mapToObj(value -> String.format(Locale.ROOT, Math.abs(value) < 1e-3 ? "%9.1e" : "%9.4f", value))
                .collect(Collectors.joining(" "));
        return values.length > SHOWN ? shown + " ..." : shown;
    }
}
