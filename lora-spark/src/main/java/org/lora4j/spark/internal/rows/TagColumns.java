package org.lora4j.spark.internal.rows;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.IntegralType;
import org.apache.spark.sql.types.StringType$;
import org.apache.spark.sql.types.StructType;
import org.jspecify.annotations.Nullable;
import org.lora4j.spark.internal.base.InvalidRowException;
import org.lora4j.text.data.TaggedColumns;
import org.lora4j.text.data.TaggedText;
import org.lora4j.text.data.TextFormatException;
import org.lora4j.text.data.TextRow;
import scala.collection.Seq;
import scala.jdk.javaapi.CollectionConverters;

/**
 * The two columns of a table in which texts have labels of their parts: words with a tag each, or texts with spans.
 *
 * @param hasWords whether they are words with tags
 * @param first the column of the words or of the texts
 * @param second the column of the tags or of the spans
 */
public record TagColumns(boolean hasWords, String first, String second) implements Serializable {
    /**
     * Checks that a table has the columns.
     *
     * @throws IllegalArgumentException if one is missing or has another type
     */
    public void require(StructType schema) {
        if (hasWords) {
            requireStrings(schema, "tokensCol", first);
            requireStrings(schema, "tagsCol", second);
        } else {
            TableColumns.requireText(schema, "textCol", first);
            requireSpans(schema, second);
        }
    }

    private static void requireStrings(StructType schema, String param, String column) {
        DataType type = TableColumns.require(schema, param, column);
        if (!(type instanceof ArrayType array && array.elementType() instanceof StringType$)) {
            throw new IllegalArgumentException(
                    param + ": the column '" + column + "' must be an array<string>, found " + type.catalogString());
        }
    }

    private static void requireSpans(StructType schema, String column) {
        DataType type = TableColumns.require(schema, "labelCol", column);
        boolean fits = type instanceof ArrayType array
                && array.elementType() instanceof StructType span
                && Arrays.asList(span.fieldNames()).containsAll(List.of("start", "end", "label"))
                && span.apply("start").dataType() instanceof IntegralType
                && span.apply("end").dataType() instanceof IntegralType
                && span.apply("label").dataType() instanceof StringType$;
        if (!fits) {
            throw new IllegalArgumentException("labelCol: the column '" + column
                    + "' must be an array<struct<start:int,end:int,label:string>>, found " + type.catalogString());
        }
    }

    /**
     * Reads a row, in the form of a file with such rows.
     *
     * @param at the index of the first column; the second one is behind it
     * @throws InvalidRowException if the row is wrong
     */
    TaggedText read(Row row, int at) {
        Map<String, @Nullable Object> values = new LinkedHashMap<>();
        values.put(first, value(row, at, hasWords ? "tokensCol: the words" : "textCol: the texts"));
        values.put(second, value(row, at + 1, hasWords ? "tagsCol: the tags" : "labelCol: the spans"));
        TaggedColumns columns = hasWords
                ? new TaggedColumns(first, second, "", List.of(), TaggedColumns.Offsets.CODE_POINTS)
                : new TaggedColumns("", "", first, List.of(second), TaggedColumns.Offsets.CODE_POINTS);
        try {
            return columns.read(TextRow.of(values));
        } catch (TextFormatException e) {
            throw new InvalidRowException("a row cannot be learned: " + e.reason(), e);
        }
    }

    private static @Nullable Object value(Row row, int at, String what) {
        TableColumns.requireValue(row, at, what);
        return plain(row.get(at));
    }

    private static @Nullable Object plain(@Nullable Object value) {
        if (value instanceof Row span) {
            Map<String, @Nullable Object> fields = new LinkedHashMap<>();
            for (String name : List.of("start", "end", "label", "text")) {
                if (Arrays.asList(span.schema().fieldNames()).contains(name) && span.getAs(name) != null) {
                    fields.put(name, span.getAs(name));
                }
            }
            return fields;
        }
        if (value instanceof Seq<?> list) {
            List<@Nullable Object> all = new ArrayList<>();
            CollectionConverters.asJava(list).forEach(element -> all.add(plain(element)));
            return all;
        }
        return value;
    }
}
