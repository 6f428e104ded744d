package org.lora4j.onednn;

import java.util.SplittableRandom;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** Random matrices, and the places in memory that they can have. */
final class Matrices {
    private Matrices() {}

    static INDArray random(long seed, long rows, long columns) {
        SplittableRandom random = new SplittableRandom(seed);
        float[] values = new float[(int) (rows * columns)];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (random.nextDouble() * 2 - 1);
        }
        return Nd4j.create(values, new long[] {rows, columns}, 'c');
    }

    /** Where a matrix is. */
    enum Place {
        ROWS {
            @Override
            INDArray create(long rows, long columns) {
                return Nd4j.createUninitialized(DataType.FLOAT, new long[] {rows, columns}, 'c');
            }
        },
        COLUMNS {
            @Override
            INDArray create(long rows, long columns) {
                return Nd4j.createUninitialized(DataType.FLOAT, new long[] {rows, columns}, 'f');
            }
        },
        SOME_ROWS_IN_ROWS {
            @Override
            INDArray create(long rows, long columns) {
                return surrounded('c', rows + 5, columns).get(NDArrayIndex.interval(2, rows + 2), NDArrayIndex.all());
            }
        },
        SOME_ROWS_IN_COLUMNS {
            @Override
            INDArray create(long rows, long columns) {
                return surrounded('f', rows + 5, columns).get(NDArrayIndex.interval(3, rows + 3), NDArrayIndex.all());
            }
        },
        SOME_COLUMNS_IN_ROWS {
            @Override
            INDArray create(long rows, long columns) {
                return surrounded('c', rows, columns + 3)
                        .get(NDArrayIndex.all(), NDArrayIndex.interval(1, columns + 1));
            }
        },
        EVERY_SECOND_COLUMN {
            @Override
            INDArray create(long rows, long columns) {
                INDArray whole = surrounded('c', rows, 2 * columns + 1);
                return Nd4j.create(whole.data(), new long[] {rows, columns}, new long[] {2 * columns + 1, 2}, 1, 'c');
            }
        };

        abstract INDArray create(long rows, long columns);

        INDArray of(INDArray values) {
            INDArray matrix = create(values.size(0), values.size(1));
            matrix.assign(values);
            return matrix;
        }
    }

    private static INDArray surrounded(char order, long rows, long columns) {
        return Nd4j.createUninitialized(DataType.FLOAT, new long[] {rows, columns}, order)
                .assign(7);
    }
}
