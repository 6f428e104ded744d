package org.lora4j.spark.internal.rows;

import java.util.Arrays;
import java.util.List;
import org.apache.spark.ml.linalg.SQLDataTypes;
import org.apache.spark.ml.linalg.Vector;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.IntegralType;
import org.apache.spark.sql.types.NumericType;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;
import org.lora4j.spark.internal.base.InvalidRowException;

/** Checks and reads the columns of a table. */
public final class TableColumns {
    private static final String NUMBERS = "a vector, an array<float> or an array<double>";
    private static final String TOKENS = "an array<int> or an array<bigint>";

    private TableColumns() {}

    /** Returns the column of a name, whatever characters it has. */
    public static Column column(String name) {
        return functions.col("`" + name.replace("`", "``") + "`");
    }

    /** Returns the type of a column, which must exist. */
    public static DataType require(StructType schema, String param, String column) {
        for (StructField field : schema.fields()) {
            if (field.name().equals(column)) {
                return field.dataType();
            }
        }
        throw new IllegalArgumentException(param + ": the table must have the column '" + column + "', found "
                + Arrays.toString(schema.fieldNames()));
    }

    /** Checks that a column has several numbers in each row. */
    static void requireNumbers(StructType schema, String param, String column) {
        DataType type = require(schema, param, column);
        if (!isNumbers(type)) {
            throw new IllegalArgumentException(
                    param + ": the column '" + column + "' must be " + NUMBERS + ", found " + type.catalogString());
        }
    }

    /** Checks that a column has a whole number for each token. */
    static void requireTokens(StructType schema, String param, String column) {
        DataType type = require(schema, param, column);
        if (!(type instanceof ArrayType array && array.elementType() instanceof IntegralType)) {
            throw new IllegalArgumentException(
                    param + ": the column '" + column + "' must be " + TOKENS + ", found " + type.catalogString());
        }
    }

    /** Checks that a column can be the input of a base that is not read yet. */
    static void requireInput(StructType schema, String param, String column) {
        DataType type = require(schema, param, column);
        if (!isNumbers(type) && !type.equals(DataTypes.StringType)) {
            throw new IllegalArgumentException(param + ": the column '" + column + "' must be " + NUMBERS
                    + ", or for an encoder " + TOKENS + " or a string, found " + type.catalogString());
        }
    }

    /** Whether a column has texts. */
    static boolean isText(StructType schema, String column) {
        return schema.apply(column).dataType().equals(DataTypes.StringType);
    }

    /** Checks that a column is a label: one or several numbers in each row. */
    static void requireLabel(StructType schema, String param, String column) {
        DataType type = require(schema, param, column);
        if (!(type instanceof NumericType) && !isNumbers(type)) {
            throw new IllegalArgumentException(param + ": the column '" + column + "' must be a number, " + NUMBERS
                    + ", found " + type.catalogString());
        }
    }

    /** Checks that a column has one number in each row. */
    static void requireNumber(StructType schema, String param, String column) {
        DataType type = require(schema, param, column);
        if (!(type instanceof NumericType)) {
            throw new IllegalArgumentException(
                    param + ": the column '" + column + "' must be a number, found " + type.catalogString());
        }
    }

    /** Checks that a column is true or false. */
    static void requireBoolean(StructType schema, String param, String column) {
        DataType type = require(schema, param, column);
        if (!type.equals(DataTypes.BooleanType)) {
            throw new IllegalArgumentException(
                    param + ": the column '" + column + "' must be a boolean, found " + type.catalogString());
        }
    }

    /** Checks that a column has texts. */
    public static void requireText(StructType schema, String param, String column) {
        DataType type = require(schema, param, column);
        if (!type.equals(DataTypes.StringType)) {
            throw new IllegalArgumentException(
                    param + ": the column '" + column + "' must be a string, found " + type.catalogString());
        }
    }

    /** Checks that a column has conversations. */
    static void requireMessages(StructType schema, String param, String column) {
        DataType type = require(schema, param, column);
        boolean fits = type instanceof ArrayType array
                && array.elementType() instanceof StructType message
                && isString(message, "role")
                && isString(message, "content");
        if (!fits) {
            throw new IllegalArgumentException(param + ": the column '" + column
                    + "' must be an array<struct<role:string,content:string>>, found " + type.catalogString());
        }
    }

    private static boolean isString(StructType struct, String field) {
        return Arrays.asList(struct.fieldNames()).contains(field) && isText(struct, field);
    }

    /** The type of outputs. */
    public static DataType outputs(boolean vectors) {
        return vectors ? SQLDataTypes.VectorType() : DataTypes.createArrayType(DataTypes.FloatType, false);
    }

    /** Checks that a column can be added. */
    public static void requireNew(StructType schema, String param, String column) {
        if (Arrays.asList(schema.fieldNames()).contains(column)) {
            throw new IllegalArgumentException(
                    param + ": the table must not have the column '" + column + "' yet; drop it, or set another name");
        }
    }

    private static boolean isNumbers(DataType type) {
        return type.equals(SQLDataTypes.VectorType())
                || (type instanceof ArrayType array && array.elementType() instanceof NumericType);
    }

    /**
     * Reads numbers.
     *
     * @param row the row
     * @param index the column: a vector, an array of numbers, or one number
     * @param what what they are, for messages
     */
    static double[] numbers(Row row, int index, String what) {
        requireValue(row, index, what);
        Object value = row.get(index);
        if (value instanceof Number number) {
            return new double[] {number.doubleValue()};
        }
        if (value instanceof Vector vector) {
            return vector.toArray();
        }
        List<?> list = row.getList(index);
        double[] numbers = new double[list.size()];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = number(list, i, what).doubleValue();
        }
        return numbers;
    }

    /**
     * Reads whole numbers.
     *
     * @param row the row
     * @param index the column: an array of whole numbers
     * @param what what they are, for messages
     */
    static int[] integers(Row row, int index, String what) {
        requireValue(row, index, what);
        List<?> list = row.getList(index);
        int[] ints = new int[list.size()];
        for (int i = 0; i < ints.length; i++) {
            long value = number(list, i, what).longValue();
            if (value != (int) value) {
                throw new InvalidRowException(what + " must be whole numbers of 32 bits, found " + value);
            }
            ints[i] = (int) value;
        }
        return ints;
    }

    /** Checks that a row has a value. */
    public static void requireValue(Row row, int index, String what) {
        if (row.isNullAt(index)) {
            throw new InvalidRowException(what + " must not be null, found null in a row");
        }
    }

    private static Number number(List<?> list, int i, String what) {
        if (!(list.get(i) instanceof Number number)) {
            throw new InvalidRowException(what + " must have no null element, found one at index " + i);
        }
        return number;
    }

    /** Checks that numbers are neither infinite nor NaN, also when they are rounded to the type of the network. */
    static double[] requireFinite(double[] numbers, org.nd4j.linalg.api.buffer.DataType type, String what) {
        boolean isDouble = type == org.nd4j.linalg.api.buffer.DataType.DOUBLE;
        for (int i = 0; i < numbers.length; i++) {
            if (!Double.isFinite(isDouble ? numbers[i] : (float) numbers[i])) {
                throw new InvalidRowException(what + " must have finite numbers of type " + type + ", found "
                        + numbers[i] + " at index " + i);
            }
        }
        return numbers;
    }

    /** Checks the number of features of a row. */
    static double[] requireWidth(double[] numbers, long width, String what) {
        if (numbers.length != width) {
            throw new InvalidRowException(
                    what + " must have " + width + " numbers, as the network has, found " + numbers.length);
        }
        return numbers;
    }
}
