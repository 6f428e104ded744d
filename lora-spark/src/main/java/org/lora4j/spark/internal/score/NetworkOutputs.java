package org.lora4j.spark.internal.score;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import org.apache.spark.ml.linalg.Vectors;
import org.apache.spark.sql.Row;
import org.lora4j.spark.internal.base.BaseNetwork;
import org.lora4j.spark.internal.base.RowTexts;
import org.lora4j.spark.internal.rows.InputColumns;
import org.lora4j.spark.internal.rows.InputReader;
import org.lora4j.spark.internal.rows.Inputs;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The outputs of a network or an encoder, and predictions.
 *
 * @param input where the input is
 * @param hasPrediction whether there is a column for the prediction, behind the output
 * @param outputsVectors whether an output is a vector, or else an array
 */
public record NetworkOutputs(InputColumns input, boolean hasPrediction, boolean outputsVectors)
        implements RowOutputs<BaseNetwork, Inputs> {
    @Override
    public int width() {
        return hasPrediction ? 2 : 1;
    }

    @Override
    public Inputs read(ScoringTask.Scorer<BaseNetwork> scorer, Row row, String adapter) {
        return new InputReader(scorer.base(), input).read(row, () -> texts(scorer, adapter));
    }

    private static RowTexts texts(ScoringTask.Scorer<BaseNetwork> scorer, String adapter) {
        String name = scorer.name(adapter);
        RowTexts known = scorer.base().value().texts(name);
        if (known == null) {
            // It is so long ago that it was loaded that only its numbers are still here.
            scorer.reload(name);
            known = Objects.requireNonNull(scorer.base().value().texts(name));
        }
        return known;
    }

    @Override
    public List<Object[]> compute(ScoringTask.Scorer<BaseNetwork> scorer, List<Usable<Inputs>> rows) {
        Object[][] columns = new Object[rows.size()][];
        for (List<Integer> some : RowRuns.of(rows, input -> input.tokens(0, input.count()))) {
            List<INDArray> computed =
                    together(scorer, some.stream().map(rows::get).toList());
            for (int i = 0; i < computed.size(); i++) {
                String adapter = rows.get(some.get(i)).adapter();
                columns[some.get(i)] = columns(scorer, adapter, computed.get(i));
            }
        }
        return new ArrayList<>(List.of(columns));
    }

    /** The outputs of each row, {@code [1, out]}. Adapters can have different numbers of outputs. */
    private static List<INDArray> together(ScoringTask.Scorer<BaseNetwork> scorer, List<Usable<Inputs>> rows) {
        Inputs all = Inputs.concat(rows.stream().map(Usable::input).toList());
        if (scorer.cache() != null) {
            return all.predict(
                    scorer.model(), rows.stream().map(Usable::adapter).toList());
        }
        INDArray y = all.predict(scorer.of(rows.get(0).adapter()));
        return IntStream.range(0, rows.size()).mapToObj(i -> y.getRow(i, true)).toList();
    }

    private static double[] outputs(ScoringTask.Scorer<BaseNetwork> scorer, String adapter, INDArray y) {
        return scorer.base().value().isEncoder()
                ? texts(scorer, adapter).outputs(y)
                : y.castTo(DataType.DOUBLE).toDoubleVector();
    }

    private Object[] columns(ScoringTask.Scorer<BaseNetwork> scorer, String adapter, INDArray y) {
        double[] values = outputs(scorer, adapter, y);
        if (!hasPrediction) {
            return new Object[] {output(values)};
        }
        boolean isOne =
                !scorer.base().value().isEncoder() || !texts(scorer, adapter).hasSeveralLabels();
        return new Object[] {output(values), isOne ? prediction(values) : null};
    }

    private Object output(double[] values) {
        if (outputsVectors) {
            return Vectors.dense(values);
        }
        float[] floats = new float[values.length];
        for (int i = 0; i < floats.length; i++) {
            floats[i] = (float) values[i];
        }
        return floats;
    }

    /** The number of the class with the greatest output, or the output if there is one. */
    private static double prediction(double[] values) {
        if (values.length == 1) {
            return values[0];
        }
        int greatest = 0;
        for (int i = 1; i < values.length; i++) {
            greatest = values[i] > values[greatest] ? i : greatest;
        }
        return greatest;
    }
}
