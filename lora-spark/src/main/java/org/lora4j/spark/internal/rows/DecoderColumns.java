package org.lora4j.spark.internal.rows;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.ml.param.Param;
import org.apache.spark.sql.types.StructType;
import org.lora4j.spark.internal.base.BaseDecoder;
import org.lora4j.spark.param.HasDecoder;

/**
 * The columns of the texts of a decoder.
 *
 * @param form what they have
 * @param names the columns: of a prompt with a completion two, else one
 */
public record DecoderColumns(Form form, List<String> names) {
    /** What a row has. */
    public enum Form {
        MESSAGES,
        PROMPT,
        TEXT
    }

    /**
     * Finds the columns of a table that a stage reads.
     *
     * @param needsCompletion whether a prompt must have a completion
     * @throws IllegalArgumentException if there are none or several, or one has another type
     */
    public static DecoderColumns of(HasDecoder<?> stage, StructType schema, boolean needsCompletion) {
        List<Form> set = new ArrayList<>();
        if (stage.isSet(stage.messagesCol())) {
            set.add(Form.MESSAGES);
        }
        if (stage.isSet(stage.promptCol()) || stage.isSet(stage.completionCol())) {
            set.add(Form.PROMPT);
        }
        if (stage.isSet(stage.textCol())) {
            set.add(Form.TEXT);
        }
        if (set.size() > 1) {
            throw new IllegalArgumentException("the columns must be those of one form: messagesCol, or promptCol and"
                    + " completionCol, or textCol, found several that are set; clear those of the other forms");
        }
        Form form = set.isEmpty() ? found(stage, schema) : set.get(0);
        DecoderColumns columns = new DecoderColumns(form, names(stage, schema, form, needsCompletion));
        columns.check(schema);
        return columns;
    }

    private static Form found(HasDecoder<?> stage, StructType schema) {
        List<String> names = Arrays.asList(schema.fieldNames());
        if (names.contains(stage.getMessagesCol())) {
            return Form.MESSAGES;
        }
        if (names.contains(stage.getPromptCol())) {
            return Form.PROMPT;
        }
        if (names.contains(stage.getTextCol())) {
            return Form.TEXT;
        }
        throw new IllegalArgumentException("the table must have the column '" + stage.getMessagesCol() + "', '"
                + stage.getPromptCol() + "' or '" + stage.getTextCol() + "', found " + names
                + "; set messagesCol, or promptCol and completionCol, or textCol");
    }

    private static List<String> names(HasDecoder<?> stage, StructType schema, Form form, boolean needsCompletion) {
        return switch (form) {
            case MESSAGES -> List.of(stage.getMessagesCol());
            case TEXT -> List.of(stage.getTextCol());
            case PROMPT -> {
                boolean hasCompletion = Arrays.asList(schema.fieldNames()).contains(stage.getCompletionCol());
                yield needsCompletion || hasCompletion
                        ? List.of(stage.getPromptCol(), stage.getCompletionCol())
                        : List.of(stage.getPromptCol());
            }
        };
    }

    private void check(StructType schema) {
        switch (form) {
            case MESSAGES -> TableColumns.requireMessages(schema, "messagesCol", names.get(0));
            case TEXT -> TableColumns.requireText(schema, "textCol", names.get(0));
            case PROMPT -> {
                TableColumns.requireText(schema, "promptCol", names.get(0));
                if (names.size() > 1) {
                    TableColumns.requireText(schema, "completionCol", names.get(1));
                }
            }
        }
    }

    /** Gives another stage the decoder and the columns of this one. Columns that are not set stay so, so that the table decides. */
    public static void copy(HasDecoder<?> from, HasDecoder<?> to) {
        BaseColumns.copyBase(from, to);
        BaseColumns.copy(from, from.messagesCol(), to, to.messagesCol());
        BaseColumns.copy(from, from.promptCol(), to, to.promptCol());
        BaseColumns.copy(from, from.completionCol(), to, to.completionCol());
        BaseColumns.copy(from, from.textCol(), to, to.textCol());
        BaseColumns.copy(from, from.storage(), to, to.storage());
        BaseColumns.copy(from, from.maxTokens(), to, to.maxTokens());
    }

    /** The parameters that name them. */
    public static List<Param<?>> params(HasDecoder<?> stage) {
        return List.of(
                stage.messagesCol(), stage.promptCol(), stage.completionCol(), stage.textCol(), stage.maxTokens());
    }

    /** Reads them. */
    public DecoderReader reader(Broadcast<BaseDecoder> base, StructType schema) {
        return new DecoderReader(
                base, form, schema.fieldIndex(names.get(0)), names.size() > 1 ? schema.fieldIndex(names.get(1)) : -1);
    }
}
