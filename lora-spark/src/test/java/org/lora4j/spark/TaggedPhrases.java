package org.lora4j.spark;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.SplittableRandom;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.lora4j.text.data.TaggedText;
import org.lora4j.text.tokens.TagScheme;

/** Texts for the encoder of {@link Phrases} whose words have tags, some of them longer than its positions. */
final class TaggedPhrases {
    private static final String CITY = "CITY";

    private final List<TaggedText> texts = new ArrayList<>();

    TaggedPhrases(int rows) {
        SplittableRandom random = new SplittableRandom(5);
        for (int i = 0; i < rows; i++) {
            List<String> words = new ArrayList<>();
            List<String> tags = new ArrayList<>();
            int length = 1 + random.nextInt(i % 4 == 0 ? 40 : 12);
            for (int w = 0; w < length; w++) {
                int word = 5 + random.nextInt(55);
                words.add("w" + word);
                tags.add(
                        word % 5 == 0
                                ? "B-NAME"
                                : word % 7 != 0 ? "O" : w > 0 && tags.get(w - 1).endsWith(CITY) ? "I-CITY" : "B-CITY");
            }
            texts.add(TaggedText.ofTags(words, tags, TagScheme.IOB2));
        }
    }

    List<TaggedText> texts() {
        return texts;
    }

    /** The rows in another order than that of their ids: words with tags, and texts with spans. */
    Dataset<Row> table(SparkSession session, int partitions) {
        List<Row> rows = new ArrayList<>();
        for (int i = 0; i < texts.size(); i++) {
            TaggedText text = texts.get(i);
            Row[] spans = text.spans().stream()
                    .map(span -> RowFactory.create(span.start(), span.end(), span.label()))
                    .toArray(Row[]::new);
            rows.add(RowFactory.create(
                    (long) i,
                    text.words().words().stream()
                            .map(word -> text.words().text().substring(word.start(), word.end()))
                            .toArray(String[]::new),
                    TagScheme.IOB2
                            .tags(text.words().words().size(), text.tagged())
                            .toArray(String[]::new),
                    text.words().text(),
                    spans));
        }
        Collections.shuffle(rows, new Random(1));
        StructType span = new StructType()
                .add("start", DataTypes.IntegerType)
                .add("end", DataTypes.IntegerType)
                .add("label", DataTypes.StringType);
        StructType schema = new StructType()
                .add("id", DataTypes.LongType, false)
                .add("tokens", DataTypes.createArrayType(DataTypes.StringType))
                .add("tags", DataTypes.createArrayType(DataTypes.StringType))
                .add("text", DataTypes.StringType)
                .add("label", DataTypes.createArrayType(span));
        return session.createDataset(rows, Encoders.row(schema)).repartition(partitions);
    }
}
