package org.lora4j.example.mnist.cli;

import java.util.Arrays;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import org.lora4j.console.command.OptionCheck;
import org.lora4j.console.command.WorkCommand;
import org.lora4j.example.mnist.report.TextReport;
import org.lora4j.linalg.LowRankFactors;
import org.lora4j.linalg.Svd;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code svd}: the first half of the article, a matrix of low rank as the product of two small matrices. */
@Command(name = "svd", description = "Show with an SVD that a matrix of low rank is the product of two small matrices.")
public final class SvdCommand extends WorkCommand {
    /** The SVD of a matrix of this size takes some seconds. */
    private static final int MAX_SIZE = 2000;

    private static final int SHOWN = 10;

    @Option(names = "--size", paramLabel = "N", description = "W is N x N. Default: ${DEFAULT-VALUE}.")
    private int size = 10;

    @Option(names = "--rank", paramLabel = "R", description = "The rank of W. Default: ${DEFAULT-VALUE}.")
    private int rank = 2;

    @Option(names = "--seed", paramLabel = "N", description = "Seed of W, x and b. Default: ${DEFAULT-VALUE}.")
    private long seed;

    /** Creates the command with its default options. */
    public SvdCommand() {}

    @Override
    protected void checkOptions(OptionCheck check) {
        check.inRange("--size", size, 1, MAX_SIZE);
        check.inRange("--rank", rank, 1, size);
    }

    @Override
    protected void work() {
        SplittableRandom random = new SplittableRandom(seed);
        INDArray w = new LowRankFactors(gaussian(random, size, rank), gaussian(random, rank, size)).product();
        INDArray x = gaussian(random, size, 1);
        INDArray bias = gaussian(random, size, 1);

        TextReport text = new TextReport(out());
        text.line("A matrix of low rank is the product of two small matrices");
        text.section("The matrix and its SVD");
        Svd svd = Svd.thin(w);
        text.fact("W %s, the product of two random factors of rank %d", shape(w), rank);
        text.fact("singular values  %s", numbers(svd.singularValues()));
        text.fact("rank found       %d", svd.rank());

        text.section("Two factors instead: B = U S and A = V', truncated to the rank");
        LowRankFactors factors = svd.factors(svd.rank());
        text.fact("B %s and A %s", shape(factors.b()), shape(factors.a()));
        text.fact("largest difference between W and B A: %.2e", difference(w, factors.product()));

        text.section("The same function");
        INDArray y = w.mmul(x).addi(bias);
        INDArray z = factors.b().mmul(factors.a().mmul(x)).addi(bias);
        text.fact("y  = W x + b      %s", numbers(y));
        text.fact("y' = B (A x) + b  %s", numbers(z));
        text.fact("largest difference between y and y': %.2e", difference(y, z));

        text.section("What it costs");
        cost(text, "here", size, size, svd.rank());
        cost(text, "article", 1000, 5000, 1);
    }

    private static void cost(TextReport text, String where, long d, long k, long r) {
        long whole = d * k;
        long factored = r * (d + k);
        text.fact("%s: d = %,d, k = %,d, r = %,d", where, d, k, r);
        text.fact("  numbers to store, and multiplications for a product with x:");
        text.fact("  W       d k       %,12d", whole);
        text.fact("  B and A r (d + k) %,12d", factored);
        double percent = 100.0 * Math.abs(whole - factored) / whole;
        text.fact("  %.2f %% %s", percent, factored <= whole ? "less" : "more");
    }

    /** Draws a matrix from N(0, 1), row by row. */
    private static INDArray gaussian(SplittableRandom random, int rows, int columns) {
        double[] values = new double[rows * columns];
        Arrays.setAll(values, i -> random.nextGaussian());
        return Nd4j.create(values, new long[] {rows, columns}, 'c');
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
