package org.lora4j.text.task;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Arrays;
import java.util.Locale;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.lora4j.nn.layer.Normalize;
import org.lora4j.text.internal.Json;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * How near two embeddings a and b are: {@code similarity_fn_name} of sentence-transformers. A greater number is nearer.
 */
public enum Similarity {
    /** The cosine, {@code a·b/(‖a‖·‖b‖)}, where a norm below 1e-12 counts as 1e-12. */
    COSINE {
        @Override
        double of(double[] a, double[] b) {
            return dot(a, b) / (norm(a) * norm(b));
        }

        @Override
        INDArray scores(INDArray a, INDArray b) {
            return a.mmul(b.transpose()).diviColumnVector(norms(a)).diviRowVector(norms(b).transpose());
        }
    },
    /** The dot product, {@code a·b}. */
    DOT {
        @Override
        double of(double[] a, double[] b) {
            return dot(a, b);
        }

        @Override
        INDArray scores(INDArray a, INDArray b) {
            return a.mmul(b.transpose());
        }
    },
    /** The negative Euclidean distance, {@code −√Σ(aᵢ − bᵢ)²}. */
    EUCLIDEAN {
        @Override
        double of(double[] a, double[] b) {
            double sum = 0;
            for (int i = 0; i < a.length; i++) {
                sum += (a[i] - b[i]) * (a[i] - b[i]);
            }
            return -Math.sqrt(sum);
        }
    },
    /** The negative Manhattan distance, {@code −Σ|aᵢ − bᵢ|}. */
    MANHATTAN {
        @Override
        double of(double[] a, double[] b) {
            double sum = 0;
            for (int i = 0; i < a.length; i++) {
                sum += Math.abs(a[i] - b[i]);
            }
            return -sum;
        }
    };

    private static final String FILE = "config_sentence_transformers.json";
    private static final String FIELD = "similarity_fn_name";

    /**
     * Reads what a folder says.
     *
     * @param json the content of {@code config_sentence_transformers.json}; null if there is no such file
     * @return the similarity; the cosine if the file names none
     * @throws IllegalArgumentException if it is not a JSON object, or names another similarity
     */
    public static Similarity parse(@Nullable String json) {
        JsonNode name = json == null ? null : Json.object(FILE, json).get(FIELD);
        if (name == null || name.isNull()) {
            return COSINE;
        }
        return Arrays.stream(values())
                .filter(known -> known.toString().equals(name.asText()))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(FILE + ": " + FIELD + " must be one of "
                        + Arrays.toString(values()) + ", found " + Json.describe(name)));
    }

    /**
     * Compares each embedding with each other one.
     *
     * @param some embeddings {@code [n, dim]}
     * @param others embeddings {@code [m, dim]}
     * @return the similarity of the i-th and the j-th at {@code [i][j]}
     * @throws IllegalArgumentException if the embeddings have different lengths
     */
    public double[][] all(INDArray some, INDArray others) {
        requireSameLengths(some, others);
        return scores(some.castTo(DataType.DOUBLE), others.castTo(DataType.DOUBLE))
                .toDoubleMatrix();
    }

    /**
     * Compares each embedding with the one in its place.
     *
     * @param some embeddings {@code [n, dim]}
     * @param others embeddings {@code [n, dim]}
     * @return the similarity of the i-th of both
     * @throws IllegalArgumentException if the embeddings have different lengths, or there are more of one than of the other
     */
    public double[] pairs(INDArray some, INDArray others) {
        requireSameLengths(some, others);
        if (some.size(0) != others.size(0)) {
            throw new IllegalArgumentException("similarity: there must be as many embeddings as others, found "
                    + some.size(0) + " and " + others.size(0));
        }
        double[][] a = some.toDoubleMatrix();
        double[][] b = others.toDoubleMatrix();
        double[] scores = new double[a.length];
        Arrays.setAll(scores, i -> of(a[i], b[i]));
        return scores;
    }

    private static void requireSameLengths(INDArray some, INDArray others) {
        Objects.requireNonNull(some, "some must not be null");
        Objects.requireNonNull(others, "others must not be null");
        if (some.rank() != 2 || others.rank() != 2 || some.size(1) != others.size(1)) {
            throw new IllegalArgumentException(
                    "similarity: the embeddings must be matrices of rows of one length, found "
                            + Arrays.toString(some.shape()) + " and " + Arrays.toString(others.shape()));
        }
    }

    /** Compares two embeddings. */
    abstract double of(double[] a, double[] b);

    /** Compares each row with each other one, in double precision. */
    INDArray scores(INDArray a, INDArray b) {
        double[][] rows = a.toDoubleMatrix();
        double[][] others = b.toDoubleMatrix();
        double[][] scores = new double[rows.length][others.length];
        for (int i = 0; i < rows.length; i++) {
            double[] row = rows[i];
            Arrays.setAll(scores[i], j -> of(row, others[j]));
        }
        return Nd4j.createFromArray(scores);
    }

    private static double dot(double[] a, double[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += a[i] * b[i];
        }
        return sum;
    }

    private static double norm(double[] a) {
        return Math.max(Math.sqrt(dot(a, a)), Normalize.SMALLEST_NORM);
    }

    private static INDArray norms(INDArray rows) {
        INDArray norms = Nd4j.create(DataType.DOUBLE, rows.size(0), 1);
        double[][] all = rows.toDoubleMatrix();
        for (int i = 0; i < all.length; i++) {
            norms.putScalar(i, norm(all[i]));
        }
        return norms;
    }

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
